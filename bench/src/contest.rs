//! Lets the peers work in turns, round by round.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use ledger_bench::stage::{Measure, Work};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use crate::arena::Arena;
use crate::counting::{Count, Counter};
use crate::paths::{Peer, Turn};
use crate::{Failure, Options};

/// Everything that was measured: by turn and act, a measure a round.
#[derive(Debug, Default)]
pub(crate) struct Measures(pub(crate) BTreeMap<(Turn, String), Vec<Measure>>);

/// By turn and act, what was counted.
pub(crate) type Counts = BTreeMap<(Turn, String), Count>;

/// Runs all turns in each round, in an order that moves on by one a round.
pub(crate) async fn run(
    arena: &mut Arena,
    turns: &[Turn],
    options: &Options,
) -> Result<Measures, Failure> {
    let mut measures = Measures::default();
    for round in 0..usize::from(options.rounds) {
        for at in 0..turns.len() {
            let turn = turns[(at + round) % turns.len()];
            let turf = arena.database(turn.state).await?;
            let measured = work(turn, &turf.url, options, None).await?;
            arena.drop_database(&turf).await?;
            for (measure, _) in measured {
                eprintln!(
                    "round {}: {}, {}: {:.3} s",
                    round + 1,
                    turn.peer.name(),
                    measure.act,
                    measure.seconds
                );
                measures.0.entry((turn, measure.act.clone())).or_default().push(measure);
            }
        }
    }
    Ok(measures)
}

/// Runs each turn once more and counts what each act sends and writes.
pub(crate) async fn count_all(
    arena: &mut Arena,
    turns: &[Turn],
    options: &Options,
) -> Result<Counts, Failure> {
    let mut counts = Counts::new();
    for &turn in turns.iter().filter(|turn| turn.work != Work::Payouts) {
        let turf = arena.database(turn.state).await?;
        arena.tell_statements(&turf).await?;
        for (measure, count) in work(turn, &turf.url, options, Some(&arena.counter())).await? {
            eprintln!("counting: {}, {}: {count:?}", turn.peer.name(), measure.act);
            counts.extend(count.map(|count| ((turn, measure.act), count)));
        }
        arena.drop_database(&turf).await?;
    }
    Ok(counts)
}

/// How often or with how much.
fn count(turn: Turn, options: &Options) -> u64 {
    match turn.work {
        Work::Single | Work::Small => options.calls,
        Work::Grow | Work::GrowByHashes => 10 * options.events,
        Work::Resolve | Work::ResolveOneByOne => options.events_waiting(),
        _ => options.events,
    }
}

/// What each act must have done.
fn expected(turn: Turn, act: &str, options: &Options) -> u64 {
    use crate::paths::State;
    match (turn.work, turn.state, act) {
        (Work::Ingest, _, "again") => 0,
        (Work::Ingest, State::Half, _) => options.events - options.events / 2,
        (Work::Walk, _, "first" | "last") => options.events.div_ceil(1_000).div_ceil(10),
        (Work::FinalizeBeside, _, "write") => 1,
        (Work::Finalize | Work::FinalizeBeside, ..) => options.people_paid(),
        (Work::Grow | Work::GrowByHashes, ..) => count(turn, options) / 200,
        (Work::Propose, ..) => ledger_bench::data::PEOPLE,
        _ => count(turn, options),
    }
}

async fn work(
    turn: Turn,
    url: &str,
    options: &Options,
    counter: Option<&Counter<'_>>,
) -> Result<Vec<(Measure, Option<Count>)>, Failure> {
    let mut command = command_of(turn.peer, turn.work)?;
    command.arg(turn.work.to_string()).arg(count(turn, options).to_string()).arg(url);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| Failure::of(turn.peer, &error))?;
    let mut input = child.stdin.take().expect("it is piped");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut measured = Vec::new();
    loop {
        let mark = match counter {
            Some(counter) => Some((counter, counter.mark().await?)),
            None => None,
        };
        // A peer that has done everything reads no more, and this goes nowhere.
        let _ = input.write_all(b"\n").await;
        let Some(line) = lines.next_line().await? else { break };
        let measure: Measure = serde_json::from_str(&line)?;
        let expected = expected(turn, &measure.act, options);
        if measure.done != expected {
            let says = format!("{} came to {} and not {expected}", measure.act, measure.done);
            return Err(Failure::of(turn.peer, &says));
        }
        let count = match mark {
            Some((counter, mark)) => Some(counter.since(&mark).await?),
            None => None,
        };
        measured.push((measure, count));
    }
    let status = child.wait().await?;
    if status.success() && !measured.is_empty() {
        return Ok(measured);
    }
    Err(Failure::of(turn.peer, &format!("it ended with {status}")))
}

fn command_of(peer: Peer, work: Work) -> Result<Command, Failure> {
    match peer.program() {
        Some(program) => {
            let beside = std::env::current_exe()?;
            Ok(Command::new(beside.with_file_name(program)))
        }
        None => {
            let mut command = Command::new("node");
            let program = if work == Work::Payouts { "payouts.ts" } else { "adapter.ts" };
            command.args(["--import", "tsx", program]).current_dir(typescript());
            Ok(command)
        }
    }
}

/// Where the TypeScript adapter lies.
pub(crate) fn typescript() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/typescript")
}
