use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use ledger_core::{Epoch, EpochStatus, InvalidValue, NewEpoch, Period, StatementId, WeightTable};
use ledger_port::{ActivityLedgerStore, FinalizeEpoch, FinalizedEpoch, PageRequest};
use serde_json::json;
use uuid::Uuid;

use super::{pool, statement};
use crate::cli::{EpochCommand, EpochOpenArguments};
use crate::epoch_choice::EpochChoice;
use crate::failure::{Code, Failure};
use crate::output::{counted, table};
use crate::session::{Session, all};
use crate::views;

/// What the first epoch of a ledger pays where nothing else is said, in milli-units.
const DEFAULT_WEIGHTS: &str = r#"{"git:commit_authored": 1000, "git:commit_coauthored": 500}"#;

pub(super) async fn run(command: &EpochCommand, session: &Session) -> Result<(), Failure> {
    let (container, store) = session.books().await?;
    let store = store.as_ref();
    match command {
        EpochCommand::Open(arguments) => open(arguments, store, session).await?,
        EpochCommand::List { limit } => list(*limit, store, session).await?,
        EpochCommand::Show(which) => show(which.epoch, store, session).await?,
        EpochCommand::Review(which) => {
            let epoch = which.epoch.find(store).await?;
            let epoch = store.begin_review(epoch.id).await?;
            session.output.result(&views::epoch(&epoch), || {
                format!("Epoch {} is in review. The next one can be opened.", epoch.id)
            })?;
        }
        EpochCommand::Close { epoch, yes, dry_run } => {
            let ask = if *dry_run {
                Asking::DryRun
            } else if *yes {
                Asking::Never
            } else {
                Asking::People
            };
            close(epoch.epoch, ask, store, session).await?;
        }
    }
    Ok(container.close().await?)
}

async fn open(
    arguments: &EpochOpenArguments,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    let period = match (&arguments.week, arguments.from, arguments.to) {
        (Some(week), _, _) => Period::iso_week(week)?,
        (None, Some(from), Some(to)) => Period::new(from, to)?,
        _ => return Err(Failure::wrong_arguments("name the window: --week, or --from and --to")),
    };
    let weights = match (&arguments.weights, arguments.weight.as_slice()) {
        (Some(file), _) => weights_from_file(file)?,
        (None, []) => usual_weights(store).await?,
        (None, given) => weights_from_arguments(given)?,
    };
    let epoch = store.create_epoch(&NewEpoch { period, weights }).await?;
    session.output.result(&views::epoch(&epoch), || {
        format!("Epoch {} is open, {}.\n{}", epoch.id, epoch.period, weight_table(&epoch.weights))
    })
}

