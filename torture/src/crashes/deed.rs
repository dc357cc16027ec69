//! What a writer does in one call, and how it is done again.

use ledger_core::{EpochId, IdempotencyKey, NewActivityEvent, Period, Sha256Hex, Timestamp};
use ledger_port::{
    FinalizeEpoch, IngestPage, LedgerPortError, Once, PortResult, RollOver, Write, Written,
};
use ledger_testkit::{
    binding, cursor_key, decision, event, finalize, new_epoch, pool_component, statement_id, user,
    weights,
};
use serde::{Deserialize, Serialize};

use super::journal::Call;
use crate::Outcome;
use crate::ground::Store;

/// How many people there are.
pub(super) const PEOPLE: u64 = 8;
/// The streams that are read with a cursor; the next one has none.
pub(super) const STREAMS: usize = 2;

/// Some events of a stream, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) stream: usize,
    pub(super) first: u64,
    pub(super) events: u64,
}

impl Run {
    pub(super) const fn end(&self) -> u64 {
        self.first + self.events
    }

    pub(super) fn events(&self) -> Vec<NewActivityEvent> {
        (self.first..self.end()).map(|number| self.event(number)).collect()
    }

    fn event(&self, number: u64) -> NewActivityEvent {
        let (stream, person) = (self.stream, number % PEOPLE);
        let built =
            event(&format!("{stream}:{number}")).by(&format!("person-{person}@example.org"));
        // Every third belongs to somebody at once, and the others when who is who is known.
        let built =
            if number.is_multiple_of(3) { built.of_user(&person_of(person)) } else { built };
        built.build()
    }
}

/// What one call does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Deed {
    /// Opens the writer's epoch of that number.
    Open {
        number: i64,
    },
    /// Puts an epoch into review and opens the one of that number.
    GoOn {
        over: EpochId,
        number: i64,
    },
    Budget {
        epoch: EpochId,
        part: String,
        credits: i64,
    },
    Insert {
        epoch: EpochId,
        run: Run,
    },
    Page {
        epoch: EpochId,
        run: Run,
    },
    Bind {
        person: u64,
    },
    Propose {
        epoch: EpochId,
    },
    Decide {
        epoch: EpochId,
        person: u64,
        units: Option<i64>,
    },
    Review {
        epoch: EpochId,
    },
    Finalize {
        epoch: EpochId,
        statement: u64,
    },
}

/// What a deed is answered where the person has nothing to decide on.
pub(super) const NOTHING_TO_DECIDE: &str = "nothing to decide";

impl Deed {
    /// The same as a write under a key, where there is one.
    pub(super) fn write(&self) -> Option<Write> {
        Some(match self.clone() {
            Self::GoOn { .. } | Self::Page { .. } => return None,
            Self::Open { number } => Write::CreateEpoch(epoch_of(number)),
            Self::Budget { epoch: epoch_id, part, credits } => {
                Write::InsertPoolComponent { epoch_id, component: pool_component(&part, credits) }
            }
            Self::Insert { epoch: epoch_id, run } => {
                Write::InsertActivityEvents { epoch_id, events: run.events() }
            }
            Self::Bind { person } => Write::BindIdentities(vec![binding_of(person)]),
            Self::Propose { epoch } => Write::ProposeAllocations(epoch),
            Self::Decide { epoch: epoch_id, person, units } => Write::UpdateAllocation {
                epoch_id,
                user_id: user(&person_of(person)),
                decision: units.map(|units| decision(units, "looked at it again")),
            },
            Self::Review { epoch } => Write::BeginReview(epoch),
            Self::Finalize { epoch, statement } => Write::FinalizeEpoch(asked(epoch, statement)),
        })
    }

    /// Does it without a key.
    async fn perform(&self, store: &Store) -> PortResult<Written> {
        Ok(match self {
            Self::Open { number } => Written::Epoch(store.create_epoch(&epoch_of(*number)).await?),
            Self::GoOn { over, number } => {
                let command = RollOver { over: Some(*over), next: epoch_of(*number) };
                Written::Epoch(store.roll_over(&command).await?)
            }
            Self::Budget { epoch, part, credits } => {
                let part = pool_component(part, *credits);
                Written::PoolComponent(store.insert_pool_component(*epoch, &part).await?)
            }
            Self::Insert { epoch, run } => {
                Written::Activity(store.insert_activity_events(*epoch, &run.events()).await?)
            }
            Self::Page { epoch, run } => {
                Written::Activity(store.ingest_page(&page_of(*epoch, run)).await?)
            }
            Self::Bind { person } => {
                let bound = store.bind_identities(&[binding_of(*person)]).await?;
                Written::Bound { bound, resolved: 0 }
            }
            Self::Propose { epoch } => Written::Proposed(store.propose_allocations(*epoch).await?),
            Self::Decide { epoch, person, units } => {
                let (name, decision) = (user(&person_of(*person)), decision_of(*units));
                let answer = store.update_allocation(*epoch, &name, decision.as_ref()).await?;
                Written::Allocation(answer)
            }
            Self::Review { epoch } => Written::Epoch(store.begin_review(*epoch).await?),
            Self::Finalize { epoch, statement } => {
                Written::Finalized(store.finalize_epoch(&asked(*epoch, *statement)).await?)
            }
        })
    }
}

