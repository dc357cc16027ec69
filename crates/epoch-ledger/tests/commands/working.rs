//! `work`, `jobs`, `sources`: epochs that run by themselves, and what an operator sees of it.

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
    assert!(run.err.contains("--name must have 1 to 256 bytes"), "{run:?}");
}
