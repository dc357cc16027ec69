//! The server's log: one file for `initdb`, `pg_ctl` and the server, begun anew with each run.

use std::{
    fs::{self, File},
    io,
    process::ExitStatus,
};

use crate::{
    error::{PrivatePostgresError, io_error},
    state_dir::{LOG, OLD_LOG, StateDir},
};

/// What an error shows of the log.
const TAIL_LINES: usize = 12;

/// Begins a log, and keeps the one of the run before.
pub(crate) fn begin(state_dir: &StateDir) -> Result<(), PrivatePostgresError> {
    let log = state_dir.log();
    match fs::rename(&log, state_dir.path().join(OLD_LOG)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_error("rename", &log)(error))
        }
        _ => append_to(state_dir).map(drop),
    }
}

/// Opens the log to write at its end, wherever the others who write to it have put that.
pub(crate) fn append_to(state_dir: &StateDir) -> Result<File, PrivatePostgresError> {
    state_dir.open_to_append(LOG).map_err(io_error("open", &state_dir.log()))
}

/// The error of a step that wrote its reasons to the log.
pub(crate) fn failed(
    state_dir: &StateDir,
    step: &'static str,
    status: ExitStatus,
) -> PrivatePostgresError {
    let log = state_dir.log();
    let text = fs::read(&log).unwrap_or_default();
    let tail = last_lines(&String::from_utf8_lossy(&text), TAIL_LINES);
    PrivatePostgresError::Failed { step, status, log, tail }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end_or_all_of_it() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a\n", 2), "a");
        assert_eq!(last_lines("", 2), "");
    }
}
