//! Values that the program never writes and could not read back: one such row, in a table that never
//! lets a row go, would stop a command for everybody. And amounts that are no whole numbers.

use crate::books::{Books, By};

#[tokio::test]
async fn weights_are_whole_numbers_by_kind() {
    let books = Books::new().await;
    books.allow("UPDATE epochs SET status = 'review' WHERE id = $open").await;
    let insert = |weights: &str| {
        format!(
            "INSERT INTO epochs (ledger_id, status, period_start, period_end, weight_config)
             VALUES ($ledger, 'open', '2030-01-07', '2030-01-14', '{weights}')"
        )
    };
    for weights in [
        r#"{"git:c": 1.5}"#,
        r#"{"git:c": 1000.0}"#,
        r#"{"git:c": -1}"#,
        r#"{"git:c": 1e400}"#,
        r#"{"git:c": 9223372036854775808}"#,
        r#"{"git:c": "1"}"#,
        r#"{"git:c": null}"#,
        r#"{"git": 1}"#,
        r#"{"Git:c": 1}"#,
        r#"{"git:c:d": 1}"#,
        "[]",
        "1",
    ] {
        books.refuse_both(&insert(weights), "epochs_weight_config_is_table").await;
    }
    let most = r#"{"git:c": 9223372036854775807, "g.i-t_2:pr_merged": 0}"#;
    assert_eq!(books.allow(&insert(most)).await, 1);
}

/// To jsonb, 1000 and 1000.0 are equal; to whoever reads them they are not.
#[tokio::test]
async fn a_pinned_weight_does_not_become_a_float() {
    let books = Books::new().await;
    let float =
        r#"UPDATE epochs SET weight_config = '{"git:commit_authored": 1000.0}' WHERE id = $open"#;
    books.refuse_even_the_owner(float, "epoch_definition_pinned").await;
}

fn pay(payouts: &str) -> String {
    format!(
        "INSERT INTO payout_statements
            (id, ledger_id, epoch_id, allocation_set_hash, pool_total_credits, payouts_json)
         VALUES (gen_random_uuid(), $ledger, $unpaid, repeat('0', 64), 100, '{payouts}')"
    )
}

fn row(user_id: &str, amount: &str) -> String {
    format!(
        r#"{{"user_id": "{user_id}", "total_units": "1", "share": "0.500000", "amount_credits": "{amount}"}}"#
    )
}

