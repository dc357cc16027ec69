//! Runs a command with `DATABASE_URL` naming a fresh, migrated database:
//! `cargo run -p ledger-testkit --bin with-test-database -- diesel print-schema`.

use std::process::{Command, ExitCode};

use store_testkit::TestDatabase;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let Some(program) = words.next() else {
        eprintln!("usage: with-test-database COMMAND [ARGUMENT]…");
        return ExitCode::from(2);
    };
    let database = TestDatabase::new().await;
    let status =
        Command::new(&program).args(words).env("DATABASE_URL", database.owner_url_text()).status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            ExitCode::from(status.code().and_then(|code| code.try_into().ok()).unwrap_or(1))
        }
        Err(error) => {
            eprintln!("cannot run {}: {error}", program.display());
            ExitCode::from(127)
        }
    }
}
