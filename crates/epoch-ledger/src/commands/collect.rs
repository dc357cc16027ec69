use std::path::Path;

use activity_collector::{CollectReport, Collected, Collector, SharedHistory, books_begin};
use activity_sources::open_source;
use ledger_core::{Epoch, Timestamp};
use ledger_port::ActivityLedgerStore;
use serde_json::{Map, Value, json};

use crate::cli::{
    ArchiveArguments, CollectCommand, CsvArguments, FileArguments, GitArguments, GithubArguments,
};
use crate::failure::Failure;
use crate::output::{Output, counted};
use crate::session::{Books, Session};
use crate::views;

/// What to collect: a kind of source, its settings, and what only the collector needs.
struct Request {
    kind: &'static str,
    settings: Value,
    since: Option<Timestamp>,
    shared_history: SharedHistory,
}

impl TryFrom<CollectCommand> for Request {
    type Error = Failure;

    fn try_from(command: CollectCommand) -> Result<Self, Failure> {
        match command {
            CollectCommand::Git(arguments) => Self::of_git(arguments),
            CollectCommand::Github(arguments) => Ok(Self::of_github(arguments)),
            CollectCommand::Gharchive(arguments) => Self::of_archives(arguments),
            CollectCommand::Csv(arguments) => Self::of_csv(arguments),
            CollectCommand::Ndjson(arguments) => Self::of_file("ndjson", arguments.file),
        }
    }
}

impl Request {
    fn of_git(arguments: GitArguments) -> Result<Self, Failure> {
        let GitArguments { path, branch, name, bot, pay_shared_history, since } = arguments;
        let shared_history =
            if pay_shared_history { SharedHistory::IsNew } else { SharedHistory::IsRefused };
        let settings = json!({"path": text_of(&path)?, "branch": branch, "repository_name": name, "bots": bot});
        Ok(Self { kind: "git", settings, since, shared_history })
    }

    fn of_github(arguments: GithubArguments) -> Self {
        let GithubArguments { repositories, organization, token_env, api, bot, since } = arguments;
        let settings = json!({
            "repositories": repositories, "organization": organization, "token_env": token_env,
            "api": api, "bots": bot,
        });
        Self { kind: "github", settings, since, shared_history: SharedHistory::default() }
    }

    fn of_archives(arguments: ArchiveArguments) -> Result<Self, Failure> {
        let ArchiveArguments { files, repos, orgs, all, bot, since } = arguments;
        let files: Result<Vec<_>, _> = files.iter().map(|path| text_of(path)).collect();
        let settings =
            json!({"files": files?, "repos": repos, "orgs": orgs, "all": all, "bots": bot});
        Ok(Self { kind: "gharchive", settings, since, shared_history: SharedHistory::default() })
    }

    fn of_csv(arguments: CsvArguments) -> Result<Self, Failure> {
        let CsvArguments { file, map, set } = arguments;
        let mut request = Self::of_file("csv", file)?;
        request.settings["map"] = said_once("--map", map)?;
        request.settings["set"] = said_once("--set", set)?;
        Ok(request)
    }

    fn of_file(kind: &'static str, arguments: FileArguments) -> Result<Self, Failure> {
        let FileArguments { file, name, skip_invalid, since } = arguments;
        let settings = json!({"file": text_of(&file)?, "name": name, "skip_invalid": skip_invalid});
        Ok(Self { kind, settings, since, shared_history: SharedHistory::default() })
    }
}

/// What was said about each field, as a JSON object.
fn said_once(option: &str, pairs: Vec<(String, String)>) -> Result<Value, Failure> {
    let mut object = Map::new();
    for (field, text) in pairs {
        if object.insert(field.clone(), Value::String(text)).is_some() {
            return Err(Failure::wrong_arguments(format!("{option} {field} is given twice")));
        }
    }
    Ok(Value::Object(object))
}

/// Settings are JSON, which has text and no bytes.
fn text_of(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| {
        Failure::wrong_arguments(format!("{path:?} is not UTF-8; give the place another name"))
    })
}

pub(super) async fn run(command: CollectCommand, session: &Session) -> Result<(), Failure> {
    let Request { kind, settings, since, shared_history } = command.try_into()?;
    let source = open_source(kind, &settings).await?;
    session
        .with_books(async |Books { store, clock }| {
            let epoch = open_epoch(store).await?;
            let since = match since {
                Some(since) => since,
                // The open epoch is one, so the books have begun.
                None => books_begin(store).await?.unwrap_or(epoch.period.start()),
            };
            let collector = Collector { store, clock, epoch: &epoch, since, shared_history };
            let mut bar = session.output.progress();
            let Collected { report, ended } = collector.collect(source.as_ref(), &mut bar).await;
            bar.finish();
            print_notices(&report, session.output);
            if ended.is_err() && report.inserted > 0 {
                let stored = counted(report.inserted, "event");
                session.output.notice(&format!("{stored} stored before that"));
            }
            ended?;
            session.output.result(&views::report(&report), || {
                let mut text = summary(&report, &epoch);
                if report.unresolved > 0 {
                    text.push_str(&format!(
                        "\n{} of the epoch belong to nobody yet: see `epoch-ledger identity \
                         unresolved`",
                        counted(report.unresolved, "event")
                    ));
                }
                text
            })
        })
        .await
}

async fn open_epoch(store: &dyn ActivityLedgerStore) -> Result<Epoch, Failure> {
    store.get_open_epoch().await?.ok_or_else(|| {
        Failure::not_found(
            "no epoch is open to collect into; open one with `epoch-ledger epoch open`",
        )
    })
}

pub(super) fn print_notices(report: &CollectReport, output: Output) {
    for notice in &report.notices {
        output.notice(&notice.message);
    }
    if report.notices_left_out > 0 {
        output.notice(&format!("and {} more", counted(report.notices_left_out, "note")));
    }
    for conflict in &report.conflicts.first {
        output.notice(&format!(
            "event {} was stored before with another payload; the first stays",
            conflict.event_id
        ));
    }
}

/// What was collected, in one paragraph.
pub(super) fn summary(report: &CollectReport, epoch: &Epoch) -> String {
    let mut lines = vec![format!(
        "Epoch {}: {} inserted, {}, {}.",
        epoch.id,
        counted(report.inserted, "event"),
        counted(report.duplicates, "duplicate"),
        counted(report.conflicts.count, "conflict"),
    )];
    let mut say = |count: u64, what: &str| {
        if count > 0 {
            lines.push(format!("  {count:>8} {what}"));
        }
    };
    say(report.late, "late, from before the window; paid in this epoch");
    say(report.resolved, "given to somebody by a binding");
    say(report.tally.bots, "by bots, left out");
    say(report.tally.before_since, "from before the books begin, left out");
    say(report.tally.waiting, "from after the window, left for the next epoch");
    say(report.tally.faulty, "cannot be recorded, left out");
    lines.join("\n")
}
