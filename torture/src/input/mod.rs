//! What nobody should send. A value of the core that is taken keeps its rule and comes back as it was; a
//! parser makes of anything an event or a clear fault; a store answers every method as the other one
//! does. Nothing ever panics.

mod answers;
mod commits;
mod json;
mod parsers;
mod plan;
mod port;
mod reading;
mod tally;
mod texts;
mod values;

use private_postgres::Durability;

use self::answers::Github;
use self::parsers::Files;
use self::port::Both;
use self::tally::Tally;
use crate::ground::Ground;
use crate::report::Progress;
use crate::{Extent, Failure, Outcome, Report};

/// How many texts each type gets in a turn; the parsers of files, commits and
/// answers get one of these full of them.
const TEXTS_OF_A_TURN: u64 = 8;
/// How many methods of the port are asked in a turn.
const CALLS_OF_A_TURN: u64 = 28;
/// After so many calls, each method of the port has taken something.
const ENOUGH_CALLS: u64 = 50_000;

pub(crate) async fn run(extent: &Extent) -> Outcome<Report> {
    let ground = Ground::start(Durability::Fast).await?;
    let files = Files::new()?;
    let github = Github::start().await?;
    let mut both = Both::start(&ground).await?;
    let [mut dice, mut port_dice] = ["parsers", "port"].map(|player| extent.dice(player));
    let (mut parsed, mut asked) = (Tally::default(), Tally::default());
    let most = extent.rounds(20_000, 1_000_000);
    let mut progress = Progress::of("input");
    values::ask_chosen(&mut dice, &mut parsed)?;
    while parsed.inputs() < most && !extent.is_over() {
        values::ask(&mut dice, &mut parsed, TEXTS_OF_A_TURN)?;
        parsers::ask_in_memory(&mut dice, &mut parsed, 2 * TEXTS_OF_A_TURN)?;
        plan::ask(&mut dice, &mut parsed, 2 * TEXTS_OF_A_TURN)?;
        files.ask(&mut dice, &mut parsed).await?;
        commits::ask(&mut dice, &mut parsed).await?;
        github.ask(&mut dice, &mut parsed).await?;
        both.ask_some(&mut port_dice, &mut asked, CALLS_OF_A_TURN).await?;
        progress.at(parsed.inputs(), most);
    }
    told(extent, most, &parsed, &asked)
}

fn told(extent: &Extent, most: u64, parsed: &Tally, asked: &Tally) -> Outcome<Report> {
    let mut report = Report::new();
    extent.tell_done(&mut report, "inputs at parsers and types", parsed.inputs(), most)?;
    report.tell("parsers and types", parsed.targets());
    report.tell("calls of the port, on each of two stores", asked.inputs());
    report.tell("methods of the port", asked.targets());
    parsed.tell(&mut report);
    asked.tell(&mut report);
    // So few calls as the short form has may bring a method nothing that it takes.
    let asked_enough = (asked.inputs() >= ENOUGH_CALLS).then_some(asked);
    match parsed.never_accepted().or_else(|| asked_enough.and_then(Tally::never_accepted)) {
        Some(target) => Err(Failure::Unable(format!("{target} took none of what it was given"))),
        None => Ok(report),
    }
}
