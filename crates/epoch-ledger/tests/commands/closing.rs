//! Closing an epoch: what it warns of, what it asks, and that nothing is closed without an answer.

use std::io::Write as _;
use std::process::Stdio;

use diesel_async::SimpleAsyncConnection as _;
use nix::sys::signal::Signal;

use crate::program::{Program, Run, word};
use crate::repository::Repository;
use crate::terminal::Terminal;

const QUESTION: &str = "It cannot be taken back. [y/N]";

/// An epoch of all the history there is, ready to be closed, in which nobody waits.
async fn ready() -> (Program, Repository) {
    let (program, repository) = (Program::new().await, Repository::with_history());
    program.json(&["epoch", "open", "--from", "2026-01-01", "--to", "9000-01-01"]);
    program.json(&["collect", "git", word(repository.path())]);
    for person in ["ada", "grace", "lin"] {
        program.json(&["identity", "bind", "git", &format!("{person}@example.org"), person]);
    }
    program.json(&["allocate", "propose"]);
    program.json(&["pool", "add", "base_issuance", "10000"]);
    (program, repository)
}

fn asked(program: &Program) -> Terminal {
    let terminal = Terminal::start(program.command(&["epoch", "close"]));
    terminal.wait_until_it_shows(QUESTION);
    terminal
}

fn status(program: &Program) -> String {
    program.json(&["epoch", "show", "1"])["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn yes_closes() {
    let (program, _repository) = ready().await;
    let mut terminal = asked(&program);
    terminal.press("y\n");
    let ended = terminal.end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.screen.contains("Epoch 1 is closed."), "{ended:?}");
    assert_eq!(status(&program), "closed");
}

#[tokio::test]
async fn no_and_nothing_and_the_end_of_input_close_nothing() {
    let (program, _repository) = ready().await;
    for answer in ["n\n", "\n", "yes please\n", "\u{4}"] {
        let mut terminal = asked(&program);
        terminal.press(answer);
        let ended = terminal.end();
        assert_eq!(ended.code, 3, "{answer:?}: {ended:?}");
        assert!(ended.screen.contains("\nerror: "), "not on a line of its own: {ended:?}");
        assert!(ended.screen.contains("not confirmed; nothing was closed"), "{ended:?}");
        assert_eq!(status(&program), "open", "{answer:?}");
    }
}

#[tokio::test]
async fn a_signal_at_the_question_ends_the_program_and_nothing_was_written() {
    let (program, _repository) = ready().await;
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let terminal = asked(&program);
        terminal.signal(signal);
        let ended = terminal.end();
        assert_eq!(ended.code, 130, "{signal}: {ended:?}");
        assert!(ended.screen.contains("interrupted; nothing was written"), "{ended:?}");
        assert_eq!(status(&program), "open", "{signal}");
    }
}

#[tokio::test]
async fn a_pipe_is_nobody_to_ask() {
    let (program, _repository) = ready().await;
    let mut command = program.command(&["epoch", "close"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may have ended before it reads this, and then nobody does.
    let _ = child.stdin.take().unwrap().write_all(b"y\n");
    let run: Run = child.wait_with_output().unwrap().into();
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("pass --yes to close"), "{run:?}");
    assert!(!run.err.contains("[y/N]") && !run.err.contains("10000"), "{run:?}");
    assert_eq!(status(&program), "open");
}

#[tokio::test]
async fn json_asks_nobody_even_on_a_terminal() {
    let (program, _repository) = ready().await;
    let ended = Terminal::start(program.command(&["--json", "epoch", "close"])).end();
    assert_eq!(ended.code, 2, "{ended:?}");
    let error: serde_json::Value = serde_json::from_str(&ended.screen).unwrap();
    assert_eq!(error["error"]["exit_code"], 2, "{error}");
}

#[tokio::test]
async fn work_of_nobody_that_arrives_at_the_question_is_looked_at_first() {
    let (program, repository) = ready().await;
    let mut terminal = asked(&program);
    repository.commit("Eve", "eve@example.org", "2026-11-23T10:00:00Z", "Just in time");
    let collected = program.json(&["collect", "git", word(repository.path())]);
    assert_eq!(collected["inserted"], 1, "{collected}");
    terminal.press("y\n");
    let ended = terminal.end();
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.screen.contains("belong to nobody changed since you looked"), "{ended:?}");
    assert_eq!(status(&program), "open");
    // Whoever looks again sees it, and may.
    let mut terminal = asked(&program);
    terminal.wait_until_it_shows("1 event of 1 platform user belongs to nobody");
    terminal.press("y\n");
    assert_eq!(terminal.end().code, 0);
}

