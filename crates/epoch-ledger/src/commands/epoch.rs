use ledger_core::{Epoch, NewEpoch, Period, SourceCollection, WeightTable};
use ledger_port::{ActivityLedgerStore, PageRequest, all_pages};
use serde_json::json;

use super::close::{Asking, close};
use super::{missing, pool, weights};
use crate::cli::{EpochCommand, EpochOpenArguments};
use crate::epoch_choice::EpochChoice;
use crate::failure::Failure;
use crate::output::table;
use crate::session::{Books, Session};
use crate::views;

pub(super) async fn run(
    command: &EpochCommand,
    books: Books<'_>,
    session: &Session,
) -> Result<(), Failure> {
    let store = books.store;
    match command {
        EpochCommand::Open(arguments) => open(arguments, store, session).await,
        EpochCommand::List { limit } => list(*limit, store, session).await,
        EpochCommand::Show(which) => show(which.epoch, store, session).await,
        EpochCommand::Review(which) => {
            let epoch = which.epoch.find(store).await?;
            let epoch = store.begin_review(epoch.id).await?;
            session.output.result(&views::epoch(&epoch), || {
                format!("Epoch {} is in review. The next one can be opened.", epoch.id)
            })
        }
        EpochCommand::Close { epoch, yes, dry_run } => {
            let asking = match (dry_run, yes) {
                (true, _) => Asking::DryRun,
                (false, true) => Asking::Never,
                (false, false) => Asking::People,
            };
            close(epoch.epoch, asking, books, session).await
        }
    }
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
        (Some(file), _) => weights::from_file(file)?,
        (None, []) => weights::usual(store, session.output).await?,
        (None, given) => weights::from_arguments(given)?,
    };
    let epoch = store.create_epoch(&NewEpoch { period, weights }).await?;
    session.output.result(&views::epoch(&epoch), || {
        format!("Epoch {} is open, {}.\n{}", epoch.id, epoch.period, weight_table(&epoch.weights))
    })
}

fn weight_table(weights: &WeightTable) -> String {
    let rows =
        weights.iter().map(|(kind, units)| vec![kind.to_string(), units.to_string()]).collect();
    table(&["kind of event", "units"], &[1], rows)
}

/// What a worker read into the epoch, and what is missing of it and why.
fn collection_table(collections: &[SourceCollection], epoch: &Epoch) -> String {
    let row = |one: &SourceCollection| {
        let is_complete = one.covers(epoch.period.end());
        vec![
            one.source_id.to_string(),
            one.collected_through.map_or_else(|| "nothing".to_owned(), |at| at.to_string()),
            if is_complete { "to the window's end" } else { "not to the window's end" }.to_owned(),
            one.failure.as_ref().map(|failure| failure.error.to_string()).unwrap_or_default(),
        ]
    };
    let header = ["source", "read up to", "", "last error"];
    table(&header, &[], collections.iter().map(row).collect())
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
    let components = all_pages(|page| store.get_pool_components_for_epoch(epoch.id, page)).await?;
    let unresolved = all_pages(|page| store.list_unresolved_identities(epoch.id, page)).await?;
    let waiting: u64 = unresolved.iter().map(|identity| identity.event_count).sum();
    let mut json = views::epoch(&epoch);
    json["pool_components"] = components.iter().map(views::component).collect();
    json["unresolved_events"] = waiting.into();
    let missing = missing::sentences(&epoch, store).await?;
    json["missing"] = missing.clone().into();
    let collections = all_pages(|page| store.list_collections_for_epoch(epoch.id, page)).await?;
    json["sources"] = collections.iter().map(|one| views::collection(one, &epoch)).collect();
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
        if !collections.is_empty() {
            lines.push(collection_table(&collections, &epoch));
        }
        if !missing.is_empty() {
            lines.push("Missing, before it can be closed and pay everybody:".to_owned());
            lines.extend(missing.iter().map(|sentence| format!("  {sentence}")));
        }
        lines.join("\n")
    })
}
