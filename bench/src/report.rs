//! What was measured, as a table and as JSON.

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

use crate::Options;
use crate::contest::{Counts, Measures};
use crate::counting::Count;
use crate::paths::{Act, Path};

/// A row: the store beside its floor, and the peers beside the store.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: &'static str,
    goal: Option<f64>,
    is_reached: Option<bool>,
    /// Of each round's ratio to the floor of the same round.
    ratio: Spread,
    seconds: Spread,
    floor_seconds: Spread,
    memory_mib: Spread,
    /// How many times the store's time each peer takes.
    peers: Vec<(&'static str, Spread)>,
}

/// Median, smallest and largest.
#[derive(Debug, Clone, Copy, Serialize)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            1 => values[middle],
            _ => f64::midpoint(values[middle - 1], values[middle]),
        };
        Self { median, min: values[0], max: values[values.len() - 1] }
    }
}

fn seconds(measures: &Measures, (turn, act): Act) -> Option<Vec<f64>> {
    let found = measures.0.get(&(turn, act.to_owned()))?;
    Some(found.iter().map(|one| one.seconds).collect())
}

fn ratios(of: &[f64], to: &[f64]) -> Spread {
    Spread::of(of.iter().zip(to).map(|(one, other)| one / other).collect())
}

/// The rows of the paths that were measured.
pub(crate) fn rows(paths: &[Path], measures: &Measures) -> Vec<Row> {
    paths.iter().filter_map(|path| row(path, measures)).collect()
}

fn row(path: &Path, measures: &Measures) -> Option<Row> {
    const MIB: f64 = 1_048_576.0;
    let (own, floor) = (seconds(measures, path.act)?, seconds(measures, path.floor)?);
    let ratio = ratios(&own, &floor);
    let peers = path
        .peers
        .iter()
        .filter_map(|act| Some((act.0.peer.name(), ratios(&seconds(measures, *act)?, &own))));
    let found = &measures.0[&(path.act.0, path.act.1.to_owned())];
    #[expect(clippy::cast_precision_loss, reason = "memory is told in MiB")]
    let memory = found.iter().map(|one| one.memory_bytes as f64 / MIB).collect();
    Some(Row {
        name: path.name,
        goal: path.goal,
        is_reached: path.goal.map(|goal| ratio.median <= goal),
        ratio,
        seconds: Spread::of(own.clone()),
        floor_seconds: Spread::of(floor),
        memory_mib: Spread::of(memory),
        peers: peers.collect(),
    })
}

/// The table as Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header([
        "hot path",
        "goal",
        "ratio (min to max)",
        "",
        "the store",
        "floor",
        "memory",
        "peers, in times of the store",
    ]);
    for row in rows {
        let peer = |(name, ratio): &(&str, Spread)| format!("{name} {:.1}", ratio.median);
        table.add_row([
            row.name.to_owned(),
            row.goal.map_or_else(String::new, |goal| format!("{goal:.2}")),
            format!("{:.2} ({:.2} to {:.2})", row.ratio.median, row.ratio.min, row.ratio.max),
            match row.is_reached {
                Some(true) => "reached",
                Some(false) => "missed",
                None => "",
            }
            .to_owned(),
            format!("{:.3} s", row.seconds.median),
            format!("{:.3} s", row.floor_seconds.median),
            format!("{:.0} MiB", row.memory_mib.median),
            row.peers.iter().map(peer).collect::<Vec<_>>().join(", "),
        ]);
    }
    table.to_string()
}

/// What an act of the store sends and writes, beside its floor's.
#[derive(Debug, Serialize)]
pub(crate) struct CountedRow {
    name: &'static str,
    own: Count,
    floor: Count,
}

/// The counts of the paths that were counted.
pub(crate) fn counted(paths: &[Path], counts: &Counts) -> Vec<CountedRow> {
    let of = |(turn, act): Act| counts.get(&(turn, act.to_owned())).copied();
    let row = |path: &Path| {
        Some(CountedRow { name: path.name, own: of(path.act)?, floor: of(path.floor)? })
    };
    paths.iter().filter_map(row).collect()
}

/// The counts as Markdown.
pub(crate) fn table_of_counts(rows: &[CountedRow]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["hot path", "statements", "of the floor", "WAL", "of the floor"]);
    let mib = |bytes: u64| format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20);
    for CountedRow { name, own, floor } in rows {
        table.add_row([
            (*name).to_owned(),
            own.statements.to_string(),
            floor.statements.to_string(),
            mib(own.wal_bytes),
            mib(floor.wal_bytes),
        ]);
    }
    table.to_string()
}

/// The tables, and how they were made.
pub(crate) fn document(
    rows: &[Row],
    counted: &[CountedRow],
    options: &Options,
    postgresql: &str,
) -> String {
    let Options { events, calls, rounds, .. } = options;
    format!(
        "# Performance\n\nWritten by `just bench`, which measures the store beside its floor and its \
         peers in one interleaved run, on a\nPostgreSQL of its own with default durability (`fsync` and \
         `synchronous_commit` on). A ratio is the store's time\nby the floor's of the same round: the \
         median, the smallest and the largest. Memory is the most that the process\nhad more than before \
         the act. The floor is bare `tokio-postgres`: `COPY` into the same table with its indexes,\n\
         constraints and triggers, or bare prepared statements; where a row says \"beside\", it is what \
         the row names.\n\n    just bench --events {events} --calls {calls} --rounds {rounds} \
         --markdown docs/performance.md\n\nPostgreSQL {postgresql}; {} processors.\n\n{}\n\nCounted in one more \
         round: the statements that PostgreSQL logs, BEGIN and COMMIT too, and the bytes of write-ahead log.\n\
         These do not drift with the machine; `just bench --rounds 0` counts and times nothing.\n\n{}\n",
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        table(rows),
        table_of_counts(counted),
    )
}
