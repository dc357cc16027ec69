//! What was measured, as a table and as JSON.

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Options;
use crate::contest::{Counts, Measures};
use crate::counting::Count;
use crate::paths::{Act, MostMemory, Path};

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
    pub(crate) fn of_times(paths: &[Path], measures: &Measures, commit: &str) -> Self {
        let rows: Vec<Row> = paths.iter().filter_map(|path| row(path, measures)).collect();
        let all = measures.0.iter().map(|((turn, _), of)| json!([turn, of])).collect();
        let table = table_of_times(&rows, commit);
        Self { table, rows: json!(rows), measures: all, faults: Vec::new() }
    }

    pub(crate) fn of_counts(
        paths: &[Path],
        counts: &Counts,
        options: &Options,
        commit: &str,
    ) -> Self {
        let (rows, mut faults) = counted(paths, counts, options);
        faults.extend(rows.iter().filter_map(CountedRow::fault));
        let table = table_of_counts(&rows, commit);
        Self { table, rows: json!(rows), measures: Vec::new(), faults }
    }
}

/// A row: the store beside its floor, and the peers beside the store.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    goal: Option<f64>,
    verdict: Option<Verdict>,
    /// Of each round's ratio to the floor of the same round.
    ratio: Spread,
    seconds: Spread,
    floor_seconds: Spread,
    memory_mib: Option<Spread>,
    most_memory_mib: Option<f64>,
    floor_memory_mib: Option<Spread>,
    /// How many times the store's time each peer takes.
    peers: Vec<(&'static str, Spread)>,
}

/// Whether what was aimed at was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// In each round.
    Reached,
    /// By the median, and not in each round.
    ReachedByTheMedian,
    /// In some rounds, and not by the median.
    MissedByTheMedian,
    Missed,
    /// The memory, whatever time it took.
    MissedByMemory,
}

impl Verdict {
    fn of(goal: f64, ratio: Spread, memory: Option<Spread>, most: Option<f64>) -> Self {
        if most.is_some_and(|most| memory.is_none_or(|memory| memory.median > most)) {
            return Self::MissedByMemory;
        }
        match (ratio.median <= goal, ratio.max <= goal, ratio.min <= goal) {
            (true, true, _) => Self::Reached,
            (true, false, _) => Self::ReachedByTheMedian,
            (false, _, true) => Self::MissedByTheMedian,
            (false, _, false) => Self::Missed,
        }
    }

    const fn says(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::ReachedByTheMedian => "reached by the median",
            Self::MissedByTheMedian => "missed by the median",
            Self::Missed => "missed",
            Self::MissedByMemory => "missed by memory",
        }
    }
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
    let (memory_mib, floor_memory_mib) = (memory(measures, path.act), memory(measures, path.floor));
    let most_memory_mib = path.most_memory.map(|most| match most {
        MostMemory::Mib(most) => most,
        MostMemory::OfTheFloor(part) => floor_memory_mib.map_or(0.0, |floor| floor.median * part),
    });
    Some(Row {
        name: path.name,
        goal: path.goal,
        verdict: path.goal.map(|goal| Verdict::of(goal, ratio, memory_mib, most_memory_mib)),
        ratio,
        seconds: Spread::of(own.clone()),
        floor_seconds: Spread::of(floor),
        memory_mib,
        most_memory_mib,
        floor_memory_mib,
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
fn table_of_times(rows: &[Row], commit: &str) -> String {
    let head = [
        "hot path",
        "goal",
        "ratio (min to max)",
        "",
        "time",
        "of the floor",
        "memory",
        "of the floor",
        "peers, in times of the store",
        "commit",
    ];
    let peer = |(name, ratio): &(&str, Spread)| format!("{name} {:.1}", ratio.median);
    let cells = |row: &Row| {
        [
            row.name.to_owned(),
            row.goal.map_or_else(String::new, |goal| format!("{goal:.2}")),
            format!("{:.2} ({:.2} to {:.2})", row.ratio.median, row.ratio.min, row.ratio.max),
            row.verdict.map_or("", Verdict::says).to_owned(),
            format!("{:.3} s", row.seconds.median),
            format!("{:.3} s", row.floor_seconds.median),
            in_mib(row.memory_mib)
                + &row.most_memory_mib.map_or_else(String::new, |most| format!(" of {most:.0}")),
            in_mib(row.floor_memory_mib),
            row.peers.iter().map(peer).collect::<Vec<_>>().join(", "),
            commit.to_owned(),
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
fn table_of_counts(rows: &[CountedRow], commit: &str) -> String {
    let head =
        ["hot path", "at most", "statements", "of the floor", "WAL", "of the floor", "commit"];
    let mib = |bytes: u64| format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20);
    let cells = |CountedRow { name, most, own, floor }: &CountedRow| {
        [
            (*name).to_owned(),
            most.to_string(),
            own.statements.to_string(),
            floor.statements.to_string(),
            mib(own.wal_bytes),
            mib(floor.wal_bytes),
            commit.to_owned(),
        ]
    };
    markdown(head, rows.iter().map(cells))
}

#[cfg(test)]
mod tests {
    use super::{CountedRow, Spread, Verdict};
    use crate::counting::Count;

    #[test]
    fn a_goal_is_reached_where_each_round_and_the_memory_are_below_it() {
        let verdict = |ratios: [f64; 3], memory: f64| {
            let memory = Some(Spread::of(vec![memory]));
            Verdict::of(1.0, Spread::of(ratios.into()), memory, Some(64.0))
        };
        assert_eq!(verdict([0.8, 1.0, 0.9], 64.0), Verdict::Reached);
        assert_eq!(verdict([0.8, 1.1, 0.9], 64.0), Verdict::ReachedByTheMedian);
        assert_eq!(verdict([0.8, 1.1, 1.2], 64.0), Verdict::MissedByTheMedian);
        assert_eq!(verdict([1.1, 1.2, 1.3], 64.0), Verdict::Missed);
        assert_eq!(verdict([0.8, 1.0, 0.9], 64.1), Verdict::MissedByMemory);
        let untold = Verdict::of(1.0, Spread::of(vec![0.5]), None, Some(64.0));
        assert_eq!(untold, Verdict::MissedByMemory, "it was to be measured");
    }

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
