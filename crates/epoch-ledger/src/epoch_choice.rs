//! Which epoch somebody means.

use std::str::FromStr;

use ledger_core::{Epoch, EpochId, EpochStatus, InvalidValue};
use ledger_port::{ActivityLedgerStore, EpochNotFoundPortError, all_pages};

use crate::failure::Failure;

/// An epoch by number, or by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EpochChoice {
    Numbered(EpochId),
    /// The only one that is not closed.
    Current,
    /// The newest.
    Latest,
    /// The newest closed one.
    LatestClosed,
}

impl FromStr for EpochChoice {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "current" => Ok(Self::Current),
            "latest" => Ok(Self::Latest),
            _ => numbered(text, "it must be a number, `current` or `latest`"),
        }
    }
}

fn numbered(text: &str, problem: &'static str) -> Result<EpochChoice, InvalidValue> {
    text.parse()
        .map(|number| EpochChoice::Numbered(EpochId(number)))
        .map_err(|_| InvalidValue::new("epoch", text, problem))
}

impl EpochChoice {
    /// As typed where only closed epochs make sense.
    pub(crate) fn parse_closed(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "latest" => Ok(Self::LatestClosed),
            _ => numbered(text, "it must be a number or `latest`"),
        }
    }

    /// Finds the epoch that is meant.
    pub(crate) async fn find(self, store: &dyn ActivityLedgerStore) -> Result<Epoch, Failure> {
        if let Self::Numbered(epoch_id) = self {
            let found = store.get_epoch(epoch_id).await?;
            return found.ok_or_else(|| EpochNotFoundPortError { epoch_id }.into());
        }
        let mut fitting = all_pages(|page| store.list_epochs(page)).await?;
        fitting.retain(|epoch| self.fits(epoch));
        if self == Self::Current && fitting.len() > 1 {
            return Err(ambiguous(&fitting));
        }
        // Newest first.
        fitting.into_iter().next().ok_or_else(|| Failure::not_found(self.absence()))
    }

    fn fits(self, epoch: &Epoch) -> bool {
        match self {
            Self::Numbered(epoch_id) => epoch.id == epoch_id,
            Self::Current => epoch.status != EpochStatus::Closed,
            Self::Latest => true,
            Self::LatestClosed => epoch.status == EpochStatus::Closed,
        }
    }

    const fn absence(self) -> &'static str {
        match self {
            Self::Current => {
                "no epoch is open or in review; open one with `epoch-ledger epoch open`"
            }
            Self::LatestClosed => "no epoch is closed yet; see `epoch-ledger epoch list`",
            Self::Numbered(_) | Self::Latest => {
                "there is no epoch yet; open one with `epoch-ledger epoch open`"
            }
        }
    }
}

/// Nobody should close the open week when they meant the one in review.
fn ambiguous(unclosed: &[Epoch]) -> Failure {
    let named: Vec<String> =
        unclosed.iter().map(|epoch| format!("{} ({})", epoch.id, epoch.status)).collect();
    Failure::wrong_arguments(format!(
        "several epochs are not closed: {}; say which one, by its number",
        named.join(", ")
    ))
}
