//! Gives waiting events to the people their platform users are bound to.
//!
//! Everybody who gives events away locks them epoch by epoch, and in each in the order of their ids, so nobody
//! waits in a circle.

use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{EpochId, LedgerId};
use ledger_port::InsertOutcome;

use super::bind_identities::{Bindings, let_bindings};
use super::resolve_identities::{FEW, give, look_each_event_up};
use super::{EpochLock, InsertEvents, ROWS_PER_STATEMENT, count, lock_writable_epoch};
use crate::transaction::{Command, TxError};

/// All that waits in an epoch.
pub(crate) struct ResolveByBindings {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch_id: EpochId,
}

/// An event and whose it is.
#[derive(QueryableByName)]
struct Given {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    user_id: String,
}

// Steps from one waiting platform user to the next in `activity_events_waiting`, whose events are not
// read, and looks each up in the bindings' primary key. So a call for which nothing waits costs what
// the number of waiting people costs, and not of their events. Left to itself, PostgreSQL joins by
// statistics: after a first large collection there are none, it believes that one event waits, and
// compares every event with every binding.
//
// A cursor, so that no statement grows with what waits, and the answer does not either.
const DECLARE: &str = "
    DECLARE waiting_and_bound NO SCROLL CURSOR FOR
    WITH RECURSIVE waiting AS (
        (SELECT e.source, e.platform_user_id FROM activity_events e
         WHERE e.ledger_id = $1 AND e.epoch_id = $2 AND e.user_id IS NULL
         ORDER BY e.source, e.platform_user_id LIMIT 1)
        UNION ALL
        SELECT following.source, following.platform_user_id
        FROM waiting w CROSS JOIN LATERAL (
            SELECT e.source, e.platform_user_id FROM activity_events e
            WHERE e.ledger_id = $1 AND e.epoch_id = $2 AND e.user_id IS NULL
                AND (e.source, e.platform_user_id) > (w.source, w.platform_user_id)
            ORDER BY e.source, e.platform_user_id LIMIT 1
        ) following
    ), person AS MATERIALIZED (
        SELECT w.source, w.platform_user_id, (
            SELECT b.user_id FROM identity_bindings b
            WHERE b.ledger_id = $1 AND b.source = w.source
                AND b.platform_user_id = w.platform_user_id
        ) AS user_id
        FROM waiting w
    )
    SELECT e.id, p.user_id
    FROM person p
    JOIN activity_events e ON e.ledger_id = $1 AND e.epoch_id = $2 AND e.user_id IS NULL
        AND e.source = p.source AND e.platform_user_id = p.platform_user_id
    WHERE p.user_id IS NOT NULL
    ORDER BY e.id
    FOR NO KEY UPDATE OF e";

// All of it is read, so it is planned for that, and not for the first rows. And in one pass, also where
// another epoch of this transaction came before, after whose planning each event was looked up.
const PLAN_FOR_ALL: &str = "
    SELECT pg_catalog.set_config('cursor_tuple_fraction', '1', true),
        pg_catalog.set_config('enable_hashjoin', 'on', true),
        pg_catalog.set_config('enable_mergejoin', 'on', true)";

/// How many events are given away at a time: two texts each, and half a second on the server.
const GIVEN_PER_STATEMENT: usize = 10_000;

#[async_trait]
impl Command for ResolveByBindings {
    type Output = u64;
    const NAME: &'static str = "resolve_activity_by_bindings";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<u64, TxError> {
        lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Shared).await?;
        diesel::sql_query(PLAN_FOR_ALL).execute(tx).await?;
        diesel::sql_query(DECLARE)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<BigInt, _>(self.epoch_id.0)
            .execute(tx)
            .await?;
        // The cursor is planned by now: who waits is found in one pass.
        look_each_event_up(tx).await?;
        let fetch = format!("FETCH {GIVEN_PER_STATEMENT} FROM waiting_and_bound");
        let mut resolved = 0;
        loop {
            let given: Vec<Given> = diesel::sql_query(&fetch).load(tx).await?;
            resolved += hand_over(tx, self.ledger_id, &given).await?;
            if given.len() < GIVEN_PER_STATEMENT {
                break;
            }
        }
        diesel::sql_query("CLOSE waiting_and_bound").execute(tx).await?;
        Ok(resolved)
    }
}

/// Appends events, and gives those of them that wait to people. Whoever binds somebody waits for it, or it for
/// them.
pub(crate) struct InsertAndResolve<'a>(pub(crate) InsertEvents<'a>);

// One table, and a lookup for each of its rows: there is no join whose order or kind hangs on statistics.
// Without any, PostgreSQL reads the ledger's events once at the worst. `+ 0` and `coalesce` keep it from
// looking for each id among all that wait, or in all of the epoch.
const FIND_AMONG: &str = "
    SELECT e.id, b.user_id
    FROM activity_events e
    CROSS JOIN LATERAL (
        SELECT user_id FROM identity_bindings
        WHERE ledger_id = $1 AND source = e.source AND platform_user_id = e.platform_user_id
        LIMIT 1
    ) b
    WHERE e.ledger_id = $1 AND e.id = ANY ($3)
        AND e.epoch_id + 0 = $2 AND coalesce(e.user_id, '') = ''
    ORDER BY e.id
    FOR NO KEY UPDATE OF e";

#[async_trait]
impl Command for InsertAndResolve<'_> {
    type Output = InsertOutcome;
    const NAME: &'static str = "insert_and_resolve";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<InsertOutcome, TxError> {
        // Locks the epoch. Whoever gives events away has inserted all of theirs by then, so nobody
        // who holds a lock on an event waits for one who inserts.
        let Self(insert) = self;
        let_bindings(Bindings::Stay, tx, insert.ledger_id).await?;
        let outcome = insert.run(tx).await?;
        let ids = insert.sorted_ids();
        if ids.len() > FEW {
            look_each_event_up(tx).await?;
        }
        for ids in ids.chunks(ROWS_PER_STATEMENT) {
            let given: Vec<Given> = diesel::sql_query(FIND_AMONG)
                .bind::<SqlUuid, _>(insert.ledger_id.0)
                .bind::<BigInt, _>(insert.epoch_id.0)
                .bind::<Array<Text>, _>(ids)
                .load(tx)
                .await?;
            hand_over(tx, insert.ledger_id, &given).await?;
        }
        Ok(outcome)
    }
}

async fn hand_over(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    given: &[Given],
) -> Result<u64, TxError> {
    let (ids, users) = given.iter().map(|one| (&*one.id, &*one.user_id)).unzip();
    Ok(count(give(tx, ledger_id, ids, users).await?))
}
