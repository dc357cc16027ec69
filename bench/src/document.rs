//! `docs/performance.md`: a section a part, each written anew by the run of that part, with its command.

use crate::report::Report;
use crate::{Failure, Options, Part};

/// What a part is called on the command line.
pub(crate) const fn name_of(part: Part) -> &'static str {
    match part {
        Part::Times => "times",
        Part::Prices => "prices",
        Part::Counts => "counts",
    }
}

const fn heading(part: Part) -> &'static str {
    match part {
        Part::Times => "## Times",
        Part::Prices => "## Prices",
        Part::Counts => "## Counts",
    }
}

fn command(options: &Options) -> String {
    let Options { part, events, calls, rounds, only, .. } = options;
    let mut command = format!("just bench --part {} --events {events}", name_of(*part));
    if *part != Part::Prices {
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
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(format!(
        "{before}{heading}{about}\n    {}\n\nPostgreSQL {postgresql}; {processors} processors.\n\n{}\n{after}",
        command(options),
        report.table,
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
        let written = with_section(page, &report, &options, "15").ok().expect("there is a section");
        let (times, counts) = written.split_once("## Counts").expect("it stays");
        assert!(times.starts_with(
            "# Page\n\n## Times\n\nAbout.\n\n    just bench --part times --events 5000"
        ));
        assert!(times.ends_with("| new |\n\n") && !times.contains("old"));
        assert_eq!(counts, "\n\nMore.\n");
        let twice =
            with_section(&written, &report, &options, "15").ok().expect("there is a section");
        assert_eq!(twice, written);
    }
}
