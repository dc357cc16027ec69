//! Where results go: standard output, as a table for people or JSON for programs. Everything else
//! (progress, notices, questions) goes to standard error.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use activity_collector::Progress;
use activity_sources::SourceStream;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use owo_colors::OwoColorize as _;
use serde_json::Value;

use crate::failure::Failure;

/// What was said under `--json`, for the result or the failure to carry. A process runs one command.
static NOTICES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) is_json: bool,
}

impl Output {
    /// Prints a result: the JSON, or what `people` writes.
    pub(crate) fn result(
        self,
        json: &Value,
        people: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = if self.is_json {
            serde_json::to_string_pretty(&with_notices(json))?
        } else {
            people()
        };
        self.text(text.trim_end())
    }

    /// Prints a line of result as it is. A reader who has seen enough (`| head`) is no failure.
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        match writeln!(anstream::stdout(), "{text}") {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// Says what is being done, to people only.
    pub(crate) fn step(self, text: &str) {
        if !self.is_json {
            anstream::eprintln!("{} {text}", "•".cyan());
        }
    }

    /// Says what somebody should read: people at once, programs in the JSON that is to come.
    pub(crate) fn notice(self, text: &str) {
        if self.is_json {
            NOTICES.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
            return;
        }
        anstream::eprintln!("{} {text}", "note:".yellow().bold());
    }

    /// A bar for work of unknown or known length. Nothing is drawn where nobody looks.
    pub(crate) fn progress(self) -> Bar {
        let bar = if self.is_json || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::no_length()
        };
        Bar { bar }
    }
}

/// What was said and not printed yet.
pub(crate) fn take_notices() -> Vec<String> {
    std::mem::take(&mut *NOTICES.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The result with the list `notices`, which every result has. One that names notices of its own
/// keeps them.
fn with_notices(json: &Value) -> Value {
    let mut json = json.clone();
    let Value::Object(result) = &mut json else { return json };
    let listed = result.entry("notices").or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(listed) = listed {
        for notice in take_notices().into_iter().map(Value::String) {
            if !listed.contains(&notice) {
                listed.push(notice);
            }
        }
    }
    json
}

/// A progress bar over the facts of a stream.
pub(crate) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(crate) fn finish(self) {
        self.bar.finish();
    }
}

impl Progress for Bar {
    fn stream_begins(&mut self, stream: &SourceStream, expected_facts: Option<u64>) {
        let template = if expected_facts.is_some() {
            "  {msg} [{bar:32.cyan/dim}] {pos}/{len} {per_sec} {elapsed}"
        } else {
            "  {msg} {spinner} {pos} {per_sec} {elapsed}"
        };
        let style = ProgressStyle::with_template(template)
            .expect("the template is written for this version of indicatif");
        self.bar.set_style(style.progress_chars("━╸ "));
        self.bar.set_message(format!("{} {}", stream.key.scope(), stream.key.stream()));
        self.bar.enable_steady_tick(Duration::from_millis(100));
        if let Some(facts) = expected_facts {
            self.bar.set_length(facts);
        }
    }

    fn page_stored(&mut self, facts: u64) {
        self.bar.inc(facts);
    }
}

/// A table with its number columns on the right.
pub(crate) fn table(header: &[&str], numbers: &[usize], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    table.add_rows(rows);
    for position in numbers {
        if let Some(column) = table.column_mut(*position) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// `1 event`, `2 events`.
pub(crate) fn counted(count: impl TryInto<u64>, one: &str) -> String {
    // No list in memory is longer than that.
    let count = count.try_into().unwrap_or(u64::MAX);
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}
