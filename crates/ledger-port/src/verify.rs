//! Recomputes a statement through the port, in bounded memory for events.

use futures_util::TryStreamExt as _;
use ledger_core::{EpochId, EpochStatus, StatementVerifier, VerificationReport};

use crate::{ActivityLedgerStore, EpochNotFoundPortError, LedgerPortError, all_pages};

/// Why a statement cannot be verified at all. A statement that is wrong is not an error but a
/// report with a difference.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Only closed epochs have statements.
    #[error(
        "epoch {epoch_id} is {}; it gets a statement when it is closed", status.in_a_sentence()
    )]
    NotClosed {
        /// The epoch.
        epoch_id: EpochId,
        /// Where it stands.
        status: EpochStatus,
    },
    /// The epoch was closed without a statement.
    #[error("epoch {epoch_id} is closed but has no statement; close it again to write it")]
    NoStatement {
        /// The epoch.
        epoch_id: EpochId,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] LedgerPortError),
}

/// Reads everything stored about a closed epoch, recomputes its statement, and reports every
/// comparison.
///
/// # Errors
/// When there is nothing to verify, or the store cannot be read.
pub async fn verify_statement(
    store: &dyn ActivityLedgerStore,
    epoch_id: EpochId,
) -> Result<VerificationReport, VerifyError> {
    let epoch = store
        .get_epoch(epoch_id)
        .await?
        .ok_or(LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }))?;
    if epoch.status != EpochStatus::Closed {
        return Err(VerifyError::NotClosed { epoch_id, status: epoch.status });
    }
    let statement = store
        .get_statement_for_epoch(epoch_id)
        .await?
        .ok_or(VerifyError::NoStatement { epoch_id })?;
    let mut verifier = StatementVerifier::new(&epoch);
    let mut events = store.stream_activity_for_epoch(epoch_id).await?;
    while let Some(event) = events.try_next().await? {
        verifier.add_event(&event).map_err(LedgerPortError::from)?;
    }
    drop(events);
    let allocations = |page| store.get_allocations_for_epoch(epoch_id, page);
    all_pages(allocations).await?.into_iter().for_each(|one| verifier.add_allocation(one));
    let components = all_pages(|page| store.get_pool_components_for_epoch(epoch_id, page)).await?;
    Ok(verifier.finish(&components, &statement).map_err(LedgerPortError::from)?)
}
