//! A peer's side: it gets ready, waits to be told, does an act, and says how long it took.
//!
//! One line of JSON an act, on standard output; one empty line of standard input lets it begin.

use std::fmt;
use std::io::{BufRead as _, Write as _};
use std::time::Instant;

use clap::{Parser, ValueEnum};
use ledger_core::NewActivityEvent;
use serde::{Deserialize, Serialize};

use crate::data::{Ids, PEOPLE, events_among};

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Fresh events in one call and one transaction, and the same again.
    Ingest,
    /// Fresh events by pages of 5,000 from two connections.
    Pages,
    /// One event a call, eight callers.
    Single,
    /// All events of an epoch, read as a stream.
    Read,
    /// What the events come to for each person.
    Propose,
    /// All events of an epoch, read page by page.
    Walk,
    /// Waiting events given to those they belong to.
    Resolve,
    /// The same one by one, each committed by itself.
    ResolveOneByOne,
    /// An epoch closed and paid.
    Finalize,
    /// The same, while another ledger's events are written one by one.
    FinalizeBeside,
    /// Some events into a table that holds few, and into one that holds many.
    Grow,
    /// The same, where each event's id is a hash.
    GrowByHashes,
    /// Payouts and their hash, without a database.
    Payouts,
    /// The open epoch, an epoch by its number, a cursor written: one after the other.
    Small,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("each has a name").get_name())
    }
}

/// How a peer is called.
#[derive(Debug, Parser)]
pub struct Order {
    /// What to do.
    pub work: Work,
    /// How often, or with how many events.
    pub count: u64,
    /// The database, as the service role.
    pub url: String,
}

/// What an act came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Which act.
    pub act: String,
    /// How long it took.
    pub seconds: f64,
    /// How much more memory the process had at the most than before, in bytes.
    /// `None` where that was not measured of this act alone.
    pub memory_bytes: Option<u64>,
    /// What it did, so that it can be held against what it should have done.
    pub done: u64,
}

/// Does an act when the conductor says so.
///
/// # Panics
/// When the conductor is gone, or this is not Linux.
pub async fn act(name: &str, act: impl Future<Output = u64>) {
    act_of_calls(name, 1, act).await;
}

/// As [`act`], of so many calls: what each of them took and did, on the mean.
async fn act_of_calls(name: &str, calls: u64, act: impl Future<Output = u64>) {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).expect("the conductor speaks");
    assert!(read > 0, "the conductor is gone");
    // The peak counts from here on.
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak is forgotten");
    let before = memory("VmRSS:");
    let began = Instant::now();
    let done = act.await / calls;
    let seconds = began.elapsed().as_secs_f64() / calls as f64;
    let memory_bytes = Some(memory("VmHWM:").saturating_sub(before));
    tell(&Measure { act: name.to_owned(), seconds, memory_bytes, done });
}

/// Says what an act came to. Said again after one go-ahead, it is another act of the same.
///
/// # Panics
/// When the conductor is gone.
pub fn tell(measure: &Measure) {
    let mut out = std::io::stdout().lock();
    let text = serde_json::to_string(measure).expect("a measure is text and numbers");
    writeln!(out, "{text}").and_then(|()| out.flush()).expect("the conductor listens");
}

/// How many calls are measured beside many events. PostgreSQL writes each page whole that is the first time changed
/// after a checkpoint, so a single call there says as much about when the last one was; these write enough for
/// several.
const SETTLED_CALLS: u64 = 10;

/// A two-hundredth of so many events beside a hundredth of them, and again beside all of them: what a call takes.
///
/// # Panics
/// When the conductor is gone, or this is not Linux.
pub async fn grow(order: &Order, mut insert: impl AsyncFnMut(Vec<NewActivityEvent>) -> u64) {
    let count = order.count;
    let (few, some) = (count / 100, count / 200);
    let ids = if order.work == Work::GrowByHashes { Ids::Hashes } else { Ids::OfSources };
    let all = count + (1 + SETTLED_CALLS) * some;
    let among = |from: u64, to: u64| events_among(all, from..to, PEOPLE, false, ids);
    let sizes = [("few", 0, few, 1), ("many", few + some, count + some, SETTLED_CALLS)];
    for (name, from, to, calls) in sizes {
        for at in (from..to).step_by(100_000) {
            insert(among(at, to.min(at + 100_000))).await;
        }
        let events: Vec<_> =
            (0..calls).map(|call| among(to + call * some, to + (call + 1) * some)).collect();
        let insert_each = async {
            let mut inserted = 0;
            for call in events {
                inserted += insert(call).await;
            }
            inserted
        };
        act_of_calls(name, calls, insert_each).await;
    }
}

/// A line of the process's status, in bytes.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let value = status.lines().find_map(|line| line.strip_prefix(name)).expect("it is told");
    let kilobytes: u64 = value.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1_024
}
