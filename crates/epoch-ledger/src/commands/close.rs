//! `epoch close`: shows the payouts, warns, asks, closes.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use ledger_core::{Credits, Epoch, EpochStatus, StatementId};
use ledger_port::{
    ActivityLedgerStore, FinalizeEpoch, FinalizedEpoch, PortResult, UnresolvedIdentity, all_pages,
};
use serde_json::json;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::statement;
use crate::epoch_choice::EpochChoice;
use crate::failure::{Code, Failure};
use crate::output::{Output, counted};
use crate::session::{Books, Session, WHAT_WAS_STORED};
use crate::views;

/// Whether to ask before closing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    People,
    Never,
    DryRun,
}

pub(super) async fn close(
    which: EpochChoice,
    asking: Asking,
    Books { store, clock }: Books<'_>,
    session: &Session,
) -> Result<(), Failure> {
    session.interruption_leaves.set("nothing was written");
    let epoch = which.find(store).await?;
    let left = Left::of(&epoch, store).await?;
    let unresolved = waiting(&epoch, store).await?;
    let preview = store.preview_finalize_epoch(&first_look(&epoch)).await?;
    if left == Left::CloseAndPay && clock.now() < epoch.period.end() {
        warn_of_the_future(&epoch, session.output);
    }
    if left != Left::Nothing {
        warn_of_unpaid_work(&unresolved, &preview, left, session.output);
    }
    if asking == Asking::DryRun {
        return print_close(&preview, "dry_run", "Nothing was written (dry run).", session);
    }
    if asking == Asking::People && left != Left::Nothing {
        require_somebody_to_ask(left, session.output)?;
        anstream::eprintln!("{}", statement::payout_text(&preview.statement));
        require_confirmation(&epoch, left).await?;
        // Payouts and pool are held against what was shown by the close itself; this is not.
        require_unchanged(&unresolved, &waiting(&epoch, store).await?)?;
    }
    // What was shown is what is closed, or nothing is.
    let command = FinalizeEpoch {
        expected_pool_total: Some(preview.statement.statement.pool_total),
        expected_allocation_set_hash: Some(preview.statement.statement.allocation_set_hash.clone()),
        ..first_look(&epoch)
    };
    session.interruption_leaves.set(WHAT_WAS_STORED);
    let finalized = store.finalize_epoch(&command).await?;
    // Somebody else may have been faster; then the statement is theirs.
    let is_ours = finalized.statement.statement.id == command.statement_id;
    let done = match left {
        _ if !is_ours => "was closed already",
        Left::Pay => "was closed without a statement; it is written now",
        Left::CloseAndPay | Left::Nothing => "is closed",
    };
    let outcome = if is_ours { "closed" } else { "already_closed" };
    print_close(&finalized, outcome, &format!("Epoch {} {done}.", epoch.id), session)
        // Whoever reads of a full disk here must not take it for the database's.
        .map_err(|failure| failure.after(&format!("epoch {} {done}", epoch.id)))
}

/// What there is left to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    CloseAndPay,
    /// The epoch is closed, and its first statement is as final as a close.
    Pay,
    Nothing,
}

impl Left {
    async fn of(epoch: &Epoch, store: &dyn ActivityLedgerStore) -> PortResult<Self> {
        if epoch.status != EpochStatus::Closed {
            return Ok(Self::CloseAndPay);
        }
        let statement = store.get_statement_for_epoch(epoch.id).await?;
        Ok(if statement.is_some() { Self::Nothing } else { Self::Pay })
    }
}

/// Asks to close whatever is there.
pub(super) fn first_look(epoch: &Epoch) -> FinalizeEpoch {
    FinalizeEpoch {
        epoch_id: epoch.id,
        statement_id: StatementId(Uuid::new_v4()),
        expected_pool_total: None,
        expected_allocation_set_hash: None,
    }
}

/// Whose events wait for a person.
async fn waiting(
    epoch: &Epoch,
    store: &dyn ActivityLedgerStore,
) -> PortResult<Vec<UnresolvedIdentity>> {
    all_pages(|page| store.list_unresolved_identities(epoch.id, page)).await
}

