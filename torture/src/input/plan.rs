//! Plans that no operator should write.

use fastrand::Rng;
use worker::{Config, ConfigError};

use super::json::value;
use super::tally::{Tally, Verdict, guarded};
use super::texts::{number, text, text_below, touched};
use crate::{Outcome, broken, ensure};

/// What a file is called.
const FILE: &str = "plan.toml";

/// A plan that is right, with each kind of value.
const PLAN: &str = r#"[worker]
concurrency = 4
lease = "30s"
longest_retry_after = "30m"

[[ledger]]
name = "default"
create = true
epoch_length = "7d"
epoch_anchor = "2026-01-05T00:00:00Z"
base_issuance = 10000
collect_every = "1h"
max_catch_up = 8
bots = ["renovate*"]

[ledger.weights]
"git:commit_authored" = 1000

[[ledger.source]]
id = "main"
kind = "git"
path = "/srv/git/project.git"
"#;

/// Asks for so many plans.
pub(crate) fn ask(dice: &mut Rng, tally: &mut Tally, rounds: u64) -> Outcome<()> {
    for _ in 0..rounds {
        let plan = match dice.u8(..16) {
            0 => text(dice),
            1 => PLAN.to_owned(),
            2..=6 => touched(dice, PLAN),
            _ => with_another_value(dice),
        };
        let verdict = guarded("plan", || plan.clone(), || read(&plan))?;
        tally.add("plan", verdict);
    }
    Ok(())
}

/// One line with something else behind its key.
fn with_another_value(dice: &mut Rng) -> String {
    let line = dice.usize(..PLAN.lines().count());
    let lines = PLAN.lines().enumerate().map(|(at, text)| match text.split_once(" = ") {
        Some((key, _)) if at == line => format!("{key} = {}\n", any_value(dice)),
        _ => format!("{text}\n"),
    });
    lines.collect()
}

fn any_value(dice: &mut Rng) -> String {
    const ODD: &[&str] = &[
        "nan",
        "-inf",
        "1e400",
        "0x7fffffffffffffff",
        "9223372036854775808",
        "1_0",
        "07:32:00",
        "2026-11-17",
        "2026-11-17T23:59:60Z",
        "9999-12-31T23:59:59.999999999Z",
        "{ a.b = 1 }",
        "\"\"\"\n\"\"\"",
        "'\\'",
        "\"1000000000y\"",
        "\"0s\"",
        "\"7d 1ns\"",
        "\"-1s\"",
    ];
    match dice.u8(..4) {
        0 => number(dice).to_string(),
        1 => dice.choice(ODD).copied().unwrap_or_default().to_owned(),
        // JSON's arrays and texts are TOML's, but for what only one of them can escape.
        2 => value(dice, 3).to_string(),
        _ => serde_json::Value::from(text_below(dice, 2_048)).to_string(),
    }
}

fn read(plan: &str) -> Outcome<Verdict> {
    match Config::parse(plan, FILE) {
        Ok(config) => {
            let again = Config::parse(&config.to_toml(), FILE);
            ensure!(again.as_ref() == Ok(&config), "{config:?} comes back as {again:?}");
            Ok(Verdict::Accepted)
        }
        Err(error @ ConfigError::Unreadable { .. }) => broken!("a text cannot be read: {error}"),
        Err(ConfigError::Faulty { faults, .. }) => {
            ensure!(!faults.is_empty(), "a plan is refused for no reason");
            let is_odd = |problem: &str| {
                problem.is_empty() || problem.len() > 4_000 || problem.contains('\n')
            };
            let odd = faults.iter().find(|one| is_odd(&one.problem));
            ensure!(odd.is_none(), "a refusal is no short line: {odd:?}");
            Ok(Verdict::Refused)
        }
    }
}
