use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, QueryDsl};
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{EpochId, EpochStatus, EventId, LedgerId, UserId};
use ledger_port::{IdentityResolution, LedgerPortError, ResolutionOutcome};
use ledger_schema::schema::activity_events;

use super::{EpochLock, ROWS_PER_STATEMENT, lock_epoch};
use crate::rows::Place;
use crate::transaction::{Command, TxError};

/// Gives events to people, all or none.
pub(crate) struct ResolveIdentities<'a> {
    pub(crate) ledger_id: LedgerId,
    pub(crate) resolutions: &'a [IdentityResolution],
}

/// What is known of an event that is to be resolved.
struct Known {
    epoch_id: EpochId,
    is_frozen: bool,
    user_id: Option<UserId>,
}

#[async_trait]
impl Command for ResolveIdentities<'_> {
    type Output = ResolutionOutcome;
    const NAME: &'static str = "resolve_activity_identities";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<ResolutionOutcome, TxError> {
        let ids: BTreeSet<&str> =
            self.resolutions.iter().map(|resolution| resolution.event_id.as_str()).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let mut known = self.lock_events(tx, &ids).await?;
        let mut outcome = ResolutionOutcome::default();
        let mut fresh = BTreeMap::new();
        for resolution in self.resolutions {
            if let Some(user_id) = decide(resolution, &mut known)? {
                fresh.insert(resolution.event_id.as_str(), user_id.as_str());
                outcome.resolved += 1;
            } else {
                outcome.unchanged += 1;
            }
        }
        self.write(tx, &fresh).await?;
        Ok(outcome)
    }
}

/// Whom the event goes to now; `None` where it is theirs already.
fn decide<'r>(
    resolution: &'r IdentityResolution,
    known: &mut BTreeMap<EventId, Known>,
) -> Result<Option<&'r UserId>, LedgerPortError> {
    let IdentityResolution { event_id, user_id } = resolution;
    let event = known
        .get_mut(event_id)
        .ok_or_else(|| LedgerPortError::EventNotFound { event_id: event_id.clone() })?;
    match &event.user_id {
        Some(found) if found == user_id => Ok(None),
        Some(found) => Err(LedgerPortError::IdentityAlreadyResolved {
            event_id: event_id.clone(),
            found: found.clone(),
            asked: user_id.clone(),
        }),
        None if event.is_frozen => Err(LedgerPortError::EpochClosed { epoch_id: event.epoch_id }),
        None => {
            event.user_id = Some(user_id.clone());
            Ok(Some(user_id))
        }
    }
}

impl ResolveIdentities<'_> {
    /// Locks the events' epochs, then the events of one after the other, each by sorted key. An event never
    /// changes its epoch, so the first look needs no lock.
    async fn lock_events(
        &self,
        tx: &mut AsyncPgConnection,
        ids: &[&str],
    ) -> Result<BTreeMap<EventId, Known>, TxError> {
        let mut ids_of_epochs: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for chunk in ids.chunks(ROWS_PER_STATEMENT) {
            let found: Vec<(i64, String)> = activity_events::table
                .filter(activity_events::ledger_id.eq(self.ledger_id.0))
                .filter(activity_events::id.eq_any(chunk))
                .select((activity_events::epoch_id, activity_events::id))
                .load(tx)
                .await?;
            for (epoch_id, id) in found {
                ids_of_epochs.entry(epoch_id).or_default().push(id);
            }
        }
        let mut frozen = BTreeSet::new();
        for &epoch_id in ids_of_epochs.keys() {
            let epoch =
                lock_epoch(tx, self.ledger_id, EpochId(epoch_id), EpochLock::Shared).await?;
            if epoch.status == EpochStatus::Closed {
                frozen.insert(epoch_id);
            }
        }
        let mut known = BTreeMap::new();
        for (epoch_id, mut ids) in ids_of_epochs {
            ids.sort_unstable();
            let is_frozen = frozen.contains(&epoch_id);
            let epoch_id = EpochId(epoch_id);
            for chunk in ids.chunks(ROWS_PER_STATEMENT) {
                for (event_id, user_id) in self.lock_some(tx, chunk).await? {
                    known.insert(event_id, Known { epoch_id, is_frozen, user_id });
                }
            }
        }
        Ok(known)
    }

    /// Locks events in the order of their ids; whose each is.
    async fn lock_some(
        &self,
        tx: &mut AsyncPgConnection,
        ids: &[String],
    ) -> Result<Vec<(EventId, Option<UserId>)>, TxError> {
        let rows: Vec<(String, Option<String>)> = activity_events::table
            .filter(activity_events::ledger_id.eq(self.ledger_id.0))
            .filter(activity_events::id.eq_any(ids))
            .order(activity_events::id)
            .select((activity_events::id, activity_events::user_id))
            .for_no_key_update()
            .load(tx)
            .await?;
        let mut found = Vec::new();
        for (id, user_id) in rows {
            let place = Place { table: "activity_events", row: &id };
            let event_id = place.read("id", id.clone())?;
            let user_id = user_id.map(|user_id| place.read("user_id", user_id)).transpose()?;
            found.push((event_id, user_id));
        }
        Ok(found)
    }

    async fn write(
        &self,
        tx: &mut AsyncPgConnection,
        fresh: &BTreeMap<&str, &str>,
    ) -> Result<(), TxError> {
        if fresh.len() > FEW {
            look_each_event_up(tx).await?;
        }
        let pairs: Vec<(&str, &str)> = fresh.iter().map(|(id, user)| (*id, *user)).collect();
        for chunk in pairs.chunks(ROWS_PER_STATEMENT) {
            let (ids, users) = chunk.iter().copied().unzip();
            give(tx, self.ledger_id, ids, users).await?;
        }
        Ok(())
    }
}

/// So few events are looked up by their keys, whatever is known of the table.
pub(super) const FEW: usize = 100;

/// Until the transaction ends, events are looked up by their keys. Left to itself, PostgreSQL would rather
/// read the whole table for some thousands of them, and again for the next: it takes a page for four
/// times as dear where the key tells it, and right after a first large collection it has no statistics.
pub(super) async fn look_each_event_up(tx: &mut AsyncPgConnection) -> Result<(), TxError> {
    diesel::sql_query(NESTED_LOOPS).execute(tx).await?;
    Ok(())
}

const NESTED_LOOPS: &str = "
    SELECT pg_catalog.set_config('enable_hashjoin', 'off', true),
        pg_catalog.set_config('enable_mergejoin', 'off', true)";

/// Gives each of the events to the user at its place; how many were given. The caller has locked them, and
/// seen that they are nobody's.
pub(super) async fn give(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    ids: Vec<&str>,
    users: Vec<&str>,
) -> Result<usize, TxError> {
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(diesel::sql_query(RESOLVE)
        .bind::<SqlUuid, _>(ledger_id.0)
        .bind::<Array<Text>, _>(ids)
        .bind::<Array<Text>, _>(users)
        .execute(tx)
        .await?)
}

// Not `AND e.user_id IS NULL`, which is so: without statistics, PostgreSQL would look each event up among all
// that wait, in `activity_events_waiting`, and not by its key.
const RESOLVE: &str = "
    UPDATE activity_events e SET user_id = u.user_id
    FROM unnest($2, $3) AS u (id, user_id)
    WHERE e.ledger_id = $1 AND e.id = u.id";
