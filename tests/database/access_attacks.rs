//! Breaks with plain SQL what the network relies on: tokens, keys of requests, and what is public.

use crate::books::{Books, By, copy};

const OF_TOKEN: &str = "ledger_id = $ledger AND id = $token";
const TIMES: [&str; 4] = ["infinity", "-infinity", "0044-03-15 BC", "10000-01-01"];

fn set_token(values: &str) -> String {
    format!("UPDATE access_tokens SET {values} WHERE {OF_TOKEN}")
}

#[tokio::test]
async fn a_token_never_changes_and_stays_revoked() {
    let (books, rule) = (Books::new().await, "access_token_stays_revoked");
    let others = books.other_values("access_tokens", &["revoked_at"]).await;
    assert_eq!(others.len(), 7);
    for revoked in [false, true] {
        if revoked {
            assert_eq!(books.allow(&set_token("revoked_at = now()")).await, 1);
        }
        for (column, other) in &others {
            let sql = set_token(&format!("{column} = {other}"));
            books.refuse_even_the_owner(&sql, rule).await;
            let sql = set_token(&format!("{column} = {other}, revoked_at = now()"));
            books.refuse_even_the_owner(&sql, rule).await;
        }
    }
    for time in ["NULL", "revoked_at + interval '1 microsecond'", "'2020-01-01'"] {
        books.refuse_both(&set_token(&format!("revoked_at = {time}")), rule).await;
    }
    // To say so again is no change.
    assert_eq!(books.allow(&set_token("revoked_at = revoked_at")).await, 1);
    let upsert = |set: &str| {
        let again = copy("access_tokens", "old.id = $token", "{}");
        format!("{again} ON CONFLICT (ledger_id, id) DO UPDATE SET {set}")
    };
    books.refuse_both(&upsert("revoked_at = NULL"), rule).await;
    books.refuse_even_the_owner(&upsert("scope = 'admin'"), rule).await;
}

