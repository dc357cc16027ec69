//! `work`, `jobs`, `sources`: epochs that run by themselves, and what an operator sees of it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::program::{Program, word};
use crate::repository::Repository;
use crate::started::Started;

/// A plan over a repository and over a place where there is none.
fn plan(folder: &Path, repository: &Path) -> String {
    let text = format!(
        "[worker]\npoll_every = \"50ms\"\nlease = \"1s\"\n\n[[ledger]]\nname = \"default\"\n\
         base_issuance = 500\nweights = {{ \"git:commit_authored\" = 1000 }}\n\n\
         [[ledger.source]]\nid = \"main\"\nkind = \"git\"\npath = \"{}\"\n\n\
         [[ledger.source]]\nid = \"gone\"\nkind = \"git\"\npath = \"{}\"\n",
        repository.display(),
        folder.join("gone").display(),
    );
    let file = folder.join("plan.toml");
    std::fs::write(&file, text).unwrap();
    word(&file).to_owned()
}

/// A worker that has said that it works; one that is told to stop before that was interrupted.
fn start(program: &Program, plan: &str) -> Started {
    let command = program.command(&["work", "--config", plan, "--name", "ada"]);
    let worker = Started::new(command);
    worker.wait_until_it_says("ada works for 1 ledger with 2 sources");
    worker
}

fn job<'a>(jobs: &'a Value, name: &str) -> Option<&'a Value> {
    jobs["jobs"].as_array().unwrap().iter().find(|job| job["job"] == name)
}

/// The jobs, once the worker has done what there is to do.
fn settled(program: &Program) -> Value {
    let began = Instant::now();
    loop {
        let jobs = program.json(&["jobs", "list"]);
        let is =
            |name: &str, state: &str| job(&jobs, name).is_some_and(|one| one["state"] == state);
        if is("default/collect-source/main", "done")
            && is("default/collect-source/gone", "set-aside")
        {
            return jobs;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{jobs}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test]
async fn a_worker_opens_an_epoch_collects_and_stops_when_it_is_told_to() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), repository.path());
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let worker = start(&program, &plan);
        let jobs = settled(&program);
        let gone = job(&jobs, "default/collect-source/gone").unwrap();
        assert_eq!(gone["attempts"], 1, "{gone}");
        assert!(gone["last_error"].as_str().unwrap().contains("does not exist"), "{gone}");
        let stopped = worker.stop(signal);
        assert_eq!(stopped.code, 0, "{stopped:?}");
        assert!(stopped.err.contains("stopped; what was in hand is stored"), "{stopped:?}");
    }

    let epoch = program.json(&["epoch", "show"]);
    assert_eq!(epoch["pool_components"][0]["amount_credits"], "500");
    let sources = epoch["sources"].as_array().unwrap();
    assert_eq!((&sources[0]["source"], &sources[1]["source"]), (&json!("gone"), &json!("main")));
    assert_eq!(sources[0]["collected_through"], Value::Null);
    assert!(sources[0]["last_error"].as_str().unwrap().contains("does not exist"), "{epoch}");
    assert!(sources[1]["collected_through"].is_string() && sources[1]["last_error"].is_null());
    let shown = program.run(&["epoch", "show"]);
    assert!(shown.out.contains("not to the window's end"), "{}", shown.out);

    let status = program.json(&["sources", "status", "--config", &plan]);
    let waits_for: Vec<&str> = status["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["waits_for"].as_str().unwrap())
        .collect();
    assert!(waits_for[0].starts_with("its time, "), "{status}");
    let look = "somebody to look, then `epoch-ledger jobs retry default/collect-source/gone`";
    assert_eq!(waits_for[1], look);
    assert_eq!(program.run(&["sources", "status", "--config", &plan]).code, 0);
}

