//! What is remembered of epochs between calls.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use ledger_core::{EpochId, LedgerId, Period};

/// How many epochs are remembered; 64 KiB. One that is not costs a call one question more.
const MOST: usize = 1_024;

/// The windows of epochs that were found not closed. A window never changes (EPOCH_DEFINITION_PINNED), so
/// what is remembered of it stays true; whether the epoch is still not closed, the table's guard says.
#[derive(Debug, Default)]
pub(crate) struct Windows(RwLock<HashMap<(LedgerId, EpochId), Period>>);

impl Windows {
    pub(super) fn find(&self, ledger_id: LedgerId, epoch_id: EpochId) -> Option<Period> {
        let windows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        windows.get(&(ledger_id, epoch_id)).copied()
    }

    pub(super) fn remember(&self, ledger_id: LedgerId, epoch_id: EpochId, window: Period) {
        let mut windows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST {
            windows.clear();
        }
        windows.insert((ledger_id, epoch_id), window);
    }

    pub(super) fn forget(&self, ledger_id: LedgerId, epoch_id: EpochId) {
        let mut windows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        windows.remove(&(ledger_id, epoch_id));
    }
}

#[cfg(test)]
mod tests {
    use ledger_core::{EpochId, LedgerId, Period};
    use uuid::Uuid;

    use super::{MOST, Windows};

    #[test]
    fn no_more_epochs_are_remembered_than_there_is_room_for() {
        let (windows, ledger_id) = (Windows::default(), LedgerId(Uuid::nil()));
        let window = Period::iso_week("2026-W47").expect("a week");
        let epochs = || (1..).map(EpochId).take(MOST + 1);
        let held = || epochs().filter(|id| windows.find(ledger_id, *id) == Some(window)).count();
        for (before, epoch_id) in epochs().enumerate() {
            assert_eq!(held(), before);
            windows.remember(ledger_id, epoch_id, window);
        }
        assert_eq!(held(), 1, "room was made for the last one");
    }
}
