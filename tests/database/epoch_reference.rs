//! Every event is of an epoch that there is. No foreign key says so, for it would ask for each row: the guards
//! of both tables do, and here somebody tries to get between them.

use std::sync::Arc;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::books::{Books, By, named, new_event};
use crate::sql::{BEGIN, BEGIN_WITH_A_SNAPSHOT, Sql, refusal, waits_for};

/// A community that has an open epoch and nothing else, so that no other table holds the epoch.
const BARE: &str = "00000000-0000-0000-0000-0000000000ba";
const REFERENCE: &str = "activity_events_epoch_fkey";

/// The owner, who may delete an epoch, and the service role, which may insert into it.
struct Meeting {
    books: Books,
    epoch: String,
    owner: Arc<Sql>,
    service: Arc<Sql>,
}

impl Meeting {
    async fn new() -> Self {
        let books = Books::new().await;
        books.owner.run(&format!("INSERT INTO ledgers VALUES ('{BARE}', 'bare', now())")).await;
        let open = format!(
            "INSERT INTO epochs (ledger_id, period_start, period_end, weight_config)
             VALUES ('{BARE}', '2026-11-23', '2026-11-30', '{{}}') RETURNING id"
        );
        let epoch = books.owner.value(&open).await;
        let (owner, service) = (books.another_owner().await, books.another_service().await);
        for session in [&owner, &service] {
            session.run("SET statement_timeout = '20s'").await;
        }
        Self { books, epoch, owner: Arc::new(owner), service: Arc::new(service) }
    }

    fn insert(&self) -> String {
        let changes = format!(r#"{{"ledger_id": "{BARE}", "epoch_id": {}}}"#, self.epoch);
        named(&new_event(&changes))
    }

    fn delete(&self) -> String {
        format!("DELETE FROM epochs WHERE id = {}", self.epoch)
    }

    async fn assert_left(&self, epochs: &str, events: &str) {
        let count = |table| format!("SELECT count(*) FROM {table} WHERE ledger_id = '{BARE}'");
        let owner = &self.books.owner;
        assert_eq!(owner.value(&count("epochs")).await, epochs);
        assert_eq!(owner.value(&count("activity_events")).await, events);
    }

    /// The first does it and commits while the second, whose transaction began before, wants the other thing.
    async fn refused_beside(
        &self,
        (first, does): (&Sql, &str),
        (second, begins, wants): (&Arc<Sql>, &str, &str),
    ) -> Error {
        second.run(begins).await;
        first.run(BEGIN).await;
        assert_eq!(first.run(does).await, 1);
        let waits = waits_for(first, second, wants, &self.books.owner).await;
        first.run("COMMIT").await;
        let error = waits.await.unwrap().expect_err("an event would be of no epoch");
        second.run("ROLLBACK").await;
        error
    }

    /// The owner deletes the epoch while the service role inserts into it.
    async fn delete_before_an_insert_that_began(&self, begins: &str) -> Error {
        let (delete, insert) = (self.delete(), self.insert());
        let insertion = (&self.service, begins, &*insert);
        let error = self.refused_beside((&self.owner, &delete), insertion).await;
        self.assert_left("0", "0").await;
        error
    }

    /// The service role inserts while the owner deletes the epoch.
    async fn insert_before_a_delete_that_began(&self, begins: &str) -> Error {
        let (delete, insert) = (self.delete(), self.insert());
        let deletion = (&self.owner, begins, &*delete);
        let error = self.refused_beside((&self.service, &insert), deletion).await;
        self.assert_left("1", "1").await;
        error
    }
}

#[tokio::test]
async fn an_epoch_without_events_goes_and_one_with_events_stays() {
    let meeting = Meeting::new().await;
    meeting.books.refuse_service(&meeting.delete(), By::Grant).await;
    meeting.owner.run(BEGIN).await;
    assert_eq!(meeting.owner.run(&meeting.delete()).await, 1, "nothing holds it");
    meeting.owner.run("ROLLBACK").await;
    assert_eq!(meeting.service.run(&meeting.insert()).await, 1);
    meeting.books.refuse_owner(&meeting.delete(), By::Rule(REFERENCE)).await;
    meeting.books.refuse_owner("DELETE FROM epochs WHERE id = $open", By::Rule(REFERENCE)).await;
}

#[tokio::test]
async fn one_event_of_a_missing_epoch_refuses_the_whole_statement() {
    let books = Books::new().await;
    // The missing one is first, between and last in the order of the guard.
    for missing in ["0", "5", "999"] {
        let both = format!(
            "INSERT INTO activity_events
             SELECT new.* FROM activity_events old
             JOIN (VALUES (3), (4), ({missing})) AS epochs (id) ON true,
                jsonb_populate_record(old, jsonb_build_object('id', 'of:' || epochs.id,
                    'epoch_id', epochs.id)) new
             WHERE old.ledger_id = $ledger AND old.id = 'open:alice'"
        );
        books.refuse_both(&both, REFERENCE).await;
    }
}

#[tokio::test]
async fn an_insert_that_waited_for_a_delete_finds_no_epoch() {
    let meeting = Meeting::new().await;
    let error = meeting.delete_before_an_insert_that_began(BEGIN).await;
    By::Rule(REFERENCE).assert(&refusal(&error), &meeting.insert());
    let meeting = Meeting::new().await;
    let error = meeting.delete_before_an_insert_that_began(BEGIN_WITH_A_SNAPSHOT).await;
    assert_eq!(refusal(&error).code, SqlState::T_R_SERIALIZATION_FAILURE);
}

#[tokio::test]
async fn a_delete_that_waited_for_an_insert_sees_its_events() {
    let meeting = Meeting::new().await;
    let error = meeting.insert_before_a_delete_that_began(BEGIN).await;
    By::Rule(REFERENCE).assert(&refusal(&error), &meeting.delete());
}

#[tokio::test]
async fn an_older_snapshot_deletes_no_epoch() {
    const RULE: By = By::Rule("epoch_deleted_read_committed");
    let meeting = Meeting::new().await;
    // While the event is being written, and when it is there but not in the snapshot.
    let error = meeting.insert_before_a_delete_that_began(BEGIN_WITH_A_SNAPSHOT).await;
    RULE.assert(&refusal(&error), &meeting.delete());
    let meeting = Meeting::new().await;
    meeting.owner.run(BEGIN_WITH_A_SNAPSHOT).await;
    assert_eq!(meeting.service.run(&meeting.insert()).await, 1);
    RULE.assert(&meeting.owner.refused(&meeting.delete()).await, &meeting.delete());
    meeting.owner.run("ROLLBACK").await;
    meeting.assert_left("1", "1").await;
}
