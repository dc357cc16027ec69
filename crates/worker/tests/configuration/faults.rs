//! Each fault with its exact words, line and column.

use activity_sources::SOURCES;
use worker::Config;

/// Every kind of source there is.
fn kinds() -> String {
    SOURCES.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}

/// What is said of a text, line by line.
fn said(text: &str) -> Vec<String> {
    let error = Config::parse(text, "f.toml").expect_err("it is refused");
    error.to_string().lines().map(str::to_owned).collect()
}

/// A right ledger, with these lines in its table from line 3 on.
fn with_ledger(lines: &str) -> String {
    format!("[[ledger]]\nname = \"a\"\n{lines}\n[ledger.weights]\n\"git:a\" = 1\n")
}

/// A right source, with these lines in its table from line 7 on.
fn with_source(lines: &str) -> String {
    format!("{}[[ledger.source]]\n{lines}\n", with_ledger(""))
}

#[test]
fn nothing_is_planned() {
    assert_eq!(
        said(""),
        ["f.toml:1:1: ledger: there is none; name one with [[ledger]] and its name = \"default\""]
    );
    assert_eq!(said("ledger = []").len(), 1);
}

#[test]
fn a_syntax_fault_has_its_place_and_not_its_line() {
    let said = said("[worker]\nlease = \"30s\nsecret = 'hunter2'\n");
    assert!(said[0].starts_with("f.toml:2:"), "{said:?}");
    assert!(!said.concat().contains("hunter2"), "{said:?}");
}

#[test]
fn a_key_twice_is_a_fault() {
    assert_eq!(said("[worker]\nlease = \"30s\"\nlease = \"40s\"\n"), ["f.toml:3:1: duplicate key"]);
}

#[test]
fn a_key_that_nobody_knows_is_told_with_those_that_are() {
    let worker = "concurrency, first_retry_after, lease, longest_retry_after, max_attempts, \
                  poll_every";
    assert_eq!(
        said(&format!("[worker]\n  leese = \"30s\"\n{}workers = 2\n", with_ledger(""))),
        [
            format!("f.toml:2:3: worker.leese: there is no such key; known are: {worker}"),
            "f.toml:8:1: ledger.weights.workers: event kind \"workers\" is not valid: write it as \
             source:event_type"
                .to_owned(),
        ]
    );
    assert_eq!(
        said(&format!("\"wörker\" = 1\n{}", with_ledger("\"epoch length\" = \"7d\""))),
        [
            "f.toml:1:1: \"wörker\": there is no such key; known are: ledger, worker",
            "f.toml:4:1: ledger.\"epoch length\": there is no such key; known are: base_issuance, \
             bots, collect_every, create, epoch_anchor, epoch_length, last_collection_grace, \
             max_catch_up, name, source, weights",
        ]
    );
}

#[test]
fn every_wrong_value_of_a_ledger_is_told_at_once() {
    let lines = r#"create = "yes"
epoch_length = "a week"
epoch_anchor = "2026-01-05T00:00:00"
base_issuance = -1
collect_every = "0s"
last_collection_grace = 5
max_catch_up = 0
bots = ["ok", ""]"#;
    assert_eq!(
        said(&with_ledger(lines)),
        [
            "f.toml:3:10: ledger.create: it must be true or false, not a text",
            "f.toml:4:16: ledger.epoch_length: \"a week\" is not valid: it must be a length of \
             time; write it as \"90s\", \"15m\", \"6h\" or \"7d\"",
            "f.toml:5:16: ledger.epoch_anchor: time \"2026-01-05T00:00:00\" is not valid: it must \
             be a date such as 2026-11-16 or a time such as 2026-11-16T00:00:00Z",
            "f.toml:6:17: ledger.base_issuance: -1 is not valid: it must be a whole number from 0 \
             to 9223372036854775807",
            "f.toml:7:17: ledger.collect_every: \"0s\" is not valid: it must be 1ms at least",
            "f.toml:8:25: ledger.last_collection_grace: it must be a length of time, not a whole \
             number; write it as \"90s\", \"15m\", \"6h\" or \"7d\"",
            "f.toml:9:16: ledger.max_catch_up: 0 is not valid: it must be a whole number from 1 to \
             1000",
            "f.toml:10:8: ledger.bots: it must be a list of texts that are not empty, such as \
             [\"renovate*\"]",
        ]
    );
}

