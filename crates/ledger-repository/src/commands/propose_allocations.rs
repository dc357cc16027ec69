//! From events to proposed units, in the database.

use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{
    AmountOverflow, Epoch, EpochId, LedgerId, NewAllocation, Timestamp, Units, UserId, WeightTable,
};
use ledger_port::{LedgerPortError, ProposalSummary};

use super::{EpochLock, count, lock_writable_epoch};
use crate::rows::Place;
use crate::transaction::{Command, TxError};

/// Computes and writes every user's proposal.
pub(crate) struct ProposeAllocations {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch_id: EpochId,
    pub(crate) now: Timestamp,
}

/// The weights as three columns.
struct WeightColumns<'a> {
    sources: Vec<&'a str>,
    event_types: Vec<&'a str>,
    weights: Vec<i64>,
}

impl<'a> WeightColumns<'a> {
    fn of(table: &'a WeightTable) -> Self {
        Self {
            sources: table.iter().map(|(kind, _)| kind.source.as_str()).collect(),
            event_types: table.iter().map(|(kind, _)| kind.event_type.as_str()).collect(),
            weights: table.iter().map(|(_, weight)| weight.get()).collect(),
        }
    }
}

// The few weights are joined to the events, which costs less than to group by kind first. `$1` ledger,
// `$2` epoch, `$3` to `$5` weights. The sum of bigints is numeric, which does not wrap.
//
// Only in statements that write nothing: PostgreSQL lets no parallel workers help one that does, and those
// take a good third of the time away.
macro_rules! computed {
    () => {
        "weights AS (
            SELECT * FROM unnest($3, $4, $5) AS w (source, event_type, weight)
        ), computed AS (
            SELECT e.user_id, coalesce(sum(w.weight), 0) AS units, count(*) AS events
            FROM activity_events e
            LEFT JOIN weights w ON w.source = e.source AND w.event_type = e.event_type
            WHERE e.ledger_id = $1 AND e.epoch_id = $2 AND e.user_id IS NOT NULL
            GROUP BY e.user_id
        )"
    };
}

// Where PostgreSQL believes an epoch to be empty, as it does of all epochs while it has no statistics, it
// would compare each event with each weight, or sort them. To compile the plan takes longer than it saves;
// that stays off until the transaction ends.
const HASH_WEIGHTS: &str = "
    SELECT pg_catalog.set_config('enable_nestloop', 'off', true),
        pg_catalog.set_config('enable_mergejoin', 'off', true),
        pg_catalog.set_config('jit', 'off', true)";
const PLAN_FREELY: &str = "
    SELECT pg_catalog.set_config('enable_nestloop', 'on', true),
        pg_catalog.set_config('enable_mergejoin', 'on', true)";

// Joined to what is computed by FULL JOIN: a user whose events are gone from under the proposal (or
// who was given one by hand) is in one of the two only.
macro_rules! stored {
    () => {
        ", stored AS (
            SELECT user_id, proposed_units, activity_count FROM epoch_allocations
            WHERE ledger_id = $1 AND epoch_id = $2
        )"
    };
}

const FIND_OVERFLOW: &str = concat!(
    "WITH ",
    computed!(),
    " SELECT user_id FROM computed WHERE units > 9223372036854775807 OR events > 4294967295
      ORDER BY user_id LIMIT 1"
);

// `$1` ledger, `$2` epoch, `$3` to `$5` what was computed, `$6` the time.
const WRITE: &str = concat!(
    "WITH computed AS (
        SELECT * FROM unnest($3, $4, $5) AS c (user_id, units, events)
    )",
    stored!(),
    ", written AS (
        INSERT INTO epoch_allocations AS a (ledger_id, epoch_id, user_id, proposed_units,
            activity_count, created_at, updated_at)
        SELECT e.ledger_id, e.id, p.user_id, p.units, p.events, $6, $6
        FROM epochs e CROSS JOIN (
            SELECT coalesce(c.user_id, s.user_id) AS user_id,
                coalesce(c.units, 0) AS units, coalesce(c.events, 0) AS events
            FROM computed c FULL JOIN stored s ON s.user_id = c.user_id
        ) p
        WHERE e.ledger_id = $1 AND e.id = $2
        ORDER BY p.user_id
        ON CONFLICT (ledger_id, epoch_id, user_id) DO UPDATE SET
            proposed_units = excluded.proposed_units,
            activity_count = excluded.activity_count,
            updated_at = excluded.updated_at
        WHERE a.proposed_units <> excluded.proposed_units
            OR a.activity_count <> excluded.activity_count
        RETURNING 1
    )
    SELECT count(*) AS changed FROM written"
);

const FIND_STALE: &str = concat!(
    "WITH ",
    computed!(),
    stored!(),
    " SELECT coalesce(s.user_id, c.user_id) AS user_id
    FROM stored s FULL JOIN computed c ON c.user_id = s.user_id
    WHERE coalesce(s.proposed_units, 0) <> coalesce(c.units, 0)
        OR coalesce(s.activity_count, 0) <> coalesce(c.events, 0)
    ORDER BY 1 LIMIT 1"
);

const COMPUTE: &str = concat!(
    "WITH ",
    computed!(),
    " SELECT user_id, units::bigint AS units, events FROM computed ORDER BY user_id"
);

#[derive(QueryableByName)]
struct ComputedRow {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    events: i64,
}