/// What the program answers over HTTP.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn a_monitoring_system_reads_what_sources_status_says() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), repository.path());
    let words = ["work", "--config", &plan, "--name", "ada", "--metrics", "127.0.0.1:0"];
    let worker = Started::new(program.command(&words));
    worker.wait_until_it_says("ada works for");
    let said = worker.said();
    let (_, rest) = said.split_once("metrics at http://").unwrap();
    let (address, _) = rest.split_once("/metrics").unwrap();
    settled(&program);
    let main = r#"ledger="default",source="main",kind="git""#;
    // A job may be asked for once more right after it was done.
    let waits = format!("epoch_ledger_source_waiting{{{main},for=\"time\"}} 1\n");
    let began = Instant::now();
    let answer = loop {
        let answer = get(address, "/metrics");
        if answer.contains(&waits) || began.elapsed() > Duration::from_secs(30) {
            break answer;
        }
    };
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: application/openmetrics-text; version=1.0.0"));
    let gone = r#"ledger="default",source="gone",kind="git""#;
    for line in [
        "epoch_ledger_database_up 1\n".to_owned(),
        r#"worker="ada"} 1"#.to_owned(),
        format!("epoch_ledger_source_waiting{{{main},for=\"time\"}} 1\n"),
        format!("epoch_ledger_source_waiting{{{main},for=\"somebody\"}} 0\n"),
        format!("epoch_ledger_source_waiting{{{gone},for=\"somebody\"}} 1\n"),
        format!("epoch_ledger_source_failing{{{main}}} 0\n"),
        format!("epoch_ledger_source_failing{{{gone}}} 1\n"),
        format!("epoch_ledger_source_behind_seconds{{{main}}} "),
        format!("epoch_ledger_worker_collections_total{{{main},outcome=\"complete\"}} "),
        format!("epoch_ledger_worker_collections_total{{{gone},outcome=\"failed\"}} 1\n"),
        format!("epoch_ledger_worker_events_total{{{main},outcome=\"inserted\"}} "),
        "# EOF\n".to_owned(),
    ] {
        assert!(answer.contains(&line), "{line}: {answer}");
    }
    assert!(answer.contains(&format!("source_behind_seconds{{{gone}}} ")), "it was never read");
    assert!(!answer.contains(&format!("source_behind_seconds{{{gone}}} 0\n")), "{answer}");
    let status = program.json(&["sources", "status", "--config", &plan]);
    let through = status["sources"][0]["collected_through"].as_str().unwrap();
    let seconds = through.parse::<ledger_core::Timestamp>().unwrap().unix_seconds();
    let line = format!("epoch_ledger_source_collected_through_seconds{{{main}}} {seconds}\n");
    assert!(answer.contains(&line), "{line}: {answer}");
    assert!(get(address, "/").starts_with("HTTP/1.1 404 "));

    let taken = ["work", "--config", &plan, "--metrics", address];
    program.refused(2, "--metrics cannot listen on 127.0.0.1:", &taken);
    program.refused(2, "invalid socket address", &["work", "--metrics", "9464"]);
    // Somebody who says nothing does not hold up the end.
    let _silent = TcpStream::connect(address).unwrap();
    assert_eq!(worker.stop(Signal::SIGTERM).code, 0);
}

#[tokio::test]
async fn an_operator_retries_and_cancels_a_job_by_its_name() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let nothing = program.run(&["jobs", "list"]);
    assert!(nothing.out.contains("There are no jobs yet"), "{nothing:?}");
    let folder = tempfile::tempdir().unwrap();
    let worker = start(&program, &plan(folder.path(), repository.path()));
    settled(&program);
    worker.stop(Signal::SIGTERM);

    let gone = "default/collect-source/gone";
    let retried = program.json(&["jobs", "retry", gone]);
    assert_eq!((&retried["state"], &retried["attempts"]), (&json!("queued"), &json!(0)));
    assert!(program.run(&["jobs", "retry", gone]).out.contains("is due now"));
    let cancelled = program.json(&["jobs", "cancel", gone]);
    assert_eq!((&cancelled["state"], &cancelled["last_error"]), (&json!("done"), &Value::Null));

    let unknown = program.run(&["jobs", "retry", "default/collect-source/other"]);
    assert_eq!(unknown.code, 4, "{unknown:?}");
    assert!(unknown.err.contains("there is no job default/collect-source/other"), "{unknown:?}");
    assert!(unknown.err.contains("epoch-ledger jobs list"), "{unknown:?}");
    let no_job = program.run(&["jobs", "cancel", "default"]);
    assert_eq!(no_job.code, 2, "{no_job:?}");
    assert!(no_job.err.contains("LEDGER/collect-source/SOURCE"), "{no_job:?}");
}

#[tokio::test]
async fn a_worker_that_cannot_work_says_why() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let run = program.run(&["work", "--config", word(&missing)]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("missing.toml") && run.err.contains("config example"), "{run:?}");

    let file = folder.path().join("plan.toml");
    let text = "[[ledger]]\nname = \"nowhere\"\ncreate = false\nweights = {}\n";
    std::fs::write(&file, text).unwrap();
    let run = program.run(&["work", "--config", word(&file)]);
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.err.contains("there is no ledger \"nowhere\""), "{run:?}");

    let run = program.run(&["work", "--config", word(&file), "--name", "a\nb"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("--name") && run.err.contains("a control character"), "{run:?}");
    let long = "w".repeat(257);
    let run = program.run(&["work", "--config", word(&file), "--name", &long]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("--name") && run.err.contains("256 bytes"), "{run:?}");
}
