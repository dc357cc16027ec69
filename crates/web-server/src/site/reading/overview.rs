//! What an epoch comes to, remembered for a moment: it may hold a million events of ten thousand
//! people, and many may look at it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::api::Payable;
use crate::problem::Answer;

use ledger_core::{Epoch, EpochStatus, LedgerId};
use ledger_port::{ActivityCount, ActivityLedgerStore, Obstacle, obstacles};

/// How long it is remembered while an epoch may change. A page may be so much behind.
const FRESH: Duration = Duration::from_secs(5);

/// How long for a closed epoch, which never changes.
const FRESH_WHEN_CLOSED: Duration = Duration::from_secs(3_600);

/// How many epochs are remembered.
const MAX_REMEMBERED: usize = 64;

/// What there is to say about an epoch as a whole.
#[derive(Debug)]
pub(crate) struct Overview {
    /// By day and kind.
    pub(crate) counts: Vec<ActivityCount>,
    /// What stands between the epoch and its statement.
    pub(crate) obstacles: Vec<Obstacle>,
    pub(crate) payable: Payable,
}

impl Overview {
    pub(crate) fn events(&self) -> u64 {
        self.counts.iter().map(|count| count.events).sum()
    }

    pub(crate) fn unresolved(&self) -> u64 {
        self.counts.iter().map(|count| count.unresolved).sum()
    }

    pub(crate) fn late(&self) -> u64 {
        self.counts.iter().map(|count| count.late).sum()
    }
}

/// The last overviews, by ledger, epoch and where it stands.
#[derive(Debug, Default)]
pub(crate) struct Overviews(Mutex<HashMap<Key, (Instant, Arc<Overview>)>>);

type Key = (LedgerId, i64, EpochStatus);

impl Overviews {
    /// The epoch's overview, asked for anew where the last one is too old.
    pub(crate) async fn of(
        &self,
        ledger: LedgerId,
        store: &dyn ActivityLedgerStore,
        epoch: &Epoch,
    ) -> Answer<Arc<Overview>> {
        let is_closed = epoch.status == EpochStatus::Closed;
        let patience = if is_closed { FRESH_WHEN_CLOSED } else { FRESH };
        let key = (ledger, epoch.id.0, epoch.status);
        if let Some((at, overview)) = self.lock().get(&key)
            && at.elapsed() < patience
        {
            return Ok(Arc::clone(overview));
        }
        let counts = store.count_activity(epoch.id, None).await?;
        let obstacles = obstacles(store, epoch, &counts).await?;
        let payable = Payable::of(store, epoch).await?;
        let overview = Arc::new(Overview { counts, obstacles, payable });
        let mut remembered = self.lock();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, (Instant::now(), Arc::clone(&overview)));
        Ok(overview)
    }

    /// Forgets what a change made old, so that whoever made it sees it.
    pub(crate) fn forget(&self, ledger: LedgerId) {
        self.lock().retain(|(of, ..), _| *of != ledger);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, (Instant, Arc<Overview>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
