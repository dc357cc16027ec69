//! Short runs, as CI does them: every hot path works, and none sends more statements than it may.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_ledger-bench");
    Command::new(program).args(arguments).output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn no_hot_path_sends_more_statements_than_it_may() {
    let directory = tempfile::tempdir().expect("a folder");
    // In a folder that is not there yet.
    let json = directory.path().join("measures/counts.json");
    let json = json.to_str().expect("UTF-8");
    let run = bench(&["--part", "counts", "--events", "20000", "--calls", "400", "--json", json]);
    let (out, err) = (text(&run.stdout), text(&run.stderr));
    assert!(run.status.success(), "{out}\n{err}");
    let written = std::fs::read(json).expect("the counts are there");
    let written: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
    let rows = written["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), out.lines().count() - 2, "a row each, without the table's head");
    assert!(rows.iter().all(|row| row["own"]["statements"].as_u64() > Some(0)), "{written}");
    for path in ["ingest: fresh", "one event a call", "resolve", "finalize", "upsert_cursor"] {
        assert!(out.contains(&format!("| {path}")), "{path} was not counted\n{out}\n{err}");
    }
}

/// What takes too long for every commit, with few events: each row is there, and each of its turns took some time.
#[test]
fn every_other_part_runs() {
    let directory = tempfile::tempdir().expect("a folder");
    for (part, some_rows) in [
        (
            "times",
            ["read all events", "payouts and hash", "another ledger's longest write"].as_slice(),
        ),
        ("growth", &["ingest, ids as sources", "COPY, ids as sources", "ingest, each id a hash"]),
        ("growth-with-memory", &["ingest, each id a hash", "COPY, each id a hash"]),
        ("prices", &["COPY with a foreign key", "COPY without the CHECKs", "COPY with metadata"]),
    ] {
        let json = directory.path().join(part);
        let (json, few) = (json.to_str().expect("UTF-8"), ["--events", "4000", "--calls", "80"]);
        let run = bench(&[&["--part", part, "--rounds", "1", "--json", json], &few[..]].concat());
        let (out, err) = (text(&run.stdout), text(&run.stderr));
        assert!(run.status.success(), "{part}\n{out}\n{err}");
        for row in some_rows {
            assert!(out.contains(&format!("| {row}")), "{row} was not measured\n{out}\n{err}");
        }
        let written = std::fs::read(json).expect("the measures are there");
        let written: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
        let rows = written["rows"].as_array().expect("rows");
        assert_eq!(rows.len(), out.lines().count() - 2, "a row each, without the table's head");
        assert!(rows.iter().all(|row| row["ratio"]["median"].as_f64() > Some(0.0)), "{written}");
    }
}

#[test]
fn times_go_into_their_section_of_the_page() {
    let directory = tempfile::tempdir().expect("a folder");
    let page = directory.path().join("performance.md");
    std::fs::write(&page, "# Page\n\n## Times\n\nAbout.\n\n## Counts\n\nMore.\n").expect("written");
    let page_text = page.to_str().expect("UTF-8");
    let json = directory.path().join("times.json");
    let run = bench(&[
        "--json",
        json.to_str().expect("UTF-8"),
        "--only",
        "cursor",
        "--events",
        "4000",
        "--calls",
        "80",
        "--rounds",
        "1",
        "--markdown",
        page_text,
    ]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let written = std::fs::read_to_string(&page).expect("it is there");
    assert!(
        written.contains("just bench --part times --events 4000 --calls 80 --rounds 1"),
        "{written}"
    );
    assert!(written.contains("| upsert_cursor |"), "{written}");
    assert!(written.ends_with("## Counts\n\nMore.\n"), "{written}");
}

#[test]
fn a_path_that_there_is_not_is_refused_by_name() {
    let run = bench(&["--only", "nowhere"]);
    assert_eq!(run.status.code(), Some(1));
    assert!(text(&run.stderr).contains("no path has \"nowhere\" in its name"));
}
