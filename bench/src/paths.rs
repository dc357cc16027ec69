//! The hot paths: what is measured, beside whom, and what is aimed at.

use ledger_bench::stage::Work;
use serde::Serialize;

use crate::prices::Alteration;

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Peer {
    Store,
    Copy,
    DieselValues,
    SqlxUnnest,
    Typescript,
}

impl Peer {
    /// What it is called in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Store => "the store",
            Self::Copy => "bare PostgreSQL",
            Self::DieselValues => "diesel VALUES",
            Self::SqlxUnnest => "sqlx unnest",
            Self::Typescript => "drizzle",
        }
    }

    /// Its program, beside the conductor; drizzle's is run by node.
    pub(crate) const fn program(self) -> Option<&'static str> {
        match self {
            Self::Store => Some("peer-store"),
            Self::Copy => Some("peer-copy"),
            Self::DieselValues => Some("peer-diesel-values"),
            Self::SqlxUnnest => Some("peer-sqlx-unnest"),
            Self::Typescript => None,
        }
    }
}

/// What is in the database before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// An open epoch.
    Empty,
    /// And every second event.
    Half,
    /// And all events, each somebody's.
    Full,
    /// And all events, which wait for people who are bound.
    Waiting,
    /// And all events, of a tenth as many people, proposed, with a pool, in review.
    Payable,
    /// An open epoch, and a table of events that is not quite the product's.
    Altered(Alteration),
    /// Nothing at all: the peer makes tables of its own.
    Bare,
}

/// One program's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Turn {
    pub(crate) work: Work,
    pub(crate) state: State,
    pub(crate) peer: Peer,
}

/// One act of a turn.
pub(crate) type Act = (Turn, &'static str);

/// A row of the table: an act, beside others.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) name: &'static str,
    /// The store's.
    pub(crate) act: Act,
    /// What it is held against, and the largest ratio that is aimed at.
    pub(crate) floor: Act,
    /// `None` where the row only tells a price.
    pub(crate) goal: Option<f64>,
    pub(crate) peers: Vec<Act>,
}

const fn turn(work: Work, state: State, peer: Peer) -> Turn {
    Turn { work, state, peer }
}

/// All of them.
pub(crate) fn paths() -> Vec<Path> {
    use Peer::{Copy, DieselValues, SqlxUnnest, Store, Typescript};
    use State::{Bare, Empty, Full, Half, Payable, Waiting};
    let copy_fresh = (turn(Work::Ingest, Empty, Copy), "fresh");
    let fresh = (turn(Work::Ingest, Empty, Store), "fresh");
    let others = |act: &'static str| {
        vec![
            (turn(Work::Ingest, Empty, DieselValues), act),
            (turn(Work::Ingest, Empty, SqlxUnnest), act),
            (turn(Work::Ingest, Bare, Typescript), act),
        ]
    };
    let ingest = |name, act, floor, goal, peers| Path { name, act, floor, goal: Some(goal), peers };
    let beside = |name, work, state, act, goal| Path {
        name,
        act: (turn(work, state, Store), act),
        floor: (turn(work, state, Copy), act),
        goal: Some(goal),
        peers: Vec::new(),
    };
    let mut paths = vec![
        ingest("ingest: fresh, one transaction", fresh, copy_fresh, 1.15, others("fresh")),
        ingest(
            "ingest: pages from two connections",
            (turn(Work::Pages, Empty, Store), "fresh"),
            copy_fresh,
            0.9,
            Vec::new(),
        ),
        ingest(
            "ingest: the same again, beside the first time",
            (fresh.0, "again"),
            fresh,
            0.6,
            others("again"),
        ),
        ingest(
            "ingest: half known, half new",
            (turn(Work::Ingest, Half, Store), "fresh"),
            copy_fresh,
            1.1,
            Vec::new(),
        ),
        beside("one event a call, eight callers", Work::Single, Empty, "single", 1.0 / 0.9),
        beside("read all events as a stream", Work::Read, Full, "read", 1.2),
        ingest(
            "pages of 1,000: the last tenth beside the first",
            (turn(Work::Walk, Full, Store), "last"),
            (turn(Work::Walk, Full, Store), "first"),
            1.2,
            Vec::new(),
        ),
        beside(
            "resolve by bindings, beside one statement an event",
            Work::Resolve,
            Waiting,
            "resolve",
            1.0 / 12.0,
        ),
        beside("propose allocations", Work::Propose, Full, "propose", 1.2),
        beside(
            "finalize, a tenth as many people as events",
            Work::Finalize,
            Payable,
            "finalize",
            2.0,
        ),
        ingest(
            "payouts and hash, beside TypeScript",
            (turn(Work::Payouts, Bare, Store), "payouts"),
            (turn(Work::Payouts, Bare, Typescript), "payouts"),
            1.0 / 12.0,
            Vec::new(),
        ),
        beside("get_open_epoch", Work::Small, Empty, "get-open-epoch", 1.15),
        beside("get_epoch", Work::Small, Empty, "get-epoch", 1.15),
        beside("upsert_cursor", Work::Small, Empty, "upsert-cursor", 1.25),
    ];
    paths.extend(Alteration::ALL.map(|altered| Path {
        name: altered.name(),
        act: (turn(Work::Ingest, State::Altered(altered), Copy), "fresh"),
        floor: copy_fresh,
        goal: None,
        peers: Vec::new(),
    }));
    paths
}
