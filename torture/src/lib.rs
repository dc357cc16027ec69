//! The store under load and faults. A torture does to the store what is too long for a test, on a
//! PostgreSQL of its own, and ends where a promise is broken, where it did what was asked, or where
//! the time is over; then it tells in figures what it did.
//!
//! What belongs here: everything that needs many rounds, dice, or a server to be killed. What one
//! example shows belongs into `tests/`.
//!
//! To add a torture: a module with `pub async fn run(extent: &Extent) -> Outcome<Report>`, a line in
//! [`TORTURES`], its short form in `tests/short.rs`, and a fault that it finds: a feature of the crate
//! that is made worse by it, and a line in `faults.txt`, which `just torture-faults` goes by. What cannot
//! fail proves nothing.

mod document;
mod extent;
mod failure;
mod ground;
mod players;
mod report;

mod crashes;
mod exhaustion;
mod input;
mod model;
mod races;
mod upgrade;
mod wire;

use futures_util::future::BoxFuture;

pub use document::{Held, commit, document};
pub use extent::Extent;
pub use failure::{Failure, Outcome, chain};
pub use players::play;
pub use report::{Figure, Progress, Report, grouped};

/// One of the tortures.
#[derive(Debug)]
pub struct Torture {
    /// What it is called.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    run: for<'a> fn(&'a Extent) -> BoxFuture<'a, Outcome<Report>>,
}

impl Torture {
    /// The torture of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TORTURES.iter().find(|torture| torture.name == name)
    }

    /// Runs it.
    ///
    /// # Errors
    /// When a promise is broken, or the torture cannot go on.
    pub async fn run(&self, extent: &Extent) -> Outcome<Report> {
        (self.run)(extent).await
    }
}

/// All of them, in the order in which they run.
pub const TORTURES: &[Torture] = &[
    Torture {
        name: "model",
        about: "Random commands on two ledgers, on PostgreSQL and on the memory store: after every \
                command the records agree and every invariant holds.",
        run: |extent| Box::pin(model::run(extent)),
    },
    Torture {
        name: "races",
        about: "Processes full of callers who deliver twice, close, override and open at once: nothing \
                is lost or done twice, and PostgreSQL never breaks a circle of locks.",
        run: |extent| Box::pin(races::run(extent)),
    },
    Torture {
        name: "crashes",
        about: "PostgreSQL and its clients killed at random moments: what was acknowledged is there, no \
                cursor is ahead of its events, and a retry gives the same answer.",
        run: |extent| Box::pin(crashes::run(extent)),
    },
    Torture {
        name: "wire",
        about: "Connections cut, delayed, half-closed and stalled, around COMMIT too: nobody waits past \
                their timeout, the pool heals, and what is not known is said or found out by asking.",
        run: |extent| Box::pin(wire::run(extent)),
    },
    Torture {
        name: "exhaustion",
        about: "Connections, disk and time run out: a clear error each, no lost write, and it goes \
                on by itself when there is enough again. What gets full is the disk of the tables \
                and indexes; the write-ahead log is elsewhere.",
        run: |extent| Box::pin(exhaustion::run(extent)),
    },
    Torture {
        name: "upgrade",
        about: "From each released schema with rows in it while others read and write: no row is lost, \
                nobody meets more than a bounded wait, and no lock is held over a second. What the \
                baseline holds is told and not judged: what the old program writes is refused after it.",
        run: |extent| Box::pin(upgrade::run(extent)),
    },
    Torture {
        name: "input",
        about: "What nobody should send, at every parser and every method of the port: an answer or a \
                clear refusal each, never a panic.",
        run: |extent| Box::pin(input::run(extent)),
    },
];