fn warn_of_the_future(epoch: &Epoch, output: Output) {
    output.notice(&format!(
        "the window of epoch {} ends at {}, which is still to come; what happens after the close \
         is no longer taken into this epoch",
        epoch.id,
        epoch.period.end()
    ));
}

/// What closing makes final without paying for it.
fn warn_of_unpaid_work(
    unresolved: &[UnresolvedIdentity],
    preview: &FinalizedEpoch,
    left: Left,
    output: Output,
) {
    let events: u64 = unresolved.iter().map(|identity| identity.event_count).sum();
    if events > 0 {
        let belong = if events == 1 { "belongs" } else { "belong" };
        let when = if left == Left::Pay { "now that" } else { "once" };
        output.notice(&format!(
            "{} of {} {belong} to nobody, and will never be paid {when} this epoch is closed; see \
             `epoch-ledger identity unresolved`",
            counted(events, "event"),
            counted(unresolved.len(), "platform user"),
        ));
    }
    let statement = &preview.statement.statement;
    if statement.pool_total == Credits::ZERO {
        output.notice("the pool is empty, so nobody is paid; see `epoch-ledger pool add`");
    } else if statement.payouts.is_empty() {
        output.notice("nobody has units, so nobody is paid and the pool stays unspent");
    }
}

fn print_close(
    finalized: &FinalizedEpoch,
    outcome: &str,
    done: &str,
    session: &Session,
) -> Result<(), Failure> {
    let json = json!({
        "outcome": outcome,
        "epoch": views::epoch(&finalized.epoch),
        "statement": views::statement(&finalized.statement),
    });
    session
        .output
        .result(&json, || format!("{}\n{done}", statement::payout_text(&finalized.statement)))
}

/// A question is no JSON, and nobody sees it in a pipe.
fn require_somebody_to_ask(left: Left, output: Output) -> Result<(), Failure> {
    if !output.is_json && std::io::stdin().is_terminal() {
        return Ok(());
    }
    let (what, to_do) = match left {
        Left::Pay => ("a statement", "write it"),
        Left::CloseAndPay | Left::Nothing => ("closing", "close"),
    };
    Err(Failure::wrong_arguments(format!(
        "{what} cannot be taken back and there is nobody to ask; pass --yes to {to_do}, or \
         --dry-run to look"
    )))
}

fn require_unchanged(
    shown: &[UnresolvedIdentity],
    now: &[UnresolvedIdentity],
) -> Result<(), Failure> {
    if now == shown {
        return Ok(());
    }
    Err(Failure::new(
        Code::Refused,
        "the events that belong to nobody changed since you looked; nothing was closed; look \
         again with `epoch-ledger epoch close`",
    ))
}

async fn require_confirmation(epoch: &Epoch, left: Left) -> Result<(), Failure> {
    let id = epoch.id;
    let (question, refused) = match left {
        Left::Pay => {
            (format!("Epoch {id} is closed without a statement; pay this?"), "nothing was written")
        }
        Left::CloseAndPay | Left::Nothing => {
            (format!("Close epoch {id} and pay this?"), "nothing was closed")
        }
    };
    anstream::eprint!("{question} It cannot be taken back. [y/N] ");
    std::io::stderr().flush()?;
    match answer().await?.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new(Code::Refused, format!("not confirmed; {refused}"))),
    }
}

/// Reads a line on a thread of its own: a read cannot be taken back, and here it would keep the
/// program from seeing a signal. Whoever is interrupted leaves the thread behind, and ends.
async fn answer() -> Result<String, Failure> {
    let unanswered = UnfinishedLine;
    let (send, receive) = oneshot::channel();
    std::thread::Builder::new().name("answer".to_owned()).spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        // Nobody receives once the program is interrupted.
        let _ = send.send(read.map(|_| line));
    })?;
    let line =
        receive.await.map_err(|error| Failure::new(Code::Unexpected, error.to_string()))??;
    if line.ends_with('\n') {
        std::mem::forget(unanswered);
    }
    Ok(line)
}

/// Ends the question's line where no answer did: at the end of input, and at an interruption.
struct UnfinishedLine;

impl Drop for UnfinishedLine {
    fn drop(&mut self) {
        anstream::eprintln!();
    }
}
