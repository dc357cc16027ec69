//! Runs the program.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use diesel_async::SimpleAsyncConnection as _;
use serde_json::Value;
use store_testkit::TestDatabase;

/// What a run printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The result, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The program, with nothing set that the machine happens to have set.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_epoch-ledger"));
    for name in [
        "DATABASE_URL",
        "EPOCH_LEDGER_CONFIG",
        "EPOCH_LEDGER_CURSOR_SECRET",
        "EPOCH_LEDGER_LEDGER",
        "EPOCH_LEDGER_LISTEN",
        "EPOCH_LEDGER_METRICS",
        "EPOCH_LEDGER_STATE_DIR",
        "GITHUB_TOKEN",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "RUST_LOG",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// The program on a migrated database of a test's own.
pub(crate) struct Program {
    pub(crate) database: TestDatabase,
}

impl Program {
    pub(crate) async fn new() -> Self {
        Self { database: TestDatabase::new().await }
    }

    /// The program with these words, to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.env("DATABASE_URL", self.database.owner_url_text()).args(arguments);
        command
    }

    /// Runs it, whatever comes of it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs what must succeed; answers its result.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let run = self.run(&all);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.json()
    }

    /// Runs what must succeed with that on its standard input; answers its result.
    pub(crate) fn json_of(&self, arguments: &[&str], input: &str) -> Value {
        let mut command = self.command(&["--json"]);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.json()
    }

    /// Runs what must fail with that code and one sentence that says that.
    pub(crate) fn refused(&self, code: i32, says: &str, arguments: &[&str]) {
        let run = self.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {run:?}");
        assert!(run.err.contains(says), "{arguments:?} does not say {says:?}: {}", run.err);
        assert_eq!(run.out, "", "{arguments:?}");
    }

    /// Changes what the program never changes, as a superuser with the guards off.
    pub(crate) async fn tamper(&self, sql: &str) {
        let off = "SET session_replication_role = replica";
        let mut owner = self.database.owner().await;
        owner.batch_execute(&format!("{off}; {sql}")).await.unwrap();
    }
}

/// A path as an argument.
pub(crate) fn word(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}
