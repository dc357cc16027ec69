//! What goes wrong on the wire, and where.

use std::time::Duration;

use fastrand::Rng;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Both directions end at once, without a farewell.
    Cut,
    /// Nothing goes to the server any more, who is told so; what it says still comes.
    HalfClosedToServer,
    /// Nothing comes to the client any more, who is told so; what it says still goes.
    HalfClosedToClient,
    /// Nothing goes either way, and nobody is told.
    Stall,
    /// As a stall; but what was held reaches the server later, when the client has given up.
    Late,
    /// It goes on after a while.
    Delay(Duration),
    /// It goes on byte by byte.
    Drip,
}

/// Where it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before a new connection is answered.
    Connecting,
    /// Before a statement reaches the server.
    Statement,
    /// Before COMMIT reaches the server, or what makes a statement commit that is one by itself.
    BeforeCommit,
    /// After the server has committed, and before its answer comes back.
    AfterCommit,
    /// Between two rows of an answer.
    Answer,
    /// In the middle of what the client says.
    HalfOfAQuestion,
    /// In the middle of what the server says.
    HalfOfAnAnswer,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

impl Fault {
    /// Any fault; most of them around COMMIT.
    pub(super) fn throw(dice: &mut Rng) -> Self {
        let kind = match dice.u8(..10) {
            0..=1 => Kind::Cut,
            2 => Kind::HalfClosedToServer,
            3 => Kind::HalfClosedToClient,
            4..=5 => Kind::Stall,
            6 => Kind::Late,
            7..=8 => Kind::Delay(Duration::from_millis(dice.u64(1..=300))),
            _ => Kind::Drip,
        };
        let place = match dice.u8(..12) {
            0 => Place::Connecting,
            1 => Place::Statement,
            2..=4 => Place::BeforeCommit,
            5..=8 => Place::AfterCommit,
            9 => Place::Answer,
            10 => Place::HalfOfAQuestion,
            _ => Place::HalfOfAnAnswer,
        };
        Self { kind, place }
    }
}

impl Place {
    /// Whether the end of a transaction is not known to the client here.
    pub(super) const fn is_around_commit(self) -> bool {
        matches!(self, Self::BeforeCommit | Self::AfterCommit)
    }
}

/// How often each happened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) cut: u64,
    pub(super) half_closed: u64,
    pub(super) stalled: u64,
    pub(super) late: u64,
    pub(super) delayed: u64,
    pub(super) around_commit: u64,
}

impl Counts {
    pub(super) const fn add(&mut self, fault: Fault) {
        let count = match fault.kind {
            Kind::Cut => &mut self.cut,
            Kind::HalfClosedToServer | Kind::HalfClosedToClient => &mut self.half_closed,
            Kind::Stall => &mut self.stalled,
            Kind::Late => &mut self.late,
            Kind::Delay(_) | Kind::Drip => &mut self.delayed,
        };
        *count += 1;
        if fault.place.is_around_commit() {
            self.around_commit += 1;
        }
    }
}