#[tokio::test]
async fn payouts_are_rows_of_whole_numbers_that_sum_to_the_pool() {
    let books = Books::new().await;
    let (half, other) = (row("Z", "50"), row("a", "50"));
    for payouts in [
        r#""x""#.to_owned(),
        "{}".to_owned(),
        "[null]".to_owned(),
        "[[]]".to_owned(),
        format!("[{half}]"),
        format!("[{half}, {}]", row("a", "99949")),
        format!("[{other}, {half}]"),
        format!("[{half}, {half}]"),
        format!("[{half}, {other}, null]"),
        format!("[{half}, {}]", other.replace(r#""50""#, "50")),
        format!("[{half}, {}]", other.replace(r#""50""#, r#""50.0""#)),
        format!("[{half}, {}]", other.replace(r#""1""#, r#""1.5""#)),
        format!("[{half}, {}]", other.replace(r#""1""#, r#""9223372036854775808""#)),
        format!("[{}, {half}]", row("", "50")),
        format!("[{half}, {}]", row(r"a\n", "50")),
        format!("[{half}, {}]", row(&"a".repeat(257), "50")),
        format!("[{half}, {}]", row("a\u{85}", "50")),
        format!("[{half}, {}]", other.replace("0.500000", "0.5")),
        format!("[{half}, {}]", other.replace("0.500000", "0.50000x")),
        format!("[{half}, {}]", other.replace("0.500000", "1.000001")),
        format!("[{half}, {}]", other.replace("0.500000", "2.000000")),
        format!("[{half}, {}]", other.replace(r#""1""#, r#""01""#)),
        format!("[{half}, {}]", other.replace("user_id", "user")),
        format!("[{half}, {}]", other.replace('{', r#"{"more": "","#)),
    ] {
        books.refuse_both(&pay(&payouts), "payouts_are_a_table").await;
    }
    assert_eq!(books.allow(&pay(&format!("[{half}, {other}]"))).await, 1);
}

/// One row an epoch, and corrections in a line: no circle, no statement of its own predecessor.
#[tokio::test]
async fn no_statement_supersedes_itself_or_one_that_is_not_there_yet() {
    let books = Books::new().await;
    let insert = |rows: &str| {
        format!(
            "INSERT INTO payout_statements (id, ledger_id, epoch_id, allocation_set_hash,
                pool_total_credits, payouts_json, supersedes_statement_id)
             SELECT id::uuid, $ledger, $closed, repeat('0', 64), 100, '[]', over::uuid
             FROM (VALUES {rows}) AS v (id, over)"
        )
    };
    let (a, b) = ("00000000-0000-0000-0000-0000000000aa", "00000000-0000-0000-0000-0000000000bb");
    for rows in [format!("('{a}', '{a}')"), format!("('{a}', '{b}'), ('{b}', '{a}')")] {
        books.refuse_both(&insert(&rows), "payout_statements_supersedes_fkey").await;
    }
    books.refuse_both(&insert(&format!("('{a}', NULL)")), "one_statement_per_epoch").await;
    let line = format!("('{a}', '00000000-0000-0000-0000-000000000001'), ('{b}', '{a}')");
    assert_eq!(books.allow(&insert(&line)).await, 2);
}

/// A part of a budget never goes away, so one that nobody can read would keep its epoch open for ever.
#[tokio::test]
async fn the_inputs_of_a_budget_are_json_that_every_reader_takes() {
    let books = Books::new().await;
    let insert = |inputs: &str| {
        format!(
            "INSERT INTO epoch_pool_components (ledger_id, epoch_id, component_id,
                algorithm_version, inputs_json, amount_credits)
             VALUES ($ledger, $open, 'top_up', '1', '{inputs}', 1)"
        )
    };
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for inputs in ["1e400", "[-1e400]", r#"{"a": {"b": [1e309]}}"#, &nested(33)] {
        books.refuse_both(&insert(inputs), "epoch_pool_components_readable").await;
    }
    let deepest = format!(r#"[{}, 1.7e308, "{}"]"#, nested(31), "9".repeat(400));
    assert_eq!(books.allow(&insert(&deepest)).await, 1);
}

#[tokio::test]
async fn a_ledger_is_made_at_a_time_that_every_reader_takes() {
    let books = Books::new().await;
    for time in ["infinity", "-infinity", "0044-03-15 BC", "10000-01-01 00:00:00+00"] {
        let insert = format!("INSERT INTO ledgers VALUES (gen_random_uuid(), 'new', '{time}')");
        books.refuse_both(&insert, "ledgers_time_readable").await;
    }
}

/// A part of a budget never goes away, so a sum that does not fit could never be put right.
#[tokio::test]
async fn a_budget_never_outgrows_its_type() {
    let books = Books::new().await;
    let insert = |amount: &str| {
        format!(
            "INSERT INTO epoch_pool_components (ledger_id, epoch_id, component_id,
                algorithm_version, inputs_json, amount_credits)
             VALUES ($ledger, $open, 'top_up', '1', '{{}}', {amount})"
        )
    };
    books.refuse_both(&insert("9223372036854775807 - 99"), "pool_total_fits").await;
    assert_eq!(books.allow(&insert("9223372036854775807 - 100")).await, 1);
}

/// Of two that fit alone and not together, the second sees the first.
#[tokio::test]
async fn two_parts_at_once_do_not_outgrow_it_together() {
    let books = Books::new().await;
    let insert = |id: &str| {
        crate::books::named(&format!(
            "INSERT INTO epoch_pool_components (ledger_id, epoch_id, component_id,
                algorithm_version, inputs_json, amount_credits)
             VALUES ($ledger, $open, '{id}', '1', '{{}}', 5000000000000000000)"
        ))
    };
    books.service.run("BEGIN").await;
    books.service.run(&insert("one")).await;
    let other = books.another_service().await;
    let second = insert("two");
    let waiting = tokio::spawn(async move { other.refused(&second).await });
    let blocked = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    crate::sql::wait_until(&books.owner, blocked, "1").await;
    books.service.run("COMMIT").await;
    let refused = waiting.await.unwrap();
    By::Rule("pool_total_fits").assert(&refused, "the second part");
}

const INFINITE: &str = "'infinity'";
const BEFORE_CHRIST: &str = "'0044-03-15 BC'";
const FAR: &str = "'10000-01-01'";

#[tokio::test]
async fn times_are_those_that_rfc_3339_can_write() {
    let books = Books::new().await;
    books.allow("UPDATE epochs SET status = 'review' WHERE id = $open").await;
    for time in [INFINITE, BEFORE_CHRIST, FAR] {
        let epoch = format!(
            "INSERT INTO epochs (ledger_id, period_start, period_end, weight_config, opened_at)
             VALUES ($ledger, '2030-01-07', '2030-01-14', '{{}}', {time})"
        );
        books.refuse_both(&epoch, "epochs_times_readable").await;
        let cursor =
            format!("INSERT INTO source_cursors VALUES ($ledger, 'git', 's', 's', '', {time})");
        books.refuse_both(&cursor, "source_cursors_readable").await;
        let binding =
            format!("INSERT INTO identity_bindings VALUES ($ledger, 'git', 'x', 'bob', {time})");
        books.refuse_both(&binding, "identity_bindings_readable").await;
        let allocation = format!(
            "INSERT INTO epoch_allocations VALUES
                ($ledger, $review, 'zoe', 1, NULL, NULL, 1, {time}, now())"
        );
        books.refuse_both(&allocation, "epoch_allocations_times_readable").await;
        let component = format!(
            "INSERT INTO epoch_pool_components (ledger_id, epoch_id, component_id,
                algorithm_version, inputs_json, amount_credits, computed_at)
             VALUES ($ledger, $review, 'top_up', '1', '{{}}', 1, {time})"
        );
        books.refuse_both(&component, "epoch_pool_components_readable").await;
        let event = format!(
            "INSERT INTO activity_events SELECT ledger_id, 'x', epoch_id, source, event_type,
                platform_user_id, NULL, NULL, NULL, NULL, payload_hash, 'x', '1', event_time,
                {time}, now()
             FROM activity_events WHERE epoch_id = $review LIMIT 1"
        );
        books.refuse_both(&event, "activity_events_times_readable").await;
    }
}

#[tokio::test]
async fn ids_are_short_and_hold_no_control_character() {
    let books = Books::new().await;
    let (long, newline) = ("repeat('x', 257)", "E'a\\nb'");
    for id in [long, newline, "''"] {
        let user = format!("INSERT INTO users (ledger_id, user_id) VALUES ($ledger, {id})");
        books.refuse_both(&user, "users_user_id_printable").await;
        let binding =
            format!("INSERT INTO identity_bindings VALUES ($ledger, 'git', {id}, 'bob', now())");
        books.refuse_both(&binding, "identity_bindings_readable").await;
        let allocation = format!(
            "INSERT INTO epoch_allocations VALUES
                ($ledger, $open, {id}, 1, NULL, NULL, 1, now(), now())"
        );
        books.refuse_both(&allocation, "epoch_allocations_user_id_printable").await;
        let component = format!(
            "INSERT INTO epoch_pool_components (ledger_id, epoch_id, component_id,
                algorithm_version, inputs_json, amount_credits)
             VALUES ($ledger, $open, {id}, '1', '{{}}', 1)"
        );
        books.refuse_both(&component, "epoch_pool_components_readable").await;
    }
    for reason in ["' '", "E'\\u001b[31m'", "repeat('x', 2001)"] {
        let decision = format!(
            "UPDATE epoch_allocations SET final_units = 1, override_reason = {reason}
             WHERE epoch_id = $open AND user_id = 'alice'"
        );
        books.refuse_both(&decision, "epoch_allocations_override_has_reason").await;
    }
}
