//! Activity from files.

use serde_json::Value;

use crate::program::{Program, Run, program, word};

fn line(id: &str, day: u32) -> String {
    format!(
        r#"{{"id":"w:{id}","source":"workshop","event_type":"session_held","platform_user_id":"ada","event_time":"2026-11-{day:02}T10:00:00Z"}}"#
    )
}

#[tokio::test]
async fn a_file_is_collected_once_and_read_on_in_the_next_epoch() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workshops.ndjson");
    std::fs::write(&file, [line("1", 24), line("2", 17), line("2", 17)].join("\n")).unwrap();
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    program.json(&["identity", "bind", "workshop", "ada", "ada"]);
    let first = program.json(&["collect", "ndjson", word(&file)]);
    let counts = |report: &Value| {
        ["inserted", "duplicates", "waiting", "resolved"].map(|name| report[name].as_u64().unwrap())
    };
    assert_eq!(counts(&first), [1, 1, 1, 1], "{first}");
    let again = program.json(&["collect", "ndjson", word(&file)]);
    assert_eq!(counts(&again), [0, 0, 1, 0], "{again}");
    program.json(&["epoch", "review"]);
    program.json(&["epoch", "open", "--week", "2026-W48"]);
    let next = program.json(&["collect", "ndjson", word(&file)]);
    assert_eq!(counts(&next), [1, 0, 0, 1], "{next}");
}

#[tokio::test]
async fn a_faulty_file_is_refused_whole_unless_its_faults_are_left_out() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workshops.ndjson");
    std::fs::write(&file, [&line("1", 17), "{}x", &line("3", 18)].join("\n")).unwrap();
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    program.refused(2, "\n  line 2: is not JSON", &["collect", "ndjson", word(&file)]);
    assert_eq!(program.json(&["activity", "list"])["events"].as_array().unwrap().len(), 0);
    let report = program.json(&["collect", "ndjson", word(&file), "--skip-invalid"]);
    assert_eq!((&report["inserted"], &report["faulty"]), (&2.into(), &1.into()), "{report}");
    assert!(report["notices"][0].as_str().unwrap().contains("line 2: is not JSON"), "{report}");
    program.refused(6, "does not exist", &["collect", "ndjson", "absent.ndjson"]);
    program.refused(6, "is not a file", &["collect", "ndjson", word(folder.path())]);
}

#[tokio::test]
async fn standard_input_is_a_file_too() {
    let program = Program::new().await;
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    for (id, inserted) in [("1", 1), ("1", 0), ("2", 1)] {
        let report = program.json_of(&["collect", "ndjson", "-"], &line(id, 17));
        assert_eq!(report["inserted"], inserted, "{report}");
        assert_eq!(report["notices"].as_array().map_or(0, Vec::len), 0, "{report}");
    }
}

#[tokio::test]
async fn a_spreadsheet_is_collected_by_its_columns() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("workshops.csv");
    let rows = "Nr,Who,When\n7,ada,2026-11-17T10:00:00Z\n8,bob,2026-11-18T10:00:00Z\n";
    std::fs::write(&file, rows).unwrap();
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    let set = ["--set", "source=workshop", "--set", "event_type=held"];
    let map = ["--map", "id=Nr", "--map", "platform_user_id=Who"];
    let words = [&["collect", "csv", word(&file)][..], &set, &map].concat();
    program.refused(2, "nothing says what event_time is", &words);
    program.refused(
        2,
        "there is no column \"At\"",
        &[&words[..], &["--map", "event_time=At"]].concat(),
    );
    program.refused(2, "--map id is given twice", &[&words[..], &["--map", "id=Who"]].concat());
    program.refused(2, "write it as id=Nr", &[&words[..], &["--map", "id"]].concat());
    let report = program.json(&[&words[..], &["--map", "event_time=When"]].concat());
    assert_eq!(report["inserted"], 2, "{report}");
    let events = program.json(&["activity", "list"]);
    assert_eq!(
        (&events["events"][1]["id"], &events["events"][1]["source"]),
        (&"8".into(), &"workshop".into())
    );
}

/// A line of GH Archive, as GitHub tells of a comment.
fn archived(id: u64, repository: &str) -> String {
    let user = r#"{"id": 583231, "login": "ada", "type": "User"}"#;
    format!(
        r#"{{"type": "IssueCommentEvent", "repo": {{"id": 7, "name": "{repository}"}},
        "created_at": "2026-11-17T10:00:00Z", "payload": {{"action": "created", "issue": {{"number": 1}},
        "comment": {{"id": {id}, "user": {user}, "html_url": "https://github.com/a/b/issues/1",
        "created_at": "2026-11-17T10:00:00Z", "updated_at": "2026-11-17T10:00:00Z"}}}}}}"#
    )
    .replace('\n', " ")
}

#[tokio::test]
async fn archives_are_collected_by_repository() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("2026-11-17-10.json");
    let lines = [archived(1, "acme/orchard"), archived(2, "other/place"), "{".to_owned()];
    std::fs::write(&whole, lines.join("\n")).unwrap();
    program.json(&["epoch", "open", "--week", "2026-W47", "--weight", "github:issue_commented=1"]);
    program.json(&["identity", "bind", "github", "583231", "ada"]);
    let collect = ["collect", "gharchive", word(&whole)];
    program.refused(2, "--repos <REPOSITORY,…>|--orgs <OWNER,…>|--all", &collect);
    program.refused(
        2,
        "\"orchard\" is no repository",
        &[&collect[..], &["--repos", "orchard"]].concat(),
    );
    program.refused(6, "does not exist", &["collect", "gharchive", "absent", "--all"]);
    let report = program.json(&[&collect[..], &["--repos", "x/y,ACME/Orchard"]].concat());
    assert_eq!((&report["inserted"], &report["faulty"]), (&1.into(), &1.into()), "{report}");
    assert!(report["notices"][0].as_str().unwrap().contains("2026-11-17-10.json, line 3: EOF"));
    let events = program.json(&["activity", "list"]);
    let event = &events["events"][0];
    assert_eq!((&event["id"], &event["user_id"]), (&"github:comment:1".into(), &"ada".into()));
    let report = program.json_of(&["collect", "gharchive", "--all", "-"], &archived(3, "a/b"));
    assert_eq!((&report["inserted"], &report["faulty"]), (&1.into(), &0.into()), "{report}");
}

#[test]
fn each_kind_of_file_is_explained_with_an_example() {
    for (kind, example) in [
        ("ndjson", "collect ndjson workshops.ndjson"),
        ("csv", "collect csv workshops.csv --set"),
        ("gharchive", "--orgs acme -"),
    ] {
        let run: Run = program().args(["collect", kind, "--help"]).output().unwrap().into();
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.out.contains(example), "{}", run.out);
    }
}
