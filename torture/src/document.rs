//! What tortures did, as a page: a section for each, with the command that does it again.

use std::fmt::Write as _;
use std::num::NonZero;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::{Report, TORTURES, Torture, grouped};

const HEAD: &str = "# Reliability

Written by `just torture`, which does to the store what is too long for a test, on a PostgreSQL of its own, and ends with
the first promise that is broken. Here every promise held. The seed throws the same dice again; in which order callers
come to their turns is up to the machine. `just torture-faults` builds the store with a deliberate fault for each of
these, and each finds its own (`torture/faults.txt`). A section names the commit that it is of. Where all lay in memory
(`TMPDIR`), waits, locks and recoveries are shorter than on a disk; and a kill ends processes and not the machine, so it is
not tried whether a disk keeps what it was told to keep.
";

/// A torture that ran to its end.
#[derive(Debug)]
pub struct Held {
    /// Which.
    pub torture: &'static Torture,
    /// What it did.
    pub report: Report,
    /// What was tortured.
    pub commit: String,
    /// How long it took.
    pub took: Duration,
}

/// The page with this torture's section as it is now; `command` does it again. The sections of the others
/// stay as they were, and behind them those that are no torture's.
pub fn document(page: &str, held: &Held, command: &str) -> String {
    let sections = TORTURES.iter().filter_map(|torture| match torture.name == held.torture.name {
        true => Some(section(held, command)),
        false => section_of(page, torture.name).map(str::to_owned),
    });
    let written = sections.fold(HEAD.to_owned(), |page, section| page + &section);
    let names = page.lines().filter_map(|line| line.strip_prefix("## "));
    let others = names.filter(|name| Torture::named(name).is_none());
    others.filter_map(|name| section_of(page, name)).fold(written, |page, other| page + other)
}

fn section(Held { torture, report, commit, took }: &Held, command: &str) -> String {
    let mut section = format!(
        "\n## {}\n\n{}\n\n    {command}\n\n| | |\n|---|---|\n",
        torture.name, torture.about
    );
    // Writing to a string does not fail.
    for figure in &report.figures {
        let _ = writeln!(section, "| {} | {} |", figure.what, grouped(&figure.value));
    }
    let _ = writeln!(section, "| commit | {commit} |");
    let processors = available_parallelism().map_or(1, NonZero::get);
    let _ = writeln!(section, "| took on {processors} processors, s | {} |", took.as_secs());
    section
}

/// The commit of this folder. Asked for before a torture: what is tortured was built, and the folder goes on.
#[must_use]
pub fn commit() -> String {
    let asked =
        Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    match asked {
        Ok(said) if said.status.success() => {
            String::from_utf8_lossy(&said.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

/// A torture's section of a page, from the empty line before its heading to the end of its table.
fn section_of<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let heading = format!("\n## {name}\n");
    let section = &page[page.find(&heading)?..];
    let next = section[heading.len()..].find("\n## ");
    Some(next.map_or(section, |next| &section[..heading.len() + next]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{HEAD, Held, document};
    use crate::{Report, TORTURES};

    fn held(at: usize, commands: u64) -> Held {
        let mut report = Report::new();
        report.tell("commands", commands);
        let commit = "0123456789ab".to_owned();
        Held { torture: &TORTURES[at], report, commit, took: Duration::from_secs(1) }
    }

    #[test]
    fn a_section_takes_its_place_and_leaves_the_others() {
        let second = document("", &held(1, 2_000), "just second");
        assert!(second.starts_with(HEAD) && second.contains("| commands | 2,000 |"), "{second}");
        let both = document(&second, &held(0, 1_000), "just first");
        let places = [TORTURES[0].name, TORTURES[1].name]
            .map(|name| both.find(&format!("\n## {name}\n")).expect("a section"));
        assert!(places[0] < places[1], "{both}");
        let again = document(&both, &held(0, 3_000), "just first again");
        assert_eq!(again.replace("3,000", "1,000").replace("just first again", "just first"), both);
        assert!(again.ends_with(&second[HEAD.len()..]), "{again}");
    }

    #[test]
    fn a_section_that_is_no_torture_s_stays() {
        let other = "\n## by hand\n\nWritten by somebody.\n";
        let page = document("", &held(1, 2_000), "just second") + other;
        let both = document(&page, &held(0, 1_000), "just first");
        assert!(both.ends_with(other), "{both}");
        assert_eq!(document(&both, &held(0, 1_000), "just first"), both);
    }
}
