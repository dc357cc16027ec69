//! What was measured, as a table and as JSON.

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde::Serialize;

use crate::Options;
use crate::contest::Measures;
use crate::paths::{Act, Path};

/// A row: the store beside its floor, and the peers beside the store.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: &'static str,
    goal: f64,
    is_reached: bool,
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
        is_reached: ratio.median <= path.goal,
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
            format!("{:.2}", row.goal),
            format!("{:.2} ({:.2} to {:.2})", row.ratio.median, row.ratio.min, row.ratio.max),
            if row.is_reached { "reached" } else { "missed" }.to_owned(),
            format!("{:.3} s", row.seconds.median),
            format!("{:.3} s", row.floor_seconds.median),
            format!("{:.0} MiB", row.memory_mib.median),
            row.peers.iter().map(peer).collect::<Vec<_>>().join(", "),
        ]);
    }
    table.to_string()
}

/// The table, and how it was made.
pub(crate) fn document(rows: &[Row], options: &Options, postgresql: &str) -> String {
    let Options { events, calls, rounds, .. } = options;
    format!(
        "# Performance\n\nWritten by `just bench`, which measures the store beside its floor and its \
         peers in one interleaved run, on a\nPostgreSQL of its own with default durability (`fsync` and \
         `synchronous_commit` on). A ratio is the store's time\nby the floor's of the same round: the \
         median, the smallest and the largest. Memory is the most that the process\nhad more than before \
         the act. The floor is bare `tokio-postgres`: `COPY` into the same table with its indexes,\n\
         constraints and triggers, or bare prepared statements; where a row says \"beside\", it is what \
         the row names.\n\n    just bench --events {events} --calls {calls} --rounds {rounds} \
         --markdown docs/performance.md\n\nPostgreSQL {postgresql}; {} processors.\n\n{}\n",
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        table(rows),
    )
}
