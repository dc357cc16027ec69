//! The close against a write that is under way, with plain SQL and two sessions: the guards of the
//! database alone, without the locks that the port takes before it writes.

use std::sync::Arc;

use ledger_core::EpochId;
use ledger_port::{EpochStore as _, LedgerPortError};
use ledger_testkit::credits;
use tokio::task::JoinHandle;
use tokio_postgres::Error;

use crate::books::{Books, By, copy, named, new_event};
use crate::sql::{BEGIN, BEGIN_WITH_A_SNAPSHOT, Sql, refusal, wait_until, waits_for};

const FROZEN: &str = "epoch_frozen_on_close";

/// Closes `$open`, whose budget is 100.
fn close(total: u32) -> String {
    named(&format!(
        "UPDATE epochs SET status = 'closed', closed_at = now(), pool_total_credits = {total}
         WHERE ledger_id = $ledger AND id = $open"
    ))
}

fn top_up() -> String {
    let changes = r#"{"component_id": "top_up", "amount_credits": 11}"#;
    named(&copy("epoch_pool_components", "old.epoch_id = $open", changes))
}

/// Writes that leave the budget alone, each of one row, that the service role may do.
fn writes() -> Vec<String> {
    let alice = "old.epoch_id = $open AND old.user_id = 'alice'";
    [
        new_event(r#"{"id": "late"}"#),
        "UPDATE activity_events SET user_id = 'bob'
         WHERE ledger_id = $ledger AND id = 'open:nobody'"
            .to_owned(),
        copy("epoch_allocations", alice, r#"{"user_id": "eve"}"#),
        "UPDATE epoch_allocations SET final_units = 7, override_reason = 'late'
         WHERE ledger_id = $ledger AND epoch_id = $open AND user_id = 'alice'"
            .to_owned(),
        format!(
            "{} ON CONFLICT (ledger_id, epoch_id, user_id) DO UPDATE SET proposed_units = 7",
            copy("epoch_allocations", alice, "{}")
        ),
    ]
    .iter()
    .map(|sql| named(sql))
    .collect()
}

/// One session that is in the middle of something, and another that comes upon it.
struct Meeting {
    books: Books,
    first: Sql,
    second: Arc<Sql>,
}

impl Meeting {
    async fn new() -> Self {
        let books = Books::new().await;
        let (first, second) = (books.another_service().await, books.another_service().await);
        // Two who wait for each other through the test itself are a circle that nobody else sees.
        for session in [&first, &second, &books.owner] {
            session.run("SET statement_timeout = '20s'").await;
        }
        Self { books, first, second: Arc::new(second) }
    }

    /// The first does it and does not commit; the second begins.
    async fn first_does(&self, sql: &str, second_begins: &str) {
        self.second.run(second_begins).await;
        self.first.run(BEGIN).await;
        assert_eq!(self.first.run(sql).await, 1, "{sql}");
    }

    /// Answers once the second waits for the first.
    async fn second_waits(&self, sql: &str) -> JoinHandle<Result<u64, Error>> {
        waits_for(&self.first, &self.second, sql, &self.books.owner).await
    }

    async fn status(&self) -> String {
        self.books.owner.value(&named("SELECT status FROM epochs WHERE id = $open")).await
    }

    /// A snapshot hides a component that is there, so no total is one to close with.
    async fn assert_close_refused(&self, closed: Result<u64, Error>) {
        let error = closed.expect_err("it closed, with components that it may not have seen");
        By::Rule("epoch_closes_read_committed").assert(&refusal(&error), &close(100));
        self.second.run("ROLLBACK").await;
        assert_eq!(self.status().await, "open");
        assert_eq!(self.books.owner.value(NOT_REPRODUCIBLE).await, "0");
    }

    /// Opens the epoch again, as nobody but the owner without guards can: a database for every
    /// write would take half a minute.
    async fn reopen(&self) {
        self.second.run("ROLLBACK").await;
        let reopen = named(
            "SET session_replication_role = replica;
             UPDATE epochs SET status = 'open', closed_at = NULL, pool_total_credits = NULL
             WHERE id = $open;
             RESET session_replication_role",
        );
        self.books.owner.run(&reopen).await;
    }
}

#[tokio::test]
async fn a_close_waits_for_a_write_under_way() {
    let meeting = Meeting::new().await;
    for write in writes() {
        let before = meeting.books.contents().await;
        meeting.first_does(&write, BEGIN).await;
        let closing = meeting.second_waits(&close(100)).await;
        meeting.first.run("COMMIT").await;
        assert_eq!(closing.await.unwrap().unwrap(), 1, "{write}");
        assert_ne!(meeting.books.contents().await, before, "it was in time: {write}");
        assert_eq!(meeting.status().await, "open");
        meeting.second.run("COMMIT").await;
        assert_eq!(meeting.status().await, "closed");
        meeting.reopen().await;
    }
}

#[tokio::test]
async fn a_close_counts_the_component_that_it_waited_for() {
    for (total, closes) in [(100, false), (111, true)] {
        let meeting = Meeting::new().await;
        meeting.first_does(&top_up(), BEGIN).await;
        let closing = meeting.second_waits(&close(total)).await;
        meeting.first.run("COMMIT").await;
        match closing.await.unwrap() {
            Ok(rows) => assert!(closes && rows == 1, "closed with {total}"),
            Err(error) => {
                By::Rule("pool_reproducible").assert(&refusal(&error), &close(total));
                assert!(!closes, "not closed with {total}");
            }
        }
    }
}

#[tokio::test]
async fn a_close_does_not_count_the_component_that_was_taken_back() {
    let meeting = Meeting::new().await;
    meeting.first_does(&top_up(), BEGIN).await;
    let closing = meeting.second_waits(&close(100)).await;
    meeting.first.run("ROLLBACK").await;
    assert_eq!(closing.await.unwrap().unwrap(), 1);
}

/// What comes upon a close that is under way: the writes, a component, and the epoch itself.
fn late_writes() -> Vec<String> {
    let epoch = "UPDATE epochs SET closed_at = now() WHERE ledger_id = $ledger AND id = $open";
    let mut all = writes();
    all.extend([top_up(), close(100), named(epoch)]);
    all
}

#[tokio::test]
async fn a_write_waits_for_a_close_under_way_and_is_refused() {
    let meeting = Meeting::new().await;
    for write in late_writes() {
        meeting.first_does(&close(100), BEGIN).await;
        let writing = meeting.second_waits(&write).await;
        meeting.first.run("COMMIT").await;
        let closed = meeting.books.contents().await;
        let error = writing.await.unwrap().expect_err(&write);
        By::Rule(FROZEN).assert(&refusal(&error), &write);
        meeting.second.run("COMMIT").await;
        assert_eq!(meeting.books.contents().await, closed, "{write}");
        meeting.reopen().await;
    }
}

/// Its snapshot still shows the epoch open.
#[tokio::test]
async fn a_write_with_an_old_snapshot_waits_for_a_close_and_is_refused() {
    let meeting = Meeting::new().await;
    for write in late_writes() {
        meeting.first_does(&close(100), BEGIN_WITH_A_SNAPSHOT).await;
        let writing = meeting.second_waits(&write).await;
        meeting.first.run("COMMIT").await;
        assert_refused_or_out_of_order(&writing.await.unwrap().expect_err(&write), &write);
        meeting.reopen().await;
    }
}

#[tokio::test]
async fn a_write_with_a_snapshot_from_before_the_close_is_refused() {
    let meeting = Meeting::new().await;
    for write in late_writes() {
        meeting.second.run(BEGIN_WITH_A_SNAPSHOT).await;
        assert_eq!(meeting.first.run(&close(100)).await, 1);
        let error = meeting.second.try_run(&write).await.expect_err(&write);
        assert_refused_or_out_of_order(&error, &write);
        meeting.reopen().await;
    }
}

fn assert_refused_or_out_of_order(error: &Error, write: &str) {
    let refused = refusal(error);
    let is_frozen = refused.constraint.as_deref() == Some(FROZEN);
    assert!(is_frozen || refused.code.code() == "40001", "{write}: {refused:?}");
}

/// Only the owner may delete, and not even the owner in time for the close.
#[tokio::test]
async fn a_deletion_waits_for_a_close_under_way_and_is_refused() {
    let mut meeting = Meeting::new().await;
    meeting.second = Arc::new(meeting.books.another_owner().await);
    meeting.first_does(&close(100), BEGIN).await;
    let delete = named(
        "DELETE FROM epoch_allocations
         WHERE ledger_id = $ledger AND epoch_id = $open AND user_id = 'alice'",
    );
    let deleting = meeting.second_waits(&delete).await;
    meeting.first.run("COMMIT").await;
    By::Rule(FROZEN).assert(&refusal(&deleting.await.unwrap().unwrap_err()), &delete);
}

#[tokio::test]
async fn a_close_that_is_taken_back_lets_the_write_through() {
    let meeting = Meeting::new().await;
    for write in writes().into_iter().chain([top_up()]) {
        meeting.first_does(&close(100), BEGIN).await;
        let writing = meeting.second_waits(&write).await;
        meeting.first.run("ROLLBACK").await;
        assert_eq!(writing.await.unwrap().unwrap(), 1, "{write}");
        meeting.second.run("COMMIT").await;
    }
}

/// The other way round: a statement needs the close.
#[tokio::test]
async fn a_statement_waits_for_the_close_that_it_needs() {
    let meeting = Meeting::new().await;
    meeting.first_does(&close(100), BEGIN).await;
    let changes = r#"{"id": "00000000-0000-0000-0000-000000000011", "epoch_id": $open}"#;
    let statement = named(&copy("payout_statements", "old.id = $statement", changes));
    let paying = meeting.second_waits(&statement).await;
    meeting.first.run("COMMIT").await;
    assert_eq!(paying.await.unwrap().unwrap(), 1);
}

/// Closed epochs whose total is not the sum of their components: POOL_REPRODUCIBLE is broken.
const NOT_REPRODUCIBLE: &str = "
    SELECT count(*) FROM epochs e WHERE status = 'closed' AND pool_total_credits <>
        (SELECT sum(amount_credits) FROM epoch_pool_components c
         WHERE (c.ledger_id, c.epoch_id) = (e.ledger_id, e.id))";

#[tokio::test]
async fn a_close_with_a_snapshot_from_before_a_component_is_refused() {
    let meeting = Meeting::new().await;
    meeting.second.run(BEGIN_WITH_A_SNAPSHOT).await;
    assert_eq!(meeting.first.run(&top_up()).await, 1);
    let closed = meeting.second.try_run(&format!("{}; COMMIT", close(100))).await;
    meeting.assert_close_refused(closed).await;
}

#[tokio::test]
async fn a_close_with_an_old_snapshot_that_waited_for_a_component_is_refused() {
    let meeting = Meeting::new().await;
    meeting.first_does(&top_up(), BEGIN_WITH_A_SNAPSHOT).await;
    let closing = meeting.second_waits(&format!("{}; COMMIT", close(100))).await;
    meeting.first.run("COMMIT").await;
    meeting.assert_close_refused(closing.await.unwrap()).await;
}

/// The port pins its isolation; else the database's default would decide what it adds up.
#[tokio::test]
async fn the_port_counts_every_component_whatever_the_databases_isolation_is() {
    let meeting = Meeting::new().await;
    let name = meeting.books.owner.value("SELECT current_database()").await;
    let strict = "SET default_transaction_isolation = 'repeatable read'";
    meeting.books.owner.run(&format!("ALTER DATABASE {name} {strict}")).await;
    let store = meeting.books.store().await;
    meeting.first_does(&top_up(), BEGIN).await;
    let closing = tokio::spawn(async move { store.close_epoch(EpochId(4), credits(100)).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'epoch-ledger-server' AND wait_event_type = 'Lock'";
    wait_until(&meeting.books.owner, waiting, "1").await;
    meeting.first.run("COMMIT").await;
    let refused = closing.await.unwrap();
    assert!(
        matches!(&refused, Err(LedgerPortError::PoolTotalMismatch { asked, found, .. })
            if (*asked, *found) == (credits(100), credits(111))),
        "{refused:?}"
    );
    assert_eq!(meeting.status().await, "open");
}
