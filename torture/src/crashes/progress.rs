//! How far a writer is, by its journal, and what it does next.

use fastrand::Rng;
use ledger_core::EpochId;

use super::deed::{Deed, PEOPLE, Run, STREAMS, epoch_in};
use super::journal::Call;
use crate::Outcome;

/// The most events of one call.
const MAX_EVENTS: u64 = 16;
const PARTS: [&str; 3] = ["kpi_bonus_v0", "top_up", "grant"];

/// An epoch, and how many calls were made in it since it came to where it is.
#[derive(Debug, Clone, Copy)]
struct Stage {
    epoch: EpochId,
    calls: u64,
}

/// How far a writer is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    calls: u64,
    epochs: i64,
    open: Option<Stage>,
    /// The epoch that is being closed.
    over: Option<Stage>,
    /// Of each stream, how many events were acknowledged; the last one has no cursor.
    streams: [u64; STREAMS + 1],
}

impl Progress {
    /// Takes one call that was answered.
    pub(super) fn take(&mut self, call: &Call, answer: &str) -> Outcome<()> {
        self.calls = call.number + 1;
        if let Some(stage) = self.over.as_mut().or(self.open.as_mut()) {
            stage.calls += 1;
        }
        match &call.deed {
            Deed::Open { .. } => self.open(epoch_in(answer)?),
            Deed::GoOn { .. } => {
                self.over = self.open.map(|stage| Stage { calls: 0, ..stage });
                self.open(epoch_in(answer)?);
            }
            Deed::Review { .. } => {
                self.over = self.open.take().map(|stage| Stage { calls: 0, ..stage });
            }
            Deed::Finalize { .. } => self.over = None,
            Deed::Insert { run, .. } | Deed::Page { run, .. } => {
                self.streams[run.stream] = run.end();
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, epoch: EpochId) {
        self.epochs += 1;
        self.open = Some(Stage { epoch, calls: 0 });
    }

    /// The next call: the same whenever it is asked for, as the dice are the call's own.
    pub(super) fn next(&self, seed: u64) -> Call {
        let mut dice = Rng::with_seed(seed ^ self.calls.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let deed = self.next_deed(&mut dice);
        // Only under a key may an epoch be asked for again that was opened the first time.
        let must = matches!(deed, Deed::Open { .. });
        let is_keyed = deed.write().is_some() && (must || dice.u8(..3) == 0);
        Call { number: self.calls, deed, is_keyed }
    }

    fn next_deed(&self, dice: &mut Rng) -> Deed {
        if let Some(Stage { epoch, calls }) = self.over {
            return match calls {
                0 => Deed::Propose { epoch },
                1 | 2 => self.decide(epoch, dice),
                _ => Deed::Finalize { epoch, statement: self.calls },
            };
        }
        let Some(Stage { epoch, calls }) = self.open else {
            return Deed::Open { number: self.epochs };
        };
        if calls == 0 {
            return Deed::Budget { epoch, part: "base_issuance".to_owned(), credits: 1_000 };
        }
        if calls > 5 && dice.u8(..20) == 0 {
            return match dice.bool() {
                true => Deed::Review { epoch },
                false => Deed::GoOn { over: epoch, number: self.epochs },
            };
        }
        match dice.u8(..20) {
            0..10 => Deed::Page { epoch, run: self.run(dice.usize(..STREAMS), dice) },
            10..14 => Deed::Insert { epoch, run: self.run(STREAMS, dice) },
            14 => Deed::Budget {
                epoch,
                part: PARTS[dice.usize(..PARTS.len())].to_owned(),
                credits: 77,
            },
            15 | 16 => Deed::Bind { person: dice.u64(..PEOPLE) },
            17 => Deed::Propose { epoch },
            _ => self.decide(epoch, dice),
        }
    }

    fn run(&self, stream: usize, dice: &mut Rng) -> Run {
        Run { stream, first: self.streams[stream], events: dice.u64(1..=MAX_EVENTS) }
    }

    fn decide(&self, epoch: EpochId, dice: &mut Rng) -> Deed {
        let units = (dice.u8(..4) > 0).then(|| dice.i64(0..10_000));
        Deed::Decide { epoch, person: dice.u64(..PEOPLE), units }
    }
}