#[tokio::test]
async fn a_token_is_one_that_the_program_can_read() {
    let books = Books::new().await;
    let token = |changes: &str| {
        let id = r#""id": "00000000-0000-0000-0000-0000000000bb""#;
        copy("access_tokens", "old.id = $token", &format!("{{{id}, {changes}}}"))
    };
    for scope in ["", "Read", "admin ", "read,admin", "everything"] {
        let changes = format!(r#""scope": "{scope}""#);
        books.refuse_both(&token(&changes), "access_tokens_scope_known").await;
    }
    let readable = "access_tokens_readable";
    for name in ["", " padded", "padded ", r"a\nb", r"a\tb", r"\u007f", r"a\u0085", &"é".repeat(65)]
    {
        books.refuse_both(&token(&format!(r#""name": "{name}""#)), readable).await;
    }
    for hash in ["", "abc", &"0".repeat(63), &"0".repeat(65), &"A".repeat(64), &"g".repeat(64)] {
        books.refuse_both(&token(&format!(r#""secret_hash": "{hash}""#)), readable).await;
    }
    for column in ["created_at", "expires_at", "revoked_at"] {
        for time in TIMES {
            books.refuse_both(&token(&format!(r#""{column}": "{time}""#)), readable).await;
        }
    }
    let never = set_token("revoked_at = 'infinity'");
    books.refuse_both(&never, readable).await;
    for column in ["id", "name", "scope", "secret_hash", "created_at"] {
        let sql = copy("access_tokens", "old.id = $token", &format!(r#"{{"{column}": null}}"#));
        books.refuse_both_by(&sql, By::NotNull(column)).await;
    }
    let again = copy("access_tokens", "old.id = $token", r#"{"scope": "admin"}"#);
    books.refuse_both(&again, "access_tokens_pkey").await;
    let longest = format!(r#""name": "{}", "expires_at": "9999-12-31T23:59:59Z""#, "é".repeat(64));
    assert_eq!(books.allow(&token(&longest)).await, 1);
}

#[tokio::test]
async fn a_key_of_a_request_is_one_that_the_program_can_read_and_is_there_once() {
    let books = Books::new().await;
    let key =
        |changes: &str| copy("idempotency_keys", "old.key = 'key'", &format!("{{{changes}}}"));
    let readable = "idempotency_keys_readable";
    for other in ["", "a b", " a", r"a\nb", r"\u007f", "é", &"k".repeat(256)] {
        books.refuse_both(&key(&format!(r#""key": "{other}""#)), readable).await;
    }
    for hash in ["", "abc", &"0".repeat(65), &"F".repeat(64)] {
        let changes = format!(r#""key": "other", "request_hash": "{hash}""#);
        books.refuse_both(&key(&changes), readable).await;
    }
    for time in TIMES {
        let changes = format!(r#""key": "other", "created_at": "{time}""#);
        books.refuse_both(&key(&changes), readable).await;
    }
    for column in ["key", "request_hash", "answer", "created_at"] {
        let sql = key(&format!(r#""{column}": null"#));
        books.refuse_both_by(&sql, By::NotNull(column)).await;
    }
    books.refuse_both(&key(r#""answer": "another""#), "idempotency_keys_pkey").await;
    let longest = format!(r#""key": "{}", "answer": """#, "~".repeat(255));
    assert_eq!(books.allow(&key(&longest)).await, 1);
}

#[tokio::test]
async fn the_service_role_changes_and_takes_away_only_what_it_must() {
    let books = Books::new().await;
    let of_key = "ledger_id = $ledger AND key = 'key'";
    let mut statements = vec![
        format!("DELETE FROM access_tokens WHERE {OF_TOKEN}"),
        "DELETE FROM access_tokens WHERE false".to_owned(),
        "TRUNCATE access_tokens".to_owned(),
        "TRUNCATE idempotency_keys".to_owned(),
        "DELETE FROM ledgers WHERE ledger_id = $ledger".to_owned(),
        "DELETE FROM users WHERE ledger_id = $ledger".to_owned(),
        format!("SELECT FROM idempotency_keys WHERE {of_key} FOR SHARE"),
        "ALTER TABLE access_tokens DISABLE TRIGGER ALL".to_owned(),
        "ALTER TABLE ledgers ALTER visibility SET DEFAULT 'public'".to_owned(),
    ];
    for (table, but) in
        [("idempotency_keys", ""), ("ledgers", "visibility"), ("users", "display_name")]
    {
        for (column, other) in books.other_values(table, &[but]).await {
            let sql = format!("UPDATE {table} SET {column} = {other} WHERE ledger_id = $ledger");
            statements.push(sql);
        }
    }
    assert_eq!(statements.len(), 9 + 5 + 3 + 3);
    for sql in &statements {
        books.refuse_service(sql, By::Grant).await;
    }
    for sql in [
        format!("DELETE FROM idempotency_keys WHERE {of_key}"),
        "UPDATE ledgers SET visibility = 'public' WHERE ledger_id = $ledger".to_owned(),
        "UPDATE users SET display_name = 'Alice' WHERE ledger_id = $ledger AND user_id = 'alice'"
            .to_owned(),
    ] {
        assert_eq!(books.allow(&sql).await, 1, "{sql}");
    }
}

#[tokio::test]
async fn what_everybody_sees_holds_no_address_and_nothing_hidden() {
    let books = Books::new().await;
    for word in ["''", "'Public'", "'public '", "'everybody'"] {
        let sql = format!("UPDATE ledgers SET visibility = {word} WHERE ledger_id = $ledger");
        books.refuse_both(&sql, "ledgers_visibility_known").await;
    }
    let sql = "UPDATE ledgers SET visibility = NULL WHERE ledger_id = $ledger";
    books.refuse_both_by(sql, By::NotNull("visibility")).await;
    let name = |text: &str| {
        format!(
            "UPDATE users SET display_name = {text} WHERE ledger_id = $ledger AND user_id = 'bob'"
        )
    };
    let new = |text: &str| {
        format!(
            "INSERT INTO users (ledger_id, user_id, display_name) VALUES ($ledger, 'n', {text})"
        )
    };
    for text in [
        "''",
        "' '",
        "' Bob'",
        "'Bob '",
        "'bob@example.org'",
        "'@'",
        "E'B\\nob'",
        "E'Bob\\n'",
        "E'B\\u009fob'",
        "repeat('é', 65)",
    ] {
        books.refuse_both(&name(text), "users_display_name_public").await;
        books.refuse_both(&new(text), "users_display_name_public").await;
    }
    for text in ["repeat('é', 64)", "'Bob B. (she) 🦀'", "NULL"] {
        assert_eq!(books.allow(&name(text)).await, 1, "{text}");
    }
}