fn weights_from_file(file: &Path) -> Result<WeightTable, Failure> {
    let wrong = |problem: String| {
        Failure::wrong_arguments(format!("the weight table {}: {problem}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let json = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    WeightTable::from_json(&json).map_err(|error| wrong(error.to_string()))
}

/// Reads `KIND=UNITS` words.
pub(super) fn weights_from_arguments(given: &[String]) -> Result<WeightTable, Failure> {
    let mut weights = std::collections::BTreeMap::new();
    for word in given {
        let (kind, units) = word.split_once('=').ok_or_else(|| {
            Failure::wrong_arguments(format!(
                "weight \"{word}\" is not valid: write it as git:commit_authored=1000"
            ))
        })?;
        let units = units
            .parse()
            .map_err(|error: InvalidValue| InvalidValue::new("weight", word, error.problem))?;
        if weights.insert(kind.parse()?, units).is_some() {
            return Err(Failure::wrong_arguments(format!("weight {kind} is given twice")));
        }
    }
    Ok(WeightTable::new(weights)?)
}

/// The weights of the newest epoch, or the built-in ones.
async fn usual_weights(store: &dyn ActivityLedgerStore) -> Result<WeightTable, Failure> {
    let newest = store.list_epochs(PageRequest::first().of_at_most(1)).await?;
    match newest.items.into_iter().next() {
        Some(epoch) => Ok(epoch.weights),
        None => Ok(WeightTable::from_json(&serde_json::from_str(DEFAULT_WEIGHTS)?)?),
    }
}

fn weight_table(weights: &WeightTable) -> String {
    let rows =
        weights.iter().map(|(kind, units)| vec![kind.to_string(), units.to_string()]).collect();
    table(&["kind of event", "units"], &[1], rows)
}

async fn list(
    limit: u16,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    let page = store.list_epochs(PageRequest::first().of_at_most(limit)).await?;
    let json = json!({
        "epochs": page.items.iter().map(views::epoch).collect::<Vec<_>>(),
        "more": page.next.is_some(),
    });
    session.output.result(&json, || {
        let row = |epoch: &Epoch| {
            vec![
                epoch.id.to_string(),
                epoch.status.to_string(),
                epoch.period.start().to_string(),
                epoch.period.end().to_string(),
                epoch.pool_total.map(|total| total.to_string()).unwrap_or_default(),
            ]
        };
        let header = ["epoch", "status", "from", "to", "pool"];
        let mut text = table(&header, &[0, 4], page.items.iter().map(row).collect());
        if page.next.is_some() {
            text.push_str("\nThere are older ones; raise --limit to see them.");
        }
        text
    })
}

async fn show(
    which: EpochChoice,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    let epoch = which.find(store).await?;
    let components = all(|page| store.get_pool_components_for_epoch(epoch.id, page)).await?;
    let unresolved = all(|page| store.list_unresolved_identities(epoch.id, page)).await?;
    let waiting: u64 = unresolved.iter().map(|identity| identity.event_count).sum();
    let mut json = views::epoch(&epoch);
    json["pool_components"] = components.iter().map(views::component).collect();
    json["unresolved_events"] = waiting.into();
    session.output.result(&json, || {
        let mut lines = vec![
            format!("Epoch {} ({})", epoch.id, epoch.status),
            format!("window  {}", epoch.period),
            format!("opened  {}", epoch.opened_at),
        ];
        if let Some(closed_at) = epoch.closed_at {
            lines.push(format!("closed  {closed_at}"));
        }
        lines.push(weight_table(&epoch.weights));
        lines.push(pool::component_table(&components));
        if waiting > 0 && epoch.status != EpochStatus::Closed {
            lines.push(format!(
                "{waiting} events belong to nobody yet and earn nothing; see `epoch-ledger \
                 identity unresolved`."
            ));
        }
        lines.join("\n")
    })
}

/// Whether to ask before closing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    People,
    Never,
    DryRun,
}

async fn close(
    which: EpochChoice,
    asking: Asking,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    let epoch = which.find(store).await?;
    let preview = store.preview_finalize_epoch(&first_look(&epoch)).await?;
    let is_closed = epoch.status == EpochStatus::Closed;
    if !is_closed {
        warn_of_unpaid_work(&epoch, &preview, store, session).await?;
    }
    if asking == Asking::DryRun {
        return print_close(&preview, "Nothing was written (dry run).", session);
    }
    if asking == Asking::People && !is_closed {
        anstream::eprintln!("{}", statement::payout_text(&preview.statement));
        if !confirmed(&epoch)? {
            return Err(Failure::new(Code::Refused, "not confirmed; nothing was closed"));
        }
    }
    // What was shown is what is closed, or nothing is.
    let command = FinalizeEpoch {
        expected_pool_total: Some(preview.statement.statement.pool_total),
        expected_allocation_set_hash: Some(preview.statement.statement.allocation_set_hash.clone()),
        ..first_look(&epoch)
    };
    let finalized = store.finalize_epoch(&command).await?;
    let done = if is_closed { "was closed already." } else { "is closed." };
    print_close(&finalized, &format!("Epoch {} {done}", epoch.id), session)
}

/// What closing makes final without paying for it.
async fn warn_of_unpaid_work(
    epoch: &Epoch,
    preview: &FinalizedEpoch,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    let unresolved = all(|page| store.list_unresolved_identities(epoch.id, page)).await?;
    let events: u64 = unresolved.iter().map(|identity| identity.event_count).sum();
    if events > 0 {
        let people = u64::try_from(unresolved.len()).unwrap_or(u64::MAX);
        session.output.notice(&format!(
            "{} of {} belong to nobody, and will never be paid once this epoch is closed; see \
             `epoch-ledger identity unresolved`",
            counted(events, "event"),
            counted(people, "platform user"),
        ));
    }
    if preview.statement.statement.payouts.is_empty() {
        session.output.notice("nobody has units, so nobody is paid and the pool stays unspent");
    }
    Ok(())
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

fn print_close(finalized: &FinalizedEpoch, done: &str, session: &Session) -> Result<(), Failure> {
    let json = json!({
        "epoch": views::epoch(&finalized.epoch),
        "statement": views::statement(&finalized.statement),
    });
    session
        .output
        .result(&json, || format!("{}\n{done}", statement::payout_text(&finalized.statement)))
}

fn confirmed(epoch: &Epoch) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::wrong_arguments(
            "closing cannot be taken back and there is nobody to ask; pass --yes to close, or \
             --dry-run to look",
        ));
    }
    anstream::eprint!("Close epoch {} and pay this? It cannot be taken back. [y/N] ", epoch.id);
    std::io::stderr().flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
