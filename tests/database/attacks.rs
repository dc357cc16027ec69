//! Breaks each invariant of the ledger with plain SQL, as the service role and as the owner.

use crate::books::{Books, By, copy, new_event};

const EVENT: &str = "ledger_id = $ledger AND id = 'open:nobody'";

#[tokio::test]
async fn facts_are_only_ever_appended() {
    let books = Books::new().await;
    for (column, other) in books.other_values("activity_events", &["user_id"]).await {
        let sql = format!("UPDATE activity_events SET {column} = {other} WHERE {EVENT}");
        books.refuse_even_the_owner(&sql, "activity_append_only").await;
        let with_user =
            format!("UPDATE activity_events SET user_id = 'bob', {column} = {other} WHERE {EVENT}");
        books.refuse_even_the_owner(&with_user, "activity_append_only").await;
    }
    for sql in [
        format!("DELETE FROM activity_events WHERE {EVENT}"),
        "DELETE FROM activity_events WHERE false".to_owned(),
        "TRUNCATE activity_events".to_owned(),
        "TRUNCATE activity_events CASCADE".to_owned(),
        format!("WITH gone AS (DELETE FROM activity_events WHERE {EVENT} RETURNING 1) SELECT 1"),
    ] {
        books.refuse_even_the_owner(&sql, "activity_append_only").await;
    }
    // The stored bytes count, not what they are worth.
    let same_number =
        format!("UPDATE activity_events SET metadata = '{{\"lines\": 1.00}}' WHERE {EVENT}");
    books.refuse_owner(&same_number, By::Rule("activity_append_only")).await;
    let given_away = format!(
        "UPDATE activity_events SET user_id = 'bob', metadata = '{{\"lines\": 1.00}}' WHERE {EVENT}"
    );
    books.refuse_owner(&given_away, By::Rule("activity_append_only")).await;
    let upsert =
        format!("{} ON CONFLICT (ledger_id, id) DO UPDATE SET metadata = '{{}}'", new_event("{}"));
    books.refuse_even_the_owner(&upsert, "activity_append_only").await;
    let upsert_user =
        format!("{} ON CONFLICT (ledger_id, id) DO UPDATE SET user_id = 'bob'", new_event("{}"));
    books.refuse_both(&upsert_user, "identity_once").await;
}

#[tokio::test]
async fn an_event_goes_to_one_person_once() {
    let books = Books::new().await;
    let of_alice = "ledger_id = $ledger AND id = 'open:alice'";
    for user in ["'bob'", "NULL"] {
        let sql = format!("UPDATE activity_events SET user_id = {user} WHERE {of_alice}");
        books.refuse_both(&sql, "identity_once").await;
    }
    let moved =
        format!("UPDATE activity_events SET user_id = 'bob', epoch_id = $review WHERE {EVENT}");
    books.refuse_even_the_owner(&moved, "activity_append_only").await;
    let control = format!("UPDATE activity_events SET user_id = E'b\\nob' WHERE {EVENT}");
    books.refuse_both(&control, "activity_events_user_id_printable").await;
    let frozen = "UPDATE activity_events SET user_id = 'bob'
        WHERE ledger_id = $ledger AND id = 'closed:nobody'";
    books.refuse_both(frozen, "epoch_frozen_on_close").await;
    assert_eq!(
        books.allow(&format!("UPDATE activity_events SET user_id = 'bob' WHERE {EVENT}")).await,
        1
    );
}

