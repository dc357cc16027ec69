//! What tortures did, as a page.

use std::fmt::Write as _;
use std::time::Duration;

use crate::{Report, Torture, grouped};

/// A torture that ran to its end.
#[derive(Debug)]
pub struct Held {
    /// Which.
    pub torture: &'static Torture,
    /// What it did.
    pub report: Report,
    /// How long it took.
    pub took: Duration,
}

/// The page. `command` makes it again.
pub fn document(held: &[Held], command: &str) -> String {
    let mut page = format!(
        "# Reliability\n\nWritten by `just torture`, which does to the store what is too long for a test, on a \
         PostgreSQL of its own, and ends with\nthe first promise that is broken. Here every promise held. \
         The seed throws the same dice again; in which order callers\ncome to their turns is up to the \
         machine. `just torture-faults` builds the store with a deliberate fault for each of\nthese, and \
         each finds its own (`torture/faults.txt`).\n\n    {command}\n\n{} processors.\n",
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    );
    for Held { torture, report, took } in held {
        // Writing to a string does not fail.
        let _ = write!(page, "\n## {}\n\n{}\n\n| | |\n|---|---|\n", torture.name, torture.about);
        for figure in &report.figures {
            let _ = writeln!(page, "| {} | {} |", figure.what, grouped(&figure.value));
        }
        let _ = writeln!(page, "| took, s | {} |", took.as_secs());
    }
    page
}
