//! What is written, one intention a file. Each is a value that can be run again.

mod allocations;
mod bind_and_resolve;
mod bind_identities;
mod create_epoch;
mod epoch_life;
mod finalize_epoch;
mod ingest_page;
mod insert_events;
mod insert_pool_component;
mod insert_statement;
mod propose_allocations;
mod record_collection;
mod resolve_by_bindings;
mod resolve_identities;
mod roll_over;
mod turnstile;
mod upsert_cursor;
mod write_once;

pub(crate) use allocations::{InsertAllocations, UpdateAllocation};
pub(crate) use bind_and_resolve::BindAndResolve;
pub(crate) use bind_identities::BindIdentities;
pub(crate) use create_epoch::CreateEpoch;
pub(crate) use epoch_life::{BeginReview, CloseEpoch};
pub(crate) use finalize_epoch::Finalize;
pub(crate) use ingest_page::Ingest;
pub(crate) use insert_events::{InsertEvents, Remembered};
pub(crate) use insert_pool_component::InsertPoolComponent;
pub(crate) use insert_statement::{InsertStatement, statement_in_force};
pub(crate) use propose_allocations::{PreviewAllocations, ProposeAllocations};
pub(crate) use record_collection::RecordCollection;
pub(crate) use resolve_by_bindings::{InsertAndResolve, ResolveByBindings};
pub(crate) use resolve_identities::ResolveIdentities;
pub(crate) use roll_over::GoOn;
pub(crate) use upsert_cursor::UpsertCursor;
pub(crate) use write_once::{WriteOnce, find_answer};

use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{Epoch, EpochId, EpochStatus, LedgerId};
use ledger_port::{EpochNotFoundPortError, LedgerPortError, PortResult};
use ledger_schema::schema::epochs;

use crate::rows::EpochRow;
use crate::transaction::TxError;

/// How many rows one statement carries. It has far fewer than the 65,535 parameters that a statement
/// may have, because a column is one parameter here (`unnest`). It also bounds what is copied at a
/// time: usually a few megabytes, and 320 where each event carries the largest metadata there is.
const ROWS_PER_STATEMENT: usize = 5_000;

/// How strongly an epoch is locked: shared by writers, alone by whoever changes the epoch.
#[derive(Debug, Clone, Copy)]
enum EpochLock {
    Shared,
    Alone,
}

/// Passes the epoch's turnstile and locks its row, first of all locks, and reads it as it is from then on.
async fn lock_epoch(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch_id: EpochId,
    lock: EpochLock,
) -> Result<Epoch, TxError> {
    let epoch = epochs::table
        .filter(epochs::ledger_id.eq(ledger_id.0))
        .filter(epochs::id.eq(epoch_id.0))
        .select(EpochRow::as_select());
    // One statement each: a row is found when its turnstile was passed, and locked after that.
    let row = match lock {
        EpochLock::Shared => {
            epoch.filter(turnstile::passed_beside_others()).for_share().first(tx).await
        }
        // For the torture `races`: whoever changes the epoch reads it as if nobody wrote to it.
        EpochLock::Alone if ledger_core::has_fault!("fault-skipped-lock") => epoch.first(tx).await,
        EpochLock::Alone => {
            epoch.filter(turnstile::passed_alone()).for_no_key_update().first(tx).await
        }
    };
    let row: EpochRow = row.optional()?.ok_or(EpochNotFoundPortError { epoch_id })?;
    Ok(Epoch::try_from(row)?)
}

/// As [`lock_epoch`], refusing a closed one.
async fn lock_writable_epoch(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch_id: EpochId,
    lock: EpochLock,
) -> Result<Epoch, TxError> {
    Ok(writable(lock_epoch(tx, ledger_id, epoch_id, lock).await?)?)
}

/// The epoch, unless it is closed: such a one takes nothing.
fn writable(epoch: Epoch) -> PortResult<Epoch> {
    match epoch.status {
        EpochStatus::Closed => Err(LedgerPortError::EpochClosed { epoch_id: epoch.id }),
        EpochStatus::Open | EpochStatus::Review => Ok(epoch),
    }
}

/// The epoch of that id, as it is at this moment.
pub(crate) async fn find_epoch(
    connection: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch_id: EpochId,
) -> Result<Option<Epoch>, TxError> {
    let row: Option<EpochRow> = epochs::table
        .filter(epochs::ledger_id.eq(ledger_id.0))
        .filter(epochs::id.eq(epoch_id.0))
        .select(EpochRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(Epoch::try_from).transpose()?)
}

/// The ledger's open epoch (ONE_OPEN_EPOCH), if there is one.
pub(crate) async fn find_open_epoch(
    connection: &mut AsyncPgConnection,
    ledger_id: LedgerId,
) -> Result<Option<Epoch>, TxError> {
    let row: Option<EpochRow> = epochs::table
        .filter(epochs::ledger_id.eq(ledger_id.0))
        .filter(epochs::status.eq(EpochStatus::Open.as_str()))
        .select(EpochRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(Epoch::try_from).transpose()?)
}

/// A number of rows, as the port counts.
fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
