//! Breaks with plain SQL what the worker relies on: the record of what was collected, and the jobs.

use crate::books::{Books, By, copy};

#[tokio::test]
async fn what_was_missing_is_frozen_with_its_epoch() {
    let (books, frozen) = (Books::new().await, "epoch_frozen_on_close");
    let of_closed = "ledger_id = $ledger AND epoch_id = $closed";
    for sql in [
        format!("UPDATE epoch_collections SET collected_through = now() WHERE {of_closed}"),
        copy("epoch_collections", "old.epoch_id = $closed", r#"{"source_id": "other"}"#),
        format!(
            "{} ON CONFLICT (ledger_id, epoch_id, source_id) DO UPDATE SET collected_through = NULL",
            copy("epoch_collections", "old.epoch_id = $closed", "{}")
        ),
    ] {
        books.refuse_both(&sql, frozen).await;
    }
    let delete = format!("DELETE FROM epoch_collections WHERE {of_closed}");
    books.refuse_even_the_owner(&delete, frozen).await;
    for (from, to) in [("$closed", "$open"), ("$open", "$closed")] {
        let sql = format!(
            "UPDATE epoch_collections SET epoch_id = {to}, source_id = 'moved'
             WHERE ledger_id = $ledger AND epoch_id = {from}"
        );
        books.refuse_even_the_owner(&sql, frozen).await;
    }
    books.refuse_even_the_owner("TRUNCATE epoch_collections", frozen).await;
    // What it says is what the program can read.
    let of_open = "ledger_id = $ledger AND epoch_id = $open";
    let set = |values: &str| format!("UPDATE epoch_collections SET {values} WHERE {of_open}");
    for values in ["failed_at = now()", "last_error = 'no answer'"] {
        books.refuse_both(&set(values), "epoch_collections_failure_has_error").await;
    }
    for values in [
        "failed_at = now(), last_error = ''",
        "failed_at = now(), last_error = E'a\\nb'",
        "failed_at = now(), last_error = repeat('x', 2001)",
        "collected_through = 'infinity'",
    ] {
        books.refuse_both(&set(values), "epoch_collections_readable").await;
    }
}

#[tokio::test]
async fn a_job_is_one_that_the_program_knows_and_has_a_worker_exactly_while_it_runs() {
    let books = Books::new().await;
    let is_main = "ledger_id = $ledger AND subject = 'main'";
    let set = |values: &str| format!("UPDATE jobs SET {values} WHERE {is_main}");
    for values in [
        "state = 'running'",
        "worker = 'w'",
        "lease_id = $stranger",
        "lease_until = now()",
        "state = 'running', worker = 'w', lease_id = $stranger",
        "state = 'done', worker = 'w', lease_id = $stranger, lease_until = now()",
    ] {
        books.refuse_both(&set(values), "jobs_lease_is_of_a_running_one").await;
    }
    books.refuse_both(&set("state = 'lost'"), "jobs_state_known").await;
    for values in [
        "attempts = -1",
        "attempts = 4294967296",
        "last_error = ''",
        "waits_for = E'a\\nb'",
        "run_at = 'infinity'",
    ] {
        books.refuse_both(&set(values), "jobs_readable").await;
    }
    for changes in [
        r#"{"kind": "dance"}"#,
        r#"{"subject": ""}"#,
        r#"{"subject": "No Slug"}"#,
        r#"{"kind": "advance-epochs"}"#,
    ] {
        books.refuse_both(&copy("jobs", "old.subject = 'main'", changes), "jobs_task_known").await;
    }
    books.refuse_both(&copy("jobs", "old.subject = 'main'", "{}"), "jobs_pkey").await;
    let of_nobody = r#"{"ledger_id": "00000000-0000-0000-0000-0000000000ee"}"#;
    books.refuse_both(&copy("jobs", "old.subject = 'main'", of_nobody), "jobs_ledger_fkey").await;
    // What a job is about is written once, and no row goes away.
    for sql in [set("subject = 'other'"), set("kind = 'dance'"), "DELETE FROM jobs".to_owned()] {
        books.refuse_service(&sql, By::Grant).await;
    }
    books.refuse_service("TRUNCATE jobs", By::Grant).await;
}
