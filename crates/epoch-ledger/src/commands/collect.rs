use activity_collector::{CollectReport, Collector, SharedHistory, books_begin};
use activity_sources::git::{GitOptions, GitSource};
use ledger_core::Epoch;
use ledger_port::ActivityLedgerStore;

use crate::cli::{CollectCommand, GitArguments};
use crate::failure::Failure;
use crate::output::{Output, counted};
use crate::session::{Books, Session};
use crate::views;

pub(super) async fn run(command: CollectCommand, session: &Session) -> Result<(), Failure> {
    let CollectCommand::Git(arguments) = command;
    let since = arguments.since;
    let shared_history = match arguments.pay_shared_history {
        true => SharedHistory::IsNew,
        false => SharedHistory::IsRefused,
    };
    let source = open_git(arguments)?;
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
            let report = collector.collect(&source, &mut bar).await?;
            bar.finish();
            print_notices(&report, session.output);
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

pub(super) fn open_git(arguments: GitArguments) -> Result<GitSource, Failure> {
    let GitArguments { path, branch, name, bot, .. } = arguments;
    Ok(GitSource::open(path, GitOptions { repository_name: name, branch, bots: bot })?)
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