#[test]
fn a_length_of_time_is_a_fixed_one() {
    let said_of = |length: &str| {
        said(&with_ledger(&format!("epoch_length = \"{length}\""))).join("\n").replacen(
            &format!("f.toml:3:16: ledger.epoch_length: \"{length}\" is not valid: "),
            "",
            1,
        )
    };
    for month in ["1month", "2 M", "1d 1y"] {
        assert_eq!(
            said_of(month),
            "months and years have no fixed length; write days, such as \"28d\""
        );
    }
    assert_eq!(said_of("4000d"), "it must be 3650d at most");
    assert_eq!(said_of("999us"), "it must be 1ms at least");
    for no_length in ["", "7", "-7d", "99999999999999999999d"] {
        assert_eq!(
            said_of(no_length),
            "it must be a length of time; write it as \"90s\", \"15m\", \"6h\" or \"7d\""
        );
    }
    assert_eq!(
        said(&with_ledger("epoch_length = \"1s 1ns\"")),
        ["f.toml:3:16: ledger.epoch_length: epoch length \"1s 1ns\" is not valid: it must be in \
             whole microseconds"]
    );
}

#[test]
fn wrong_weights_are_named_one_by_one() {
    let text = r#"[[ledger]]
name = "a"
[ledger.weights]
"git:commit" = -1
"git" = 1
"git:other" = 1.5
"git:text" = "1"
"git:huge" = 9223372036854775808
"#;
    let must = "it must be a whole number from 0 to 9223372036854775807";
    assert_eq!(
        said(text),
        [
            format!(
                "f.toml:4:16: ledger.weights.\"git:commit\": -1 is not valid: {must}, in milli-units"
            ),
            "f.toml:5:1: ledger.weights.git: event kind \"git\" is not valid: write it as \
             source:event_type"
                .to_owned(),
            format!(
                "f.toml:6:15: ledger.weights.\"git:other\": {must}, not a number with a point, in milli-units"
            ),
            format!("f.toml:7:14: ledger.weights.\"git:text\": {must}, not a text, in milli-units"),
            format!(
                "f.toml:8:14: ledger.weights.\"git:huge\": 9223372036854775808 is not valid: {must}, in milli-units"
            ),
        ]
    );
}

#[test]
fn what_must_be_written_is_missed_at_its_table() {
    assert_eq!(
        said("\n[[ledger]]\n[[ledger.source]]\npath = \"/srv\"\n"),
        [
            "f.toml:2:1: ledger.name: it is missing; write name = \"default\"",
            "f.toml:2:1: ledger.weights: they are missing, and nothing would be paid; write \
             [ledger.weights] with \"git:commit_authored\" = 1000",
            "f.toml:3:1: ledger.source.id: it is missing; write id = \"main\"",
            &format!("f.toml:3:1: ledger.source.kind: it is missing; known are: {}", kinds()),
        ]
    );
    assert_eq!(
        said("worker = 1\nledger = 2\n"),
        [
            "f.toml:1:10: worker: write it as a table, [worker]",
            "f.toml:2:10: ledger: write each as a table of its own, [[ledger]]",
        ]
    );
}

#[test]
fn a_ledger_or_source_twice_names_the_first_one() {
    let twice = format!("{0}{0}", with_source("id = \"s\"\nkind = \"git\""));
    assert_eq!(
        said(&twice),
        ["f.toml:10:8: ledger.name: \"a\" is the ledger of line 2 already; give this one another \
             name, or put its sources there"]
    );
    let sources = "id = \"s\"\nkind = \"git\"\n[[ledger.source]]\nkind = \"git\"\nid = \"s\"";
    assert_eq!(
        said(&with_source(sources)),
        ["f.toml:11:6: ledger.source.id: \"s\" is the source of line 7 already; each source of a \
             ledger has an id of its own"]
    );
}