#[tokio::test]
async fn an_event_has_provenance_a_place_and_a_time_in_its_epoch() {
    let books = Books::new().await;
    for (changes, rule) in [
        (r#"{"id": "n", "producer": ""}"#, "provenance_required"),
        (r#"{"id": "n", "producer_version": ""}"#, "provenance_required"),
        (r#"{"id": "n", "payload_hash": "abc"}"#, "provenance_required"),
        (r#"{"id": "n", "source": "Git Hub"}"#, "activity_events_kind_is_slug"),
        (r#"{"id": "n", "event_type": "a:b"}"#, "activity_events_kind_is_slug"),
        (r#"{"id": ""}"#, "activity_events_ids_printable"),
        (r#"{"id": "a\tb"}"#, "activity_events_ids_printable"),
        (r#"{"id": "n", "platform_user_id": ""}"#, "activity_events_ids_printable"),
        (r#"{"id": "n", "user_id": "a\u0085b"}"#, "activity_events_user_id_printable"),
        (r#"{"id": "n", "epoch_id": 1}"#, "epoch_frozen_on_close"),
        (r#"{"id": "n", "event_time": "2026-11-30"}"#, "activity_within_epoch"),
        (r#"{"id": "open:alice"}"#, "activity_events_pkey"),
    ] {
        books.refuse_both(&new_event(changes), rule).await;
    }
    for column in [
        "ledger_id",
        "epoch_id",
        "source",
        "event_type",
        "platform_user_id",
        "payload_hash",
        "producer",
        "producer_version",
        "event_time",
        "retrieved_at",
        "ingested_at",
    ] {
        let sql = new_event(&format!(r#"{{"id": "n", "{column}": null}}"#));
        books.refuse_both_by(&sql, By::NotNull(column)).await;
    }
    let last = r#"{"id": "last", "event_time": "2026-11-29T23:59:59.999999Z"}"#;
    assert_eq!(books.allow(&new_event(last)).await, 1);
}

#[tokio::test]
async fn one_epoch_is_open_and_windows_never_meet() {
    let books = Books::new().await;
    let epoch = |values: &str| {
        format!(
            "INSERT INTO epochs (ledger_id, status, period_start, period_end, weight_config,
                pool_total_credits, closed_at) VALUES ($ledger, {values})"
        )
    };
    for (values, rule) in [
        ("'open', '2026-12-07', '2026-12-14', '{}', NULL, NULL", "one_open_epoch"),
        ("'review', '2026-12-07', '2026-12-14', '{}', NULL, NULL", "epoch_begins_open"),
        ("'closed', '2026-12-07', '2026-12-14', '{}', 0, now()", "epoch_begins_open"),
        ("'open', '2026-12-14', '2026-12-07', '{}', NULL, NULL", "epochs_window_not_empty"),
        ("'open', '2026-12-07', '2026-12-07', '{}', NULL, NULL", "epochs_window_not_empty"),
        ("'open', '2026-12-07', 'infinity', '{}', NULL, NULL", "epochs_times_readable"),
        ("'open', '2026-12-07', '2026-12-14', '[]', NULL, NULL", "epochs_weight_config_is_table"),
        ("'open', '2026-12-07', '2026-12-14', '{}', 1, NULL", "epochs_closed_is_complete"),
    ] {
        books.refuse_both(&epoch(values), rule).await;
    }
    books
        .allow("UPDATE epochs SET status = 'review' WHERE ledger_id = $ledger AND id = $open")
        .await;
    for window in [
        "'2026-11-23', '2026-11-30'",
        "'2026-11-29', '2026-12-06'",
        "'2020-01-01', '2030-01-01'",
        "'2026-11-04', '2026-11-05'",
    ] {
        let values = format!("'open', {window}, '{{}}', NULL, NULL");
        books.refuse_both(&epoch(&values), "epoch_window_unique").await;
    }
    assert_eq!(
        books.allow(&epoch("'open', '2026-11-30', '2026-12-07', '{}', NULL, NULL")).await,
        1
    );
}

#[tokio::test]
async fn an_epoch_moves_forward_and_keeps_its_definition() {
    let books = Books::new().await;
    let update = |set: &str, id: &str| {
        format!("UPDATE epochs SET {set} WHERE ledger_id = $ledger AND id = {id}")
    };
    books.refuse_both(&update("status = 'open'", "$review"), "epoch_moves_forward").await;
    books.refuse_both(&update("status = 'other'", "$open"), "epochs_status_known").await;
    for set in [
        "period_start = '2026-11-22'",
        "period_end = '2026-12-01'",
        "weight_config = '{}'",
        "opened_at = now() - interval '1 day'",
        "created_at = now() - interval '1 day'",
        "id = 77",
        "ledger_id = $stranger",
    ] {
        books.refuse_even_the_owner(&update(set, "$open"), "epoch_definition_pinned").await;
    }
    let close = |total: &str, id: &str| {
        update(&format!("status = 'closed', closed_at = now(), pool_total_credits = {total}"), id)
    };
    for total in ["99", "101", "0", "NULL", "-1"] {
        books.refuse_both(&close(total, "$open"), "pool_reproducible").await;
    }
    books.refuse_owner("TRUNCATE epochs CASCADE", By::Rule("epoch_frozen_on_close")).await;
    books.refuse_service("TRUNCATE epochs CASCADE", By::Grant).await;
}

#[tokio::test]
async fn a_pool_without_a_base_issuance_is_never_paid() {
    let books = Books::new().await;
    books
        .owner
        .run(&crate::books::named(
            "SET session_replication_role = replica;
         DELETE FROM epoch_pool_components WHERE ledger_id = $ledger AND epoch_id = $open;
         RESET session_replication_role",
        ))
        .await;
    let close = "UPDATE epochs SET status = 'closed', closed_at = now(), pool_total_credits = 0
        WHERE ledger_id = $ledger AND id = $open";
    books.refuse_both(close, "pool_requires_base").await;
}

#[tokio::test]
async fn a_closed_epoch_takes_no_writes() {
    let books = Books::new().await;
    let frozen = "epoch_frozen_on_close";
    for set in
        ["status = 'closed'", "status = 'review'", "pool_total_credits = 5", "closed_at = now()"]
    {
        let sql = format!("UPDATE epochs SET {set} WHERE ledger_id = $ledger AND id = $closed");
        books.refuse_both(&sql, frozen).await;
    }
    books
        .refuse_even_the_owner(
            "DELETE FROM epochs WHERE ledger_id = $ledger AND id = $unpaid",
            frozen,
        )
        .await;
    let allocation = "ledger_id = $ledger AND epoch_id = $closed AND user_id = 'alice'";
    for sql in [
        format!(
            "UPDATE epoch_allocations SET final_units = 1, override_reason = 'x' WHERE {allocation}"
        ),
        format!("UPDATE epoch_allocations SET proposed_units = 1 WHERE {allocation}"),
        copy(
            "epoch_allocations",
            "old.epoch_id = $closed AND old.user_id = 'alice'",
            r#"{"user_id": "eve"}"#,
        ),
        copy("epoch_pool_components", "old.epoch_id = $closed", r#"{"component_id": "top_up"}"#),
    ] {
        books.refuse_both(&sql, frozen).await;
    }
    let delete = format!("DELETE FROM epoch_allocations WHERE {allocation}");
    books.refuse_even_the_owner(&delete, frozen).await;
    // Neither out of a closed epoch nor into one.
    for (from, to) in [("$closed", "$open"), ("$open", "$closed")] {
        let sql = format!(
            "UPDATE epoch_allocations SET epoch_id = {to}, user_id = 'moved'
             WHERE ledger_id = $ledger AND epoch_id = {from} AND user_id = 'alice'"
        );
        books.refuse_even_the_owner(&sql, frozen).await;
    }
    books.refuse_even_the_owner("TRUNCATE epoch_allocations", frozen).await;
    let upsert = format!(
        "{} ON CONFLICT (ledger_id, epoch_id, user_id) DO UPDATE SET proposed_units = 7",
        copy("epoch_allocations", "old.epoch_id = $closed AND old.user_id = 'alice'", "{}")
    );
    books.refuse_both(&upsert, frozen).await;
}

#[tokio::test]
async fn the_budget_never_changes_once_it_is_written() {
    let books = Books::new().await;
    let part = "ledger_id = $ledger AND epoch_id = $open";
    for (column, other) in books.other_values("epoch_pool_components", &[]).await {
        let sql = format!("UPDATE epoch_pool_components SET {column} = {other} WHERE {part}");
        books.refuse_even_the_owner(&sql, "pool_immutable").await;
    }
    for sql in [
        format!("DELETE FROM epoch_pool_components WHERE {part}"),
        "TRUNCATE epoch_pool_components".to_owned(),
        format!(
            "{} ON CONFLICT (ledger_id, epoch_id, component_id) DO UPDATE SET amount_credits = 7",
            copy("epoch_pool_components", "old.epoch_id = $open", "{}")
        ),
    ] {
        books.refuse_even_the_owner(&sql, "pool_immutable").await;
    }
    let again = copy("epoch_pool_components", "old.epoch_id = $open", "{}");
    books.refuse_both(&again, "pool_unique_per_type").await;
    let negative = r#"{"component_id": "top_up", "amount_credits": -1}"#;
    let negative = copy("epoch_pool_components", "old.epoch_id = $open", negative);
    books.refuse_both(&negative, "epoch_pool_components_amount_not_negative").await;
}

#[tokio::test]
async fn a_statement_is_written_once_and_corrected_in_a_line() {
    let books = Books::new().await;
    let with = |changes: &str| copy("payout_statements", "old.id = $statement", changes);
    let id = |n: u32| format!("00000000-0000-0000-0000-0000000000{n:02}");
    for (column, other) in books.other_values("payout_statements", &[]).await {
        let sql = format!("UPDATE payout_statements SET {column} = {other} WHERE id = $statement");
        books.refuse_even_the_owner(&sql, "statement_immutable").await;
    }
    for sql in ["DELETE FROM payout_statements", "TRUNCATE payout_statements"] {
        books.refuse_even_the_owner(sql, "statement_immutable").await;
    }
    let second = with(&format!(r#"{{"id": "{}"}}"#, id(11)));
    books.refuse_both(&second, "one_statement_per_epoch").await;
    let open = with(&format!(r#"{{"id": "{}", "epoch_id": 4}}"#, id(11)));
    books.refuse_both(&open, "statement_requires_closed_epoch").await;
    let pool = with(&format!(r#"{{"id": "{}", "epoch_id": 2, "pool_total_credits": 99}}"#, id(11)));
    books.refuse_both(&pool, "pool_reproducible").await;
    let first = id(1);
    let other_epoch = with(&format!(
        r#"{{"id": "{}", "epoch_id": 2, "supersedes_statement_id": "{first}"}}"#,
        id(11)
    ));
    books.refuse_both(&other_epoch, "payout_statements_supersedes_fkey").await;
    let correction = |number| {
        with(&format!(r#"{{"id": "{}", "supersedes_statement_id": "{first}"}}"#, id(number)))
    };
    assert_eq!(books.allow(&correction(11)).await, 1);
    books.refuse_both(&correction(12), "payout_statements_superseded_once").await;
}

#[tokio::test]
async fn no_amount_is_negative_and_every_decision_has_a_reason() {
    let books = Books::new().await;
    let set = |values: &str| {
        format!(
            "UPDATE epoch_allocations SET {values}
            WHERE ledger_id = $ledger AND epoch_id = $open AND user_id = 'alice'"
        )
    };
    for values in
        ["proposed_units = -1", "final_units = -1, override_reason = 'x'", "activity_count = -1"]
    {
        books.refuse_both(&set(values), "epoch_allocations_not_negative").await;
    }
    for values in
        ["final_units = 1", "final_units = 1, override_reason = ''", "override_reason = 'x'"]
    {
        books.refuse_both(&set(values), "epoch_allocations_override_has_reason").await;
    }
}

#[tokio::test]
async fn the_service_role_cannot_disarm_the_guards() {
    let books = Books::new().await;
    for sql in [
        "ALTER TABLE activity_events DISABLE TRIGGER ALL",
        "ALTER TABLE activity_events DISABLE ROW LEVEL SECURITY",
        "DROP TRIGGER activity_events_guard_update ON activity_events",
        "SET session_replication_role = replica",
        "CREATE TABLE loose (id int)",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE activity_events",
        "SET ROLE postgres",
        "ALTER TABLE epochs OWNER TO ledger_service",
        "UPDATE ledgers SET name = 'mine'",
        "DELETE FROM users",
        "UPDATE identity_bindings SET user_id = 'bob'",
        "DELETE FROM source_cursors",
        "DELETE FROM __diesel_schema_migrations",
        "SELECT setval('epochs_id_seq', 1)",
    ] {
        books.refuse_service(sql, By::Grant).await;
    }
}

#[tokio::test]
async fn others_see_nothing_even_with_a_grant() {
    let books = Books::new().await;
    // Roles belong to the whole server, so this one is named after the test's own database.
    let database = books.owner.value("SELECT current_database()").await;
    let role = format!("looker_{database}");
    books
        .owner
        .run(&format!("CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"))
        .await;
    books.owner.run(&format!("SET ROLE {role}")).await;
    for table in crate::books::TABLES {
        assert_eq!(
            books.owner.value(&format!("SELECT count(*) FROM {table}")).await,
            "0",
            "{table}"
        );
    }
    books.owner.run(&format!("RESET ROLE; DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
