//! The hot paths: what is measured, beside whom, and what is aimed at.

use ledger_bench::data::{CALLERS, FIRST_CALLS};
use ledger_bench::stage::Work;
use serde::Serialize;

use crate::Options;
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

/// The most memory that is aimed at, beyond what the process had before.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MostMemory {
    Mib(f64),
    OfTheFloor(f64),
}

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
    pub(crate) most_memory: Option<MostMemory>,
    /// The most statements that the act may send: what it takes at all, with so many calls and events.
    pub(crate) statements: Option<Statements>,
    pub(crate) peers: Vec<Act>,
}

/// So many, and more with what there is to do. Opening connections is among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statements {
    at_all: u64,
    by_event_of: Option<u64>,
    by_call: u64,
}

impl Statements {
    const fn at_all(at_all: u64) -> Option<Self> {
        Some(Self { at_all, by_event_of: None, by_call: 0 })
    }

    /// One more for each so many events.
    const fn and_one_for(at_all: u64, events: u64) -> Option<Self> {
        Some(Self { at_all, by_event_of: Some(events), by_call: 0 })
    }

    /// One more for each call.
    const fn and_one_a_call(at_all: u64) -> Option<Self> {
        Some(Self { at_all, by_event_of: None, by_call: 1 })
    }

    /// The most for what this run does.
    pub(crate) fn most(self, options: &Options) -> u64 {
        let events = self.by_event_of.map_or(0, |each| options.events.div_ceil(each));
        self.at_all + events + self.by_call * options.calls
    }
}

const fn turn(work: Work, state: State, peer: Peer) -> Turn {
    Turn { work, state, peer }
}

/// The hot paths.
pub(crate) fn hot_paths() -> Vec<Path> {
    let mut paths = ingesting();
    paths.extend(reading_and_closing());
    paths
}

/// What a call takes in a table that holds ten times the events, beside the same in one that holds a tenth of them.
pub(crate) fn growth() -> Vec<Path> {
    let mut paths = vec![
        growing("ingest, ids as sources give them", Work::Grow, Peer::Store, Some(1.5)),
        growing("COPY, ids as sources give them", Work::Grow, Peer::Copy, None),
    ];
    paths.extend(growth_by_hashes());
    paths
}

/// The same for the worst ids that there are.
pub(crate) fn growth_by_hashes() -> Vec<Path> {
    vec![
        growing("ingest, each id a hash", Work::GrowByHashes, Peer::Store, Some(1.5)),
        growing("COPY, each id a hash", Work::GrowByHashes, Peer::Copy, None),
    ]
}

fn growing(name: &'static str, work: Work, peer: Peer, goal: Option<f64>) -> Path {
    let turn = turn(work, State::Empty, peer);
    row(name, (turn, "many"), (turn, "few"), goal, None)
}

/// What each safety of the events' table costs.
pub(crate) fn prices() -> Vec<Path> {
    let price = |altered: Alteration| {
        let act = (turn(Work::Ingest, State::Altered(altered), Peer::Copy), "fresh");
        row(altered.name(), act, COPIED, None, None)
    };
    Alteration::ALL.map(price).into()
}

/// The floor of everything that ingests.
const COPIED: Act = (turn(Work::Ingest, State::Empty, Peer::Copy), "fresh");

fn row(
    name: &'static str,
    act: Act,
    floor: Act,
    goal: impl Into<Option<f64>>,
    statements: Option<Statements>,
) -> Path {
    let goal = goal.into();
    Path { name, act, floor, goal, most_memory: None, statements, peers: Vec::new() }
}

