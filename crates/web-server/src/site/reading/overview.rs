//! What an epoch comes to, remembered for a moment: it may hold a million events of ten thousand
//! people, and many may look at it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::access::Visit;
use crate::api::Payable;
use crate::problem::Answer;
use crate::state::App;

use ledger_core::{Epoch, EpochStatus, LedgerId};
use ledger_port::{ActivityCount, ActivityLedgerStore, Obstacle, obstacles};

/// How long what is remembered of an epoch that may change is as good as new.
const FRESH: Duration = Duration::from_secs(5);

/// How long it is still shown, while somebody finds out anew in the background. So whoever looks at a
/// busy page does not wait, and sees nothing older than this.
const SHOWN: Duration = Duration::from_secs(30);

/// How long for a closed epoch, which never changes.
const SHOWN_WHEN_CLOSED: Duration = Duration::from_secs(3_600);

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
pub(crate) struct Overviews(Mutex<Memory>);

type Key = (LedgerId, i64, EpochStatus);

fn key_of(visit: &Visit, epoch: &Epoch) -> Key {
    (visit.ledger.id, epoch.id.0, epoch.status)
}

#[derive(Debug, Default)]
struct Memory {
    entries: HashMap<Key, Entry>,
    /// How often something was forgotten. What was found out before is not remembered after.
    forgotten: u64,
}

#[derive(Debug)]
struct Entry {
    overview: Arc<Overview>,
    at: Instant,
    is_being_renewed: bool,
}

impl Overviews {
    /// The epoch's overview, which may be some seconds old. One that is older is shown once more and
    /// found out anew in the background.
    pub(crate) async fn of(app: &App, visit: &Visit, epoch: &Epoch) -> Answer<Arc<Overview>> {
        let key = key_of(visit, epoch);
        let patience = if epoch.status == EpochStatus::Closed { SHOWN_WHEN_CLOSED } else { SHOWN };
        let Some(overview) = app.overviews.known(key, patience) else {
            return app.overviews.find(key, visit.store.as_ref(), epoch).await;
        };
        if app.overviews.is_to_be_renewed(key) {
            let (app, store, epoch) = (app.clone(), Arc::clone(&visit.store), epoch.clone());
            tokio::spawn(async move {
                if let Err(problem) = app.overviews.find(key, store.as_ref(), &epoch).await {
                    let (code, epoch) = (problem.code.name(), epoch.id);
                    tracing::warn!(code, %epoch, "an overview was not renewed; the next view tries again");
                    app.overviews.forget(key.0);
                }
            });
        }
        Ok(overview)
    }

    /// The epoch's overview for whoever decides by it.
    pub(crate) async fn latest(app: &App, visit: &Visit, epoch: &Epoch) -> Answer<Arc<Overview>> {
        let key = key_of(visit, epoch);
        match app.overviews.known(key, FRESH) {
            Some(overview) => Ok(overview),
            None => app.overviews.find(key, visit.store.as_ref(), epoch).await,
        }
    }

    fn known(&self, key: Key, patience: Duration) -> Option<Arc<Overview>> {
        let memory = self.lock();
        let entry = memory.entries.get(&key).filter(|entry| entry.at.elapsed() < patience)?;
        Some(Arc::clone(&entry.overview))
    }

    /// Whether it is old, and nobody renews it yet.
    fn is_to_be_renewed(&self, key: Key) -> bool {
        let mut memory = self.lock();
        let is_old = |entry: &&mut Entry| {
            key.2 != EpochStatus::Closed && entry.at.elapsed() >= FRESH && !entry.is_being_renewed
        };
        let entry = memory.entries.get_mut(&key).filter(is_old);
        entry.map(|entry| entry.is_being_renewed = true).is_some()
    }

    async fn find(
        &self,
        key: Key,
        store: &dyn ActivityLedgerStore,
        epoch: &Epoch,
    ) -> Answer<Arc<Overview>> {
        let forgotten = self.lock().forgotten;
        let at = Instant::now();
        let counts = store.count_activity(epoch.id, None).await?;
        let obstacles = obstacles(store, epoch, &counts).await?;
        let payable = Payable::of(store, epoch).await?;
        let overview = Arc::new(Overview { counts, obstacles, payable });
        let mut memory = self.lock();
        if memory.forgotten == forgotten {
            if memory.entries.len() >= MAX_REMEMBERED {
                memory.entries.clear();
            }
            let entry = Entry { overview: Arc::clone(&overview), at, is_being_renewed: false };
            memory.entries.insert(key, entry);
        }
        Ok(overview)
    }

    /// Forgets what a change made old, so that whoever made it sees it.
    pub(crate) fn forget(&self, ledger: LedgerId) {
        let mut memory = self.lock();
        memory.forgotten += 1;
        memory.entries.retain(|(of, ..), _| *of != ledger);
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
