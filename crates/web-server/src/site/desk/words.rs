//! Sentences of the desk.

use ledger_port::Obstacle;

use crate::pages::{Step, StepState};

/// What stands between an epoch and its statement, for people at its page.
pub(crate) fn sentences(obstacles: &[Obstacle]) -> Vec<String> {
    obstacles.iter().map(sentence).collect()
}

fn sentence(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::Unresolved { events: 1 } => {
            "One event belongs to nobody yet; once the epoch is closed, it is never paid."
                .to_owned()
        }
        Obstacle::Unresolved { events } => format!(
            "{events} events belong to nobody yet; once the epoch is closed, they are never paid."
        ),
        Obstacle::NothingProposed => "Units were not proposed yet.".to_owned(),
        Obstacle::ProposalsStale => {
            "The proposed units are not what the events of today come to.".to_owned()
        }
        Obstacle::NoBaseIssuance => "The pool has no base issuance.".to_owned(),
    }
}

/// Whether closing is refused for it; events of nobody may stay unpaid.
pub(super) const fn refuses(obstacle: &Obstacle) -> bool {
    match obstacle {
        Obstacle::Unresolved { .. } => false,
        Obstacle::NothingProposed | Obstacle::ProposalsStale | Obstacle::NoBaseIssuance => true,
    }
}

/// What was done, by the word that a page is led to with.
pub(crate) fn done_message(word: &str) -> Option<String> {
    let sentence = match word {
        "bound" => "They are bound, and have what waited for them. Compute the proposals again.",
        "proposed" => "The proposals are what the events come to.",
        "decided" => "The decision is saved.",
        "taken-back" => "The decision is taken back; the proposal counts again.",
        "added" => "The part is in the pool.",
        "begun" => "The epoch is in review.",
        "closed" => "The epoch is closed, and this is its statement.",
        _ => return None,
    };
    Some(sentence.to_owned())
}

pub(super) fn step(state: StepState, note: impl Into<String>) -> Step {
    Step { state, note: note.into() }
}