/// The store's act beside the same of bare PostgreSQL.
fn beside(
    name: &'static str,
    (work, state, act): (Work, State, &'static str),
    goal: f64,
    statements: Option<Statements>,
) -> Path {
    let by = |peer| (turn(work, state, peer), act);
    row(name, by(Peer::Store), by(Peer::Copy), goal, statements)
}

fn ingesting() -> Vec<Path> {
    use Peer::{DieselValues, SqlxUnnest, Store, Typescript};
    use State::{Bare, Empty, Half};
    let fresh = (turn(Work::Ingest, Empty, Store), "fresh");
    let by_drizzle = |act| (turn(Work::Ingest, Bare, Typescript), act);
    let others = |act: &'static str| {
        let by = |peer| (turn(Work::Ingest, Empty, peer), act);
        vec![by(DieselValues), by(SqlxUnnest), by_drizzle(act)]
    };
    let each_5_000 = Statements::and_one_for(16, 5_000);
    vec![
        Path {
            most_memory: Some(MostMemory::Mib(64.0)),
            peers: others("fresh"),
            ..row("ingest: fresh, one transaction", fresh, COPIED, 1.15, each_5_000)
        },
        row(
            "ingest: fresh, beside drizzle on its own schema",
            fresh,
            by_drizzle("fresh"),
            1.0 / 6.0,
            None,
        ),
        row(
            "ingest: pages from two connections, beside COPY from one",
            (turn(Work::Pages, Empty, Store), "fresh"),
            COPIED,
            0.9,
            Statements::and_one_for(11, 5_000),
        ),
        Path {
            peers: others("again"),
            ..row(
                "ingest: the same again, beside the first time",
                (fresh.0, "again"),
                fresh,
                0.6,
                Statements::and_one_for(6, 5_000),
            )
        },
        row(
            "ingest: half known, half new, beside COPY of all of them",
            (turn(Work::Ingest, Half, Store), "fresh"),
            COPIED,
            1.1,
            Statements::and_one_for(12, 2_500),
        ),
        beside(
            "one event a call, eight callers",
            (Work::Single, Empty, "single"),
            1.0 / 0.9,
            // What a peer does before it is told to begin is counted, too: here each caller's first calls.
            Statements::and_one_a_call(28 + (CALLERS * FIRST_CALLS) as u64),
        ),
    ]
}

fn reading_and_closing() -> Vec<Path> {
    use Peer::{Copy, Store, Typescript};
    use State::{Bare, Empty, Full, Payable, Waiting};
    let walk = turn(Work::Walk, Full, Store);
    let beside_close = turn(Work::FinalizeBeside, Payable, Store);
    let by_drizzle = |work, act| vec![(turn(work, Bare, Typescript), act)];
    vec![
        Path {
            // Its own database holds the events once it has ingested them.
            peers: by_drizzle(Work::Ingest, "read"),
            ..beside(
                "read all events as a stream",
                (Work::Read, Full, "read"),
                1.2,
                Statements::at_all(9),
            )
        },
        row(
            "pages of 1,000: the last tenth beside the first",
            (walk, "last"),
            (walk, "first"),
            1.2,
            None,
        ),
        row(
            "resolve by bindings, beside one statement an event",
            (turn(Work::Resolve, Waiting, Store), "resolve"),
            (turn(Work::ResolveOneByOne, Waiting, Copy), "resolve"),
            1.0 / 12.0,
            None,
        ),
        beside(
            "resolve by bindings, beside these in one transaction",
            (Work::Resolve, Waiting, "resolve"),
            1.0 / 12.0,
            Statements::and_one_for(16, 5_000),
        ),
        beside(
            "propose allocations",
            (Work::Propose, Full, "propose"),
            1.2,
            Statements::at_all(14),
        ),
        beside(
            "finalize, a tenth as many people as events",
            (Work::Finalize, Payable, "finalize"),
            2.0,
            Statements::at_all(19),
        ),
        row(
            "another ledger's longest write during a close, beside the close",
            (beside_close, "write"),
            (beside_close, "finalize"),
            0.5,
            None,
        ),
        Path {
            most_memory: Some(MostMemory::OfTheFloor(0.25)),
            ..row(
                "payouts and hash, beside TypeScript",
                (turn(Work::Payouts, Bare, Store), "payouts"),
                (turn(Work::Payouts, Bare, Typescript), "payouts"),
                1.0 / 12.0,
                None,
            )
        },
        beside(
            "get_open_epoch",
            (Work::Small, Empty, "get-open-epoch"),
            1.15,
            Statements::and_one_a_call(10),
        ),
        beside("get_epoch", (Work::Small, Empty, "get-epoch"), 1.15, Statements::and_one_a_call(0)),
        Path {
            peers: by_drizzle(Work::Small, "upsert-cursor"),
            ..beside(
                "upsert_cursor",
                (Work::Small, Empty, "upsert-cursor"),
                1.25,
                Statements::and_one_a_call(0),
            )
        },
    ]
}