#[tokio::test]
async fn a_close_before_the_window_is_over_says_so() {
    const NOTE: &str = "the window of epoch 1 ends at 9000-01-01T00:00:00Z, which is still to come";
    let (program, _repository) = ready().await;
    let run = program.run(&["epoch", "close", "--dry-run"]);
    assert!(run.err.contains(NOTE), "{run:?}");
    let mut terminal = asked(&program);
    terminal.press("n\n");
    let ended = terminal.end();
    let (note, question) = (ended.screen.find(NOTE), ended.screen.find(QUESTION));
    assert!(note.is_some() && note < question, "the note comes before the question: {ended:?}");
    let past = Program::new().await;
    past.json(&["epoch", "open", "--from", "2020-01-01", "--to", "2020-01-08"]);
    past.json(&["pool", "add", "base_issuance", "1"]);
    let run = past.run(&["epoch", "close", "--yes"]);
    assert!(run.code == 0 && !run.err.contains("still to come"), "{run:?}");
}

/// Closes the epoch as a program does that ends before it pays.
async fn close_without_a_statement(program: &Program) {
    program
        .database
        .owner()
        .await
        .batch_execute(
            "UPDATE epochs SET status = 'closed', closed_at = now(), pool_total_credits =
                (SELECT sum(amount_credits) FROM epoch_pool_components)",
        )
        .await
        .unwrap();
    program.refused(3, NO_STATEMENT, &["statement", "show", "1"]);
}

const NO_STATEMENT: &str = "epoch 1 is closed but has no statement";
const IS_WRITTEN: &str = "Epoch 1 was closed without a statement; it is written now.";

#[tokio::test]
async fn an_epoch_that_is_closed_without_a_statement_is_asked_for_all_the_same() {
    let (program, _repository) = ready().await;
    close_without_a_statement(&program).await;
    let close = ["epoch", "close", "1"];
    program.refused(2, "pass --yes to write it, or --dry-run to look", &close);
    let dry = program.run(&["epoch", "close", "1", "--dry-run"]);
    assert!(dry.code == 0 && dry.out.contains("Nothing was written (dry run)."), "{dry:?}");
    assert_eq!(dry.err, "", "everybody is paid, and its window is no news");
    let asked = || {
        let terminal = Terminal::start(program.command(&close));
        terminal.wait_until_it_shows("Epoch 1 is closed without a statement; pay this?");
        terminal.wait_until_it_shows(QUESTION);
        terminal
    };
    let mut terminal = asked();
    terminal.press("n\n");
    let ended = terminal.end();
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.screen.contains("not confirmed; nothing was written"), "{ended:?}");
    program.refused(3, NO_STATEMENT, &["statement", "show", "1"]);
    let mut terminal = asked();
    terminal.press("y\n");
    let ended = terminal.end();
    assert!(ended.code == 0 && ended.screen.contains(IS_WRITTEN), "{ended:?}");
    assert!(ended.screen.find("10000") < ended.screen.find(QUESTION), "{ended:?}");
    // Once it has one there is nothing to ask, or to write.
    let statement = program.json(&["statement", "show", "1"]);
    let again = program.run(&close);
    assert!(again.code == 0 && again.out.contains("Epoch 1 was closed already."), "{again:?}");
    assert_eq!(again.err, "");
    assert_eq!(program.json(&["statement", "show", "1"]), statement);
}

#[tokio::test]
async fn a_statement_that_pays_nobody_says_so_before_it_is_written() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    program.json(&["epoch", "open", "--from", "2026-01-01", "--to", "9000-01-01"]);
    program.json(&["collect", "git", word(repository.path())]);
    program.json(&["pool", "add", "base_issuance", "10000"]);
    close_without_a_statement(&program).await;
    let notices = [
        "9 events of 3 platform users belong to nobody, and will never be paid now that this \
         epoch is closed",
        "nobody has units, so nobody is paid and the pool stays unspent",
    ];
    let run = program.run(&["epoch", "close", "1", "--yes"]);
    assert!(run.code == 0 && run.out.contains(IS_WRITTEN), "{run:?}");
    assert!(notices.iter().all(|notice| run.err.contains(notice)), "{run:?}");
    let statement = program.json(&["statement", "show", "1"]);
    assert_eq!(statement["payouts"], serde_json::json!([]), "{statement}");
    let again = program.run(&["epoch", "close", "1", "--yes"]);
    assert!(again.out.contains("Epoch 1 was closed already."), "{again:?}");
    assert_eq!(again.err, "", "what is paid is paid");
}