#[derive(QueryableByName)]
struct UserRow {
    #[diesel(sql_type = Text)]
    user_id: String,
}

#[derive(QueryableByName)]
struct SummaryRow {
    #[diesel(sql_type = BigInt)]
    changed: i64,
}

/// A query over what is computed, with `$1` to `$5` in place.
macro_rules! over_computed {
    ($query:expr, $ledger_id:expr, $epoch_id:expr, $weights:expr) => {{
        let columns = WeightColumns::of($weights);
        diesel::sql_query($query)
            .bind::<SqlUuid, _>($ledger_id.0)
            .bind::<BigInt, _>($epoch_id.0)
            .bind::<Array<Text>, _>(columns.sources)
            .bind::<Array<Text>, _>(columns.event_types)
            .bind::<Array<BigInt>, _>(columns.weights)
    }};
}

async fn first_user(
    tx: &mut AsyncPgConnection,
    query: &'static str,
    ledger_id: LedgerId,
    epoch_id: EpochId,
    weights: &WeightTable,
) -> Result<Option<UserId>, TxError> {
    let rows: Vec<UserRow> = over_computed!(query, ledger_id, epoch_id, weights).load(tx).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let place = Place { table: "activity_events", row: &epoch_id };
    Ok(Some(place.read("user_id", row.user_id)?))
}

/// What the events come to for each user, in the order of their ids. Refuses sums that do not fit, naming the
/// first of those users.
async fn compute(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch_id: EpochId,
    weights: &WeightTable,
) -> Result<Vec<ComputedRow>, TxError> {
    diesel::sql_query(HASH_WEIGHTS).execute(tx).await?;
    if may_overflow(weights)
        && let Some(user_id) = first_user(tx, FIND_OVERFLOW, ledger_id, epoch_id, weights).await?
    {
        return Err(AmountOverflow { what: format!("the units of {user_id}") }.into());
    }
    let rows = over_computed!(COMPUTE, ledger_id, epoch_id, weights).load(tx).await?;
    diesel::sql_query(PLAN_FREELY).execute(tx).await?;
    Ok(rows)
}

/// What every user would be proposed under these weights. Reads only.
pub(crate) struct PreviewAllocations<'a> {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch_id: EpochId,
    pub(crate) weights: &'a WeightTable,
}

#[async_trait]
impl Command for PreviewAllocations<'_> {
    type Output = Vec<NewAllocation>;
    const NAME: &'static str = "preview_allocations";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Vec<NewAllocation>, TxError> {
        let rows = compute(tx, self.ledger_id, self.epoch_id, self.weights).await?;
        let place = Place { table: "activity_events", row: &self.epoch_id };
        let allocation = |row: ComputedRow| {
            Ok(NewAllocation {
                user_id: place.read("user_id", row.user_id)?,
                proposed_units: place.amount("units", row.units, Units::new)?,
                activity_count: place.read("count", row.events)?,
            })
        };
        rows.into_iter().map(allocation).collect()
    }
}

/// Refuses to close an epoch whose proposals are not what the events come to: once it is closed,
/// nobody can put them right, and nobody could verify what was paid.
pub(super) async fn refuse_stale_proposals(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch: &Epoch,
) -> Result<(), TxError> {
    diesel::sql_query(HASH_WEIGHTS).execute(tx).await?;
    match first_user(tx, FIND_STALE, ledger_id, epoch.id, &epoch.weights).await? {
        None => {
            diesel::sql_query(PLAN_FREELY).execute(tx).await?;
            Ok(())
        }
        Some(user_id) => {
            Err(LedgerPortError::AllocationsStale { epoch_id: epoch.id, user_id }.into())
        }
    }
}

/// Whether a sum could fail to fit at all. Almost never, so almost nobody pays for looking.
fn may_overflow(weights: &WeightTable) -> bool {
    // 2^31 events of one user are more than any epoch holds.
    let largest = weights.iter().map(|(_, weight)| weight.get()).max().unwrap_or(0);
    i128::from(largest) << 31 > i128::from(i64::MAX)
}

#[async_trait]
impl Command for ProposeAllocations {
    type Output = ProposalSummary;
    const NAME: &'static str = "propose_allocations";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<ProposalSummary, TxError> {
        // Alone, although the epoch stays as it is: an event or a binding that came in the middle
        // would be in the sum of one user and not in that of the next.
        let epoch =
            lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Alone).await?;
        let rows = compute(tx, self.ledger_id, self.epoch_id, &epoch.weights).await?;
        let users: Vec<&str> = rows.iter().map(|row| row.user_id.as_str()).collect();
        let (units, events): (Vec<i64>, Vec<i64>) =
            rows.iter().map(|row| (row.units, row.events)).unzip();
        let summary: SummaryRow = diesel::sql_query(WRITE)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<BigInt, _>(self.epoch_id.0)
            .bind::<Array<Text>, _>(&users)
            .bind::<Array<BigInt>, _>(units)
            .bind::<Array<BigInt>, _>(events)
            .bind::<Timestamptz, _>(self.now.as_datetime())
            .get_result(tx)
            .await?;
        let place = Place { table: "epoch_allocations", row: &self.epoch_id };
        Ok(ProposalSummary {
            users: count(users.len()),
            changed: place.read("count", summary.changed)?,
        })
    }
}
