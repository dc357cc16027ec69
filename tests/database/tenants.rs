//! LEDGER_SCOPED: no row of one community names another's. What is another's is answered in the same
//! words as what is not there, so that nobody finds out which it is.

use crate::books::{Books, By, copy};

/// A ledger that nobody has.
const NOBODY: &str = "00000000-0000-0000-0000-0000000000ee";
/// The ledger `$stranger`, as JSON has it.
const STRANGER: &str = "00000000-0000-0000-0000-0000000000ff";

/// The tables whose rows belong to an epoch: a copy of which row, with which new key, is refused by
/// which rule.
const OF_AN_EPOCH: [(&str, &str, &str, &str); 5] = [
    ("activity_events", "old.id = 'open:alice'", r#""id": "n""#, "activity_events_epoch_fkey"),
    (
        "epoch_allocations",
        "old.epoch_id = $open AND old.user_id = 'alice'",
        r#""user_id": "eve""#,
        "epoch_allocations_epoch_fkey",
    ),
    (
        "epoch_collections",
        "old.epoch_id = $open",
        r#""source_id": "other""#,
        "epoch_collections_epoch_fkey",
    ),
    (
        "epoch_pool_components",
        "old.epoch_id = $open",
        r#""component_id": "top_up""#,
        "epoch_pool_components_epoch_fkey",
    ),
    (
        "payout_statements",
        "old.id = $statement",
        r#""id": "00000000-0000-0000-0000-000000000011""#,
        "payout_statements_epoch_fkey",
    ),
];

#[tokio::test]
async fn another_ledgers_epoch_is_refused_like_a_missing_one() {
    let books = Books::new().await;
    for (table, of, key, rule) in OF_AN_EPOCH {
        for epoch in ["$theirs", "$theirs_closed", "999"] {
            let changes = format!(r#"{{{key}, "epoch_id": {epoch}}}"#);
            books.refuse_both(&copy(table, of, &changes), rule).await;
        }
    }
}

#[tokio::test]
async fn our_epoch_is_refused_to_another_ledger_and_to_a_missing_one() {
    let books = Books::new().await;
    for (table, of, key, rule) in OF_AN_EPOCH {
        for ledger in [STRANGER, NOBODY] {
            let changes = format!(r#"{{{key}, "ledger_id": "{ledger}"}}"#);
            books.refuse_both(&copy(table, of, &changes), rule).await;
        }
    }
    // An allocation is the one of them that the owner may move.
    let moved = "UPDATE epoch_allocations SET ledger_id = $stranger
        WHERE ledger_id = $ledger AND epoch_id = $open AND user_id = 'alice'";
    books.refuse_even_the_owner(moved, "epoch_allocations_epoch_fkey").await;
}

#[tokio::test]
async fn a_missing_ledger_has_no_books() {
    let books = Books::new().await;
    let of_nobody = format!(r#"{{"ledger_id": "{NOBODY}"}}"#);
    for (table, of, rule) in [
        ("source_cursors", "true", "source_cursors_ledger_fkey"),
        ("users", "old.user_id = 'alice'", "users_ledger_fkey"),
        ("identity_bindings", "true", "identity_bindings_user_fkey"),
        ("access_tokens", "true", "access_tokens_ledger_fkey"),
        ("idempotency_keys", "true", "idempotency_keys_ledger_fkey"),
    ] {
        books.refuse_both(&copy(table, of, &of_nobody), rule).await;
    }
    let epoch = format!(
        "INSERT INTO epochs (ledger_id, period_start, period_end, weight_config)
         VALUES ('{NOBODY}', '2026-12-07', '2026-12-14', '{{}}')"
    );
    books.refuse_both(&epoch, "epochs_ledger_fkey").await;
    // The others, whose ledger is there, may have the same stream, key and id of a token.
    let theirs = format!(r#"{{"ledger_id": "{STRANGER}"}}"#);
    for table in ["source_cursors", "access_tokens", "idempotency_keys"] {
        assert_eq!(books.allow(&copy(table, "true", &theirs)).await, 1, "{table}");
    }
}

#[tokio::test]
async fn a_binding_and_a_correction_name_nothing_of_another_ledgers() {
    let books = Books::new().await;
    let to_carol = r#"{"platform_user_id": "carol@example.org", "user_id": "carol"}"#;
    let binding = copy("identity_bindings", "true", to_carol);
    books.refuse_both(&binding, "identity_bindings_user_fkey").await;
    let theirs = "00000000-0000-0000-0000-000000000002";
    let correction = format!(
        r#"{{"id": "00000000-0000-0000-0000-000000000011", "supersedes_statement_id": "{theirs}"}}"#
    );
    let correction = copy("payout_statements", "old.id = $statement", &correction);
    books.refuse_both(&correction, "payout_statements_supersedes_fkey").await;
}

/// With the columns that the service role may give, and open, as an epoch begins.
const NOBODYS_EPOCH: &str = "
    INSERT INTO epochs (status, period_start, period_end, weight_config, opened_at, created_at)
    VALUES ('open', '2030-01-07', '2030-01-14', '{}', now(), now())";

#[tokio::test]
async fn every_row_says_whose_it_is() {
    let books = Books::new().await;
    for table in crate::books::TABLES {
        let nobodys = match table {
            "epochs" => NOBODYS_EPOCH.to_owned(),
            _ => copy(table, "true", r#"{"ledger_id": null}"#),
        };
        books.refuse_both_by(&nobodys, By::NotNull("ledger_id")).await;
    }
}
