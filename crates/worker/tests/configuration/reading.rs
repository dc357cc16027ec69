//! What a right file reads as.

use std::time::Duration;

use serde_json::json;
use worker::{Config, ConfigError, WorkerSettings};

const SMALLEST: &str = r#"
[[ledger]]
name = "books"
weights = { "git:commit_authored" = 1000 }
"#;

fn parse(text: &str) -> Config {
    Config::parse(text, "f.toml").unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = parse(SMALLEST);
    assert_eq!(config.worker, WorkerSettings::default());
    assert_eq!(
        config.to_json(),
        json!({
            "worker": {
                "concurrency": 4, "poll_every": "5s", "lease": "30s", "max_attempts": 10,
                "first_retry_after": "10s", "longest_retry_after": "30m",
            },
            "ledger": [{
                "name": "books", "create": true, "epoch_length": "7days",
                "epoch_anchor": "2026-01-05T00:00:00Z", "last_collection_grace": "6h",
                "max_catch_up": 8, "weights": { "git:commit_authored": "1000" }, "source": [],
            }],
        })
    );
    assert_eq!(config.ledgers[0].base_issuance, None);
}

#[test]
fn a_source_takes_over_what_its_ledger_says() {
    let config = parse(
        r#"
        [[ledger]]
        name = "books"
        collect_every = "2h"
        bots = ["renovate*", "ci"]
        weights = { "git:commit_authored" = 1000 }
        [[ledger.source]]
        id = "one"
        kind = "git"
        path = "/srv/one"
        [[ledger.source]]
        id = "two"
        kind = "git"
        path = "/srv/two"
        bots = ["ci", "robot"]
        collect_every = "15m"
        nested = { list = [1, 0x10, 1.5, true], at = 2026-01-05T00:00:00Z }
        "#,
    );
    let [one, two] = config.ledgers[0].sources.as_slice() else { panic!("{config:?}") };
    assert_eq!(one.collect_every, Duration::from_secs(7_200));
    assert_eq!(one.settings, json!({ "path": "/srv/one", "bots": ["renovate*", "ci"] }));
    assert_eq!(two.collect_every, Duration::from_secs(900));
    assert_eq!(
        two.settings,
        json!({
            "path": "/srv/two",
            "bots": ["renovate*", "ci", "robot"],
            "nested": { "list": [1, 16, 1.5, true], "at": "2026-01-05T00:00:00Z" },
        })
    );
}

#[test]
fn what_is_in_force_reads_as_itself() {
    let text = r#"
        worker = { poll_every = "250ms", lease = "500ms", concurrency = 1 }
        [[ledger]]
        name = "b"
        create = false
        epoch_length = "36h"
        epoch_anchor = 2025-12-31T23:00:00.000001-01:00
        base_issuance = 9223372036854775807
        last_collection_grace = "36h"
        bots = ["x"]
        [ledger.weights]
        "git:commit_authored" = 0
        "github:pr_merged" = 9223372036854775807
        [[ledger.source]]
        id = "s"
        kind = "git"
        path = "/srv/a \"quoted\" path"
        a_table = { inner = [{ x = 1.5 }, { y = {} }], last = "z" }
        [[ledger]]
        name = "a"
        weights = {}
        last_collection_grace = "0s"
    "#;
    let config = parse(text);
    assert_eq!(parse(&config.to_toml()), config);
    assert_eq!(config.ledgers[0].calendar.anchor().to_string(), "2026-01-01T00:00:00.000001Z");
    let names: Vec<_> = config.ledgers.iter().map(|ledger| ledger.name.as_str()).collect();
    assert_eq!(names, ["b", "a"], "the order of the file stays");
}

#[test]
fn a_short_epoch_shortens_the_default_grace() {
    let text = SMALLEST.replace("name = \"books\"", "name = \"books\"\nepoch_length = \"1h\"");
    assert_eq!(parse(&text).ledgers[0].last_collection_grace, Duration::from_secs(3_600));
}

#[test]
fn a_file_is_read_from_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.toml");
    let missing = Config::read(&file).unwrap_err();
    assert_eq!(
        missing.to_string(),
        format!("{} cannot be read: No such file or directory (os error 2)", file.display())
    );
    assert!(matches!(missing, ConfigError::Unreadable { .. }));
    std::fs::write(&file, SMALLEST).unwrap();
    assert_eq!(Config::read(&file).unwrap(), parse(SMALLEST));
    std::fs::write(&file, b"a = 1\nb\xff = 2\n").unwrap();
    assert_eq!(
        Config::read(&file).unwrap_err().to_string(),
        format!("{}:2:2: this is not UTF-8; save the file as UTF-8", file.display())
    );
}
