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
/// Of either in a long run.
const MANY: u64 = 1_000_000;
/// After so many calls, each method of the port has taken something.
const ENOUGH_CALLS: u64 = 50_000;

pub(crate) async fn run(extent: &Extent) -> Outcome<Report> {
    let ground = Ground::start(Durability::Fast).await?;
    let files = Files::new()?;
    let github = Github::start().await?;
    let mut both = Both::start(&ground).await?;
    let [mut dice, mut port_dice] = ["parsers", "port"].map(|player| extent.dice(player));
    let [mut parsed, mut asked, mut of_jobs] = [(); 3].map(|()| Tally::default());
    let most = Most { inputs: extent.rounds(20_000, MANY), calls: extent.rounds(1_200, MANY) };
    let mut progress = Progress::of("input");
    values::ask_chosen(&mut dice, &mut parsed)?;
    while (parsed.inputs() < most.inputs || asked.inputs() < most.calls) && !extent.is_over() {
        if parsed.inputs() < most.inputs {
            values::ask(&mut dice, &mut parsed, TEXTS_OF_A_TURN)?;
            parsers::ask_in_memory(&mut dice, &mut parsed, 2 * TEXTS_OF_A_TURN)?;
            plan::ask(&mut dice, &mut parsed, 2 * TEXTS_OF_A_TURN)?;
            files.ask(&mut dice, &mut parsed).await?;
            commits::ask(&mut dice, &mut parsed).await?;
            github.ask(&mut dice, &mut parsed).await?;
        }
        // In step, so that a run that is cut short has done of both alike.
        let due = (most.calls * parsed.inputs() / most.inputs).min(most.calls);
        let calls = due.saturating_sub(asked.inputs());
        both.ask_some(&mut port_dice, &mut asked, &mut of_jobs, calls).await?;
        progress.at(asked.inputs(), most.calls);
    }
    let largest = both.ask_the_largest(&mut port_dice, &mut asked).await?;
    let mut report = Report::new();
    let inputs = "inputs at parsers and types";
    extent.tell_done(&mut report, inputs, parsed.inputs(), most.inputs)?;
    report.tell("parsers and types", parsed.targets());
    let calls = "calls of the port, on each of two stores";
    extent.tell_done(&mut report, calls, asked.inputs(), most.calls)?;
    report.tell("methods of the port", asked.targets());
    report.tell("of the calls with 10 MB of text", largest);
    report.tell("calls of the list of jobs, which PostgreSQL alone has", of_jobs.inputs());
    report.tell("methods of that list", of_jobs.targets());
    // So few calls as the short form has may bring a method nothing that it takes.
    let has_enough = asked.inputs() >= ENOUGH_CALLS;
    for (tally, is_enough) in [(parsed, true), (asked, has_enough), (of_jobs, has_enough)] {
        tally.tell(&mut report);
        if let Some(target) = tally.never_accepted().filter(|_| is_enough) {
            return Err(Failure::Unable(format!("{target} took none of what it was given")));
        }
    }
    Ok(report)
}

/// How many there are to be.
struct Most {
    /// At parsers and types.
    inputs: u64,
    /// Of the port.
    calls: u64,
}
