//! A week, as `--help` tells it, and what an auditor finds in it.

use serde_json::Value;

use crate::program::{Program, Run, word};
use crate::repository::Repository;

/// A week that is ready to be closed.
async fn ready() -> (Program, Repository) {
    let (program, repository) = (Program::new().await, Repository::with_history());
    program.json(&["epoch", "open", "--from", "2026-11-09", "--to", "2026-11-23"]);
    program.json(&["collect", "git", word(repository.path())]);
    for person in ["ada", "grace", "lin"] {
        program.json(&["identity", "bind", "git", &format!("{person}@example.org"), person]);
    }
    program.json(&["allocate", "propose"]);
    program.json(&["allocate", "override", "lin", "2500", "--reason", "ran the workshop"]);
    program.json(&["pool", "add", "base_issuance", "10000", "--evidence", "vote 12"]);
    (program, repository)
}

#[tokio::test]
async fn a_week_goes_from_a_repository_to_a_verified_statement() {
    let (program, _repository) = ready().await;
    let unresolved = program.json(&["identity", "unresolved"]);
    assert_eq!(unresolved["unresolved"].as_array().unwrap().len(), 0, "{unresolved}");
    let preview = program.json(&["epoch", "close", "--dry-run"]);
    assert_eq!(preview["outcome"], "dry_run");
    assert_eq!(program.json(&["epoch", "show"])["status"], "open");
    program.refused(2, "pass --yes to close", &["epoch", "close"]);
    let closed = program.json(&["epoch", "close", "--yes"]);
    assert_eq!(closed["outcome"], "closed");
    assert_eq!(closed["statement"]["payouts"], preview["statement"]["payouts"]);
    let rows = closed["statement"]["payouts"].as_array().unwrap();
    let row = |at: usize, key: &str| rows[at][key].as_str().unwrap().to_owned();
    // 4.000, 1.000 and the decided 2.500 of 7.500. All remainders are equal: the credit left over goes
    // to the bytewise smallest.
    assert_eq!(rows.len(), 3);
    assert_eq!((row(0, "user_id"), row(0, "amount_credits")), ("ada".into(), "5334".into()));
    assert_eq!((row(2, "total_units"), row(2, "share")), ("2500".into(), "0.333333".into()));
    assert_eq!(program.json(&["statement", "verify"])["verified"], true);
    let again = program.json(&["epoch", "close", "1", "--yes"]);
    assert_eq!(again["outcome"], "already_closed");
    assert_eq!(again["statement"], closed["statement"]);
}

#[tokio::test]
async fn a_statement_is_exported_for_others() {
    let (program, _repository) = ready().await;
    program.json(&["epoch", "close", "--yes"]);
    let csv = program.run(&["statement", "export", "--format", "csv"]);
    assert_eq!(
        csv.out,
        "user_id,total_units,share,amount_credits\nada,4000,0.533333,5334\n\
         grace,1000,0.133333,1333\nlin,2500,0.333333,3333\n"
    );
    program.refused(2, "is no JSON", &["--json", "statement", "export", "--format", "csv"]);
    let json = program.run(&["statement", "export"]);
    let export: Value = json.json();
    assert_eq!(export["format"], "epoch-ledger/statement/v1");
    assert_eq!(export["units"][0]["units"], "4000");
    // Canonical: no white space, keys in order.
    assert_eq!(json.out.trim_end(), serde_json::to_string(&export).unwrap());
}

#[tokio::test]
async fn an_auditor_finds_what_was_changed() {
    let (program, _repository) = ready().await;
    program.json(&["epoch", "close", "--yes"]);
    for (change, back, says) in [
        (
            "UPDATE payout_statements SET payouts_json = jsonb_set(payouts_json, '{0,amount_credits}', '\"5335\"')",
            "UPDATE payout_statements SET payouts_json = jsonb_set(payouts_json, '{0,amount_credits}', '\"5334\"')",
            "ada: stored amount 5335, recomputed 5334",
        ),
        (
            "UPDATE epoch_allocations SET proposed_units = 3000 WHERE user_id = 'ada'",
            "UPDATE epoch_allocations SET proposed_units = 4000 WHERE user_id = 'ada'",
            "ada: stored proposed units 3.000, recomputed 4.000",
        ),
        (
            "UPDATE activity_events SET event_type = 'other' WHERE event_type = 'merge_committed';
             UPDATE activity_events SET event_type = 'commit_authored' WHERE event_type = 'other'",
            "UPDATE activity_events SET event_type = 'merge_committed' WHERE metadata->>'subject' = 'Merge'",
            "grace: stored proposed units 1.000, recomputed 2.000",
        ),
        (
            "UPDATE epoch_pool_components SET amount_credits = 10001",
            "UPDATE epoch_pool_components SET amount_credits = 10000",
            "the epoch's total is 10000, its components sum to 10001",
        ),
    ] {
        program.tamper(change).await;
        let run = program.run(&["statement", "verify"]);
        assert_eq!(run.code, 5, "{run:?}");
        assert!(run.err.contains(says), "{says}: {}", run.err);
        program.tamper(back).await;
        assert_eq!(program.json(&["statement", "verify"])["verified"], true, "{back}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_output_that_takes_no_more_hides_neither_a_close_nor_a_difference() {
    let (program, _repository) = ready().await;
    let into_a_full_disk = |arguments: &[&str]| {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        Run::from(program.command(arguments).stdout(full).output().unwrap())
    };
    let closed = into_a_full_disk(&["epoch", "close", "--yes"]);
    assert_eq!(closed.code, 1, "{closed:?}");
    assert!(closed.err.contains("epoch 1 is closed, but that could not be written"), "{closed:?}");
    assert_eq!(program.json(&["epoch", "show", "1"])["status"], "closed");
    program.tamper("UPDATE payout_statements SET pool_total_credits = 9999").await;
    let verified = into_a_full_disk(&["statement", "verify", "1"]);
    assert_eq!(verified.code, 5, "{verified:?}");
    assert!(verified.err.contains("the statement's pool is 9999"), "{verified:?}");
}

#[tokio::test]
async fn a_close_says_what_it_leaves_unpaid() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    program.json(&["epoch", "open", "--week", "2026-W46"]);
    program.json(&["collect", "git", word(repository.path())]);
    program.json(&["pool", "add", "base_issuance", "100"]);
    let run = program.run(&["epoch", "close", "--yes"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.contains("4 events of 3 platform users belong to nobody"), "{}", run.err);
    assert!(run.err.contains("nobody has units"), "{}", run.err);
}

#[tokio::test]
async fn of_two_unclosed_epochs_neither_is_guessed() {
    let program = Program::new().await;
    program.json(&["epoch", "open", "--week", "2026-W46"]);
    program.json(&["epoch", "review"]);
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    program.refused(2, "1 (review)", &["epoch", "close", "--yes"]);
    assert_eq!(program.json(&["epoch", "show", "1"])["status"], "review");
}
