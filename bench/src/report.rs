//! What was measured, as a table and as JSON.

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Options;
use crate::contest::{Counts, Measures};
use crate::counting::Count;
use crate::paths::{Act, Path};

/// What a run found.
pub(crate) struct Report {
    /// The table as Markdown.
    pub(crate) table: String,
    /// Its rows, and what they were made of, as JSON.
    pub(crate) rows: Value,
    pub(crate) measures: Vec<Value>,
    /// What must not be.
    pub(crate) faults: Vec<String>,
}

impl Report {
    pub(crate) fn of_times(paths: &[Path], measures: &Measures) -> Self {
        let rows: Vec<Row> = paths.iter().filter_map(|path| row(path, measures)).collect();
        let all = measures.0.iter().map(|((turn, _), of)| json!([turn, of])).collect();
        Self { table: table_of_times(&rows), rows: json!(rows), measures: all, faults: Vec::new() }
    }

    pub(crate) fn of_counts(paths: &[Path], counts: &Counts, options: &Options) -> Self {
        let (rows, mut faults) = counted(paths, counts, options);
        faults.extend(rows.iter().filter_map(CountedRow::fault));
        Self { table: table_of_counts(&rows), rows: json!(rows), measures: Vec::new(), faults }
    }
}

/// A row: the store beside its floor, and the peers beside the store.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    goal: Option<f64>,
    is_reached: Option<bool>,
    /// Of each round's ratio to the floor of the same round.
    ratio: Spread,
    seconds: Spread,
    floor_seconds: Spread,
    memory_mib: Option<Spread>,
    floor_memory_mib: Option<Spread>,
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

/// The most that the process had more than before the act.
fn memory(measures: &Measures, (turn, act): Act) -> Option<Spread> {
    const MIB: f64 = 1_048_576.0;
    let found = measures.0.get(&(turn, act.to_owned()))?;
    #[expect(clippy::cast_precision_loss, reason = "memory is told in MiB")]
    let memory: Option<Vec<f64>> =
        found.iter().map(|one| one.memory_bytes.map(|bytes| bytes as f64 / MIB)).collect();
    memory.map(Spread::of)
}

fn row(path: &Path, measures: &Measures) -> Option<Row> {
    let (own, floor) = (seconds(measures, path.act)?, seconds(measures, path.floor)?);
    let ratio = ratios(&own, &floor);
    let peers = path
        .peers
        .iter()
        .filter_map(|act| Some((act.0.peer.name(), ratios(&seconds(measures, *act)?, &own))));
    Some(Row {
        name: path.name,
        goal: path.goal,
        is_reached: path.goal.map(|goal| ratio.median <= goal),
        ratio,
        seconds: Spread::of(own.clone()),
        floor_seconds: Spread::of(floor),
        memory_mib: memory(measures, path.act),
        floor_memory_mib: memory(measures, path.floor),
        peers: peers.collect(),
    })
}

/// A table in Markdown.
pub(crate) fn markdown<R: Into<comfy_table::Row>>(
    head: impl Into<comfy_table::Row>,
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(head);
    table.add_rows(rows);
    table.to_string()
}

/// The times as Markdown.
fn table_of_times(rows: &[Row]) -> String {
    let head = [
        "hot path",
        "goal",
        "ratio (min to max)",
        "",
        "the store",
        "floor",
        "memory",
        "of the floor",
        "peers, in times of the store",
    ];
    let peer = |(name, ratio): &(&str, Spread)| format!("{name} {:.1}", ratio.median);
    let cells = |row: &Row| {
        [
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
            in_mib(row.memory_mib),
            in_mib(row.floor_memory_mib),
            row.peers.iter().map(peer).collect::<Vec<_>>().join(", "),
        ]
    };
    markdown(head, rows.iter().map(cells))
}

fn in_mib(memory: Option<Spread>) -> String {
    memory.map_or_else(String::new, |memory| format!("{:.0} MiB", memory.median))
}

/// What an act of the store sends and writes, beside its floor's.
#[derive(Debug, Serialize)]
struct CountedRow {
    name: &'static str,
    /// The most statements that the store may send.
    most: u64,
    own: Count,
    floor: Count,
}

impl CountedRow {
    /// What is wrong with it: counts do not drift with the machine.
    fn fault(&self) -> Option<String> {
        let Self { name, own, floor, most } = self;
        if own.statements == 0 || floor.statements == 0 {
            return Some(format!("{name}: no statement was seen in the server's log"));
        }
        let says = || format!("{name}: {} statements, and {most} at the most", own.statements);
        (own.statements > *most).then(says)
    }
}

/// The counts of the paths that are counted, and which of them were not.
fn counted(paths: &[Path], counts: &Counts, options: &Options) -> (Vec<CountedRow>, Vec<String>) {
    let of = |(turn, act): Act| counts.get(&(turn, act.to_owned())).copied();
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for path in paths {
        let (name, Some(statements)) = (path.name, path.statements) else { continue };
        let most = statements.most(options);
        match (of(path.act), of(path.floor)) {
            (Some(own), Some(floor)) => rows.push(CountedRow { name, most, own, floor }),
            _ => missing.push(format!("{name}: it was not counted")),
        }
    }
    (rows, missing)
}

/// The counts as Markdown.
fn table_of_counts(rows: &[CountedRow]) -> String {
    let head = ["hot path", "at most", "statements", "of the floor", "WAL", "of the floor"];
    let mib = |bytes: u64| format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20);
    let cells = |CountedRow { name, most, own, floor }: &CountedRow| {
        [
            (*name).to_owned(),
            most.to_string(),
            own.statements.to_string(),
            floor.statements.to_string(),
            mib(own.wal_bytes),
            mib(floor.wal_bytes),
        ]
    };
    markdown(head, rows.iter().map(cells))
}

#[cfg(test)]
mod tests {
    use super::CountedRow;
    use crate::counting::Count;

    #[test]
    fn a_statement_more_than_the_most_is_a_fault_and_none_at_all() {
        let row = |own, floor| {
            let [own, floor] = [own, floor].map(|statements| Count { statements, wal_bytes: 0 });
            CountedRow { name: "a path", most: 3, own, floor }
        };
        assert_eq!(row(3, 1).fault(), None);
        assert_eq!(row(4, 1).fault().as_deref(), Some("a path: 4 statements, and 3 at the most"));
        let unseen = Some("a path: no statement was seen in the server's log".to_owned());
        assert_eq!([row(0, 1).fault(), row(1, 0).fault()], [unseen.clone(), unseen]);
    }
}