#[test]
fn a_source_of_no_known_kind_is_told_with_those_that_are() {
    let said = said(&with_source("id = \"Main\"\nkind = \"svn\"\nbad = nan\nbots = 1"));
    assert_eq!(
        said,
        [
            "f.toml:7:6: ledger.source.id: source id \"Main\" is not valid: it must begin with a \
             lower-case letter and hold only a-z, 0-9, '_', '-' and '.'",
            &format!(
                "f.toml:8:8: ledger.source.kind: there is no source of kind \"svn\"; known are: {}",
                kinds()
            ),
            "f.toml:9:7: ledger.source.bad: nan is not valid: JSON has no such number",
            "f.toml:10:8: ledger.source.bots: it must be a list of texts that are not empty, such \
             as [\"renovate*\"]",
        ]
    );
}

#[test]
fn a_long_value_is_shown_by_its_beginning() {
    let (text, number) = ("x".repeat(10_000), "9".repeat(10_000));
    let told = said(&with_source(&format!(
        "id = \"a\"\nkind = \"{text}\"\ncollect_every = \"{text}\"\nmany = {number}\nmuch = -{number}.5e999"
    )));
    let beginning = |of: &str| format!("{of}{}…", of.repeat(79));
    assert_eq!(
        told,
        [
            format!(
                "f.toml:8:8: ledger.source.kind: there is no source of kind \"{}\"; known are: {}",
                beginning("x"),
                kinds()
            ),
            format!(
                "f.toml:9:17: ledger.source.collect_every: \"{}\" is not valid: it must be a length \
                 of time; write it as \"90s\", \"15m\", \"6h\" or \"7d\"",
                beginning("x")
            ),
            format!(
                "f.toml:10:8: ledger.source.many: {} is not valid: it does not fit into 64 bits",
                beginning("9")
            ),
            format!(
                "f.toml:11:8: ledger.source.much: -{}… is not valid: JSON has no such number",
                "9".repeat(79)
            ),
        ]
    );
}

#[test]
fn keys_that_do_not_go_together_are_told() {
    let worker = "[worker]\nlease = \"9s\"\nfirst_retry_after = \"1h\"\nconcurrency = 65\n";
    assert_eq!(
        said(&format!("{worker}{}", with_ledger("last_collection_grace = \"8d\""))),
        [
            "f.toml:1:1: worker.longest_retry_after: 30m is shorter than first_retry_after, 1h",
            "f.toml:2:9: worker.lease: 9s is shorter than two polls, so that jobs of living workers \
             would be taken over; write 10s at least, or poll more often",
            "f.toml:4:15: worker.concurrency: 65 is not valid: it must be a whole number from 1 to \
             64",
            "f.toml:7:25: ledger.last_collection_grace: 8days is longer than an epoch, 7days, so \
             that a failing source would hold back more than one; write that at most",
        ]
    );
    let for_hours = "[worker]\nlease = \"2h\"\n";
    assert_eq!(
        said(&format!("{for_hours}{}", with_ledger(""))),
        [
            "f.toml:2:9: worker.lease: 2h is longer than 1m, so that the jobs of a dead worker would \
          wait for too long; a living one extends its lease by itself"
        ]
    );
}

/// A file says itself whose work it counts: the ledger's bots are none of its settings.
#[test]
fn a_source_that_takes_no_bots_is_given_none_and_may_name_none() {
    let plan = |own: &str| {
        let ledger = with_ledger("bots = [\"renovate*\"]");
        format!("{ledger}[[ledger.source]]\nid = \"f\"\nkind = \"ndjson\"\nfile = \"a\"\n{own}\n")
    };
    let config = Config::parse(&plan(""), "f.toml").expect("it is in order");
    assert_eq!(config.ledgers[0].sources[0].settings, serde_json::json!({ "file": "a" }));
    assert_eq!(
        said(&plan("bots = [\"ci\"]")),
        ["f.toml:10:8: ledger.source.bots: a source of kind ndjson has no bots; leave them out"]
    );
}