/// Makes the call. Under a key the answer ends with `who`: another one who asks again gets what the first
/// was answered.
pub(super) async fn make(store: &Store, call: &Call, who: &str) -> PortResult<String> {
    let keyed = call.is_keyed.then(|| call.deed.write()).flatten();
    let answer = match &keyed {
        None => call.deed.perform(store).await.map(|written| text_of(&written)),
        Some(write) => {
            let render = |written: &Written| format!("{} {who}", text_of(written));
            store.write(write, Some(&key_of(call)), &render).await.map(|answer| answer.text)
        }
    };
    match answer {
        Err(LedgerPortError::AllocationNotFound(_)) => Ok(NOTHING_TO_DECIDE.to_owned()),
        answer => answer,
    }
}

fn key_of(call: &Call) -> Once {
    let key: IdempotencyKey = ledger_testkit::parsed(&format!("call-{}", call.number));
    Once { key, request_hash: Sha256Hex::of(format!("{:?}", call.deed).as_bytes()) }
}

/// An answer in a line, of which the second word is what later calls need.
pub(super) fn text_of(written: &Written) -> String {
    match written {
        Written::Epoch(epoch) => format!("epoch {} {}", epoch.id, digest(epoch)),
        Written::Finalized(finalized) => {
            format!("finalized {} {}", finalized.epoch.id, digest(finalized))
        }
        Written::Activity(outcome) => {
            let conflicts = outcome.conflicts.count;
            format!(
                "inserted {} skipped {} conflicts {conflicts}",
                outcome.inserted, outcome.duplicates
            )
        }
        Written::Bound { bound, .. } => format!("bound {bound}"),
        Written::Proposed(summary) => format!("proposed {}", summary.users),
        Written::Allocation(allocation) => {
            let units = allocation.decision.as_ref().map(|one| one.final_units().get());
            format!("decided {units:?} for {}", allocation.user_id)
        }
        Written::PoolComponent(part) => format!("part {}", digest(part)),
    }
}

fn digest(answer: &impl std::fmt::Debug) -> Sha256Hex {
    Sha256Hex::of(format!("{answer:?}").as_bytes())
}

/// The epoch that an answer names.
pub(super) fn epoch_in(answer: &str) -> Outcome<EpochId> {
    let number = answer.split(' ').nth(1).unwrap_or_default();
    Ok(EpochId(number.parse()?))
}

pub(super) fn person_of(number: u64) -> String {
    format!("person-{number}")
}

pub(super) fn binding_of(person: u64) -> ledger_port::IdentityBinding {
    binding("git", &format!("person-{person}@example.org"), &person_of(person))
}

fn decision_of(units: Option<i64>) -> Option<ledger_core::AllocationOverride> {
    units.map(|units| decision(units, "looked at it again"))
}

pub(super) fn stream_of(stream: usize) -> ledger_core::CursorKey {
    cursor_key(&format!("stream-{stream}"))
}

fn page_of(epoch_id: EpochId, run: &Run) -> IngestPage {
    let (cursor_key, cursor_value) = (stream_of(run.stream), run.end().to_string());
    IngestPage { epoch_id, events: run.events(), cursor_key, cursor_value }
}

fn asked(epoch: EpochId, statement: u64) -> FinalizeEpoch {
    FinalizeEpoch { statement_id: statement_id(u128::from(statement)), ..finalize(epoch) }
}

/// A day each. They begin after every event, so that all of them are taken, whichever epoch is open.
fn epoch_of(number: i64) -> ledger_core::NewEpoch {
    const FIRST: i64 = 1_800_000_000;
    let day = |number| Timestamp::from_unix_seconds(FIRST + number * 86_400);
    let period = day(number).and_then(|start| Period::new(start, day(number + 1)?));
    new_epoch(
        period.expect("there are fewer epochs than days up to the year 10000"),
        weights(&[("git:commit_authored", 1_000)]),
    )
}
