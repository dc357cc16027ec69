//! `docs/performance.md`: a section a part, each written anew by the run of that part, with its command. A run of
//! some paths alone (`--only`) writes their rows anew, adds its command and leaves the other rows.

use crate::report::{Report, markdown};
use crate::{Failure, Options, Part};

/// What a part is called on the command line.
pub(crate) const fn name_of(part: Part) -> &'static str {
    match part {
        Part::Times => "times",
        Part::Growth => "growth",
        Part::GrowthWithMemory => "growth-with-memory",
        Part::Prices => "prices",
        Part::Counts => "counts",
    }
}

const fn heading(part: Part) -> &'static str {
    match part {
        Part::Times => "## Times",
        Part::Growth => "## Growth",
        Part::GrowthWithMemory => "## Growth with memory",
        Part::Prices => "## Prices",
        Part::Counts => "## Counts",
    }
}

fn command(options: &Options) -> String {
    let Options { part, events, calls, rounds, only, .. } = options;
    let mut command = format!("just bench --part {} --events {events}", name_of(*part));
    if matches!(part, Part::Times | Part::Counts) {
        command.push_str(&format!(" --calls {calls}"));
    }
    if *part != Part::Counts {
        command.push_str(&format!(" --rounds {rounds}"));
    }
    if !only.is_empty() {
        command.push_str(&format!(" --only '{only}'"));
    }
    command + " --markdown docs/performance.md"
}

const COMMAND: &str = "    just bench";

/// The commands of a section, and this run's instead of an older one over the same paths.
fn commands_and_this(section: &str, options: &Options) -> String {
    let only = format!(" --only '{}' ", options.only);
    let older = section.lines().filter(|line| line.starts_with(COMMAND) && !line.contains(&only));
    let mut commands: Vec<String> = older.map(|line| line.trim().to_owned()).collect();
    commands.push(command(options));
    commands.join("\n    ")
}

/// The rows of a section's table, cell by cell, its head first.
fn rows(section: &str) -> Vec<Vec<&str>> {
    section
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|-"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// A section's table with those rows anew that this run has.
fn with_rows(section: &str, measured: &str) -> String {
    let (mut all, new) = (rows(section), rows(measured));
    if all.first() != new.first() {
        return measured.to_owned();
    }
    for row in new {
        match all.iter_mut().find(|old| old[0] == row[0]) {
            Some(old) => *old = row,
            None => all.push(row),
        }
    }
    let mut all = all.into_iter();
    markdown(all.next().unwrap_or_default(), all)
}

/// The page with this part's section written anew, and all else as it is.
pub(crate) fn with_section(
    page: &str,
    report: &Report,
    options: &Options,
    postgresql: &str,
) -> Result<String, Failure> {
    let heading = format!("{}\n", heading(options.part));
    let Some((before, section)) = page.split_once(&heading) else {
        return Err(Failure(format!("the page has no section {}", heading.trim_end())));
    };
    let (own, after) = section.split_at(section.find("\n## ").unwrap_or(section.len()));
    // What the section is about is written by hand, and ends where the command begins.
    let about = own.split_once("\n    just bench").map_or(own, |(about, _)| about);
    let (commands, table) = match options.only.is_empty() {
        true => (command(options), report.table.clone()),
        false => (commands_and_this(own, options), with_rows(own, &report.table)),
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(format!(
        "{before}{heading}{about}\n    {commands}\n\nPostgreSQL {postgresql}; {processors} processors.\n\n\
         {table}\n{after}"
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::Value;

    use super::with_section;
    use crate::Options;
    use crate::report::Report;

    #[test]
    fn a_section_is_written_anew_and_nothing_else() {
        let page =
            "# Page\n\n## Times\n\nAbout.\n\n    just bench --old\n\nold\n\n## Counts\n\nMore.\n";
        let table = "| new |".to_owned();
        let report = Report { table, rows: Value::Null, measures: Vec::new(), faults: Vec::new() };
        let options = Options::parse_from(["ledger-bench", "--events", "5000", "--rounds", "2"]);
        let written = with_section(page, &report, &options, "15").expect("there is a section");
        let (times, counts) = written.split_once("## Counts").expect("it stays");
        assert!(times.starts_with(
            "# Page\n\n## Times\n\nAbout.\n\n    just bench --part times --events 5000"
        ));
        assert!(times.ends_with("| new |\n\n") && !times.contains("old"));
        assert_eq!(counts, "\n\nMore.\n");
        let twice = with_section(&written, &report, &options, "15").expect("there is a section");
        assert_eq!(twice, written);
    }

    #[test]
    fn a_run_of_some_paths_writes_their_rows_and_its_command() {
        let table = |rows: &[[&str; 2]]| {
            let rows: Vec<String> =
                rows.iter().map(|[path, ratio]| format!("| {path} | {ratio} |\n")).collect();
            format!("| hot path | ratio |\n|----------|-------|\n{}", rows.concat())
        };
        let of_all = table(&[["one", "1.00"], ["two", "2.00"]]);
        let page = format!("## Times\n\nAbout.\n\n    just bench --all\n\nPostgreSQL\n\n{of_all}");
        let table = table(&[["two", "9.00"], ["three", "3.00"]]);
        let report = Report { table, rows: Value::Null, measures: Vec::new(), faults: Vec::new() };
        let options = Options::parse_from(["ledger-bench", "--only", "t", "--rounds", "7"]);
        let written = with_section(&page, &report, &options, "15").expect("a section");
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines[4], "    just bench --all");
        assert!(lines[5].starts_with("    just bench --part times --events"), "{written}");
        assert!(lines[5].contains("--rounds 7 --only 't' --markdown"), "{written}");
        let rows: Vec<String> = lines[9..].iter().map(|line| line.replace(' ', "")).collect();
        assert_eq!(rows[0], "|hotpath|ratio|");
        assert_eq!(rows[2..], ["|one|1.00|", "|two|9.00|", "|three|3.00|"]);
        let twice = with_section(&written, &report, &options, "15").expect("a section");
        assert_eq!(twice, written);
    }
}
