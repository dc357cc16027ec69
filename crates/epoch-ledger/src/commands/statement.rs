use ledger_core::{
    Credits, Epoch, Payout, PayoutStatement, Units, UserId, VerificationReport, canonical_json,
};
use ledger_port::{ActivityLedgerStore, VerifyError, all_pages, verify_statement};
use owo_colors::OwoColorize as _;

use crate::cli::{ExportFormat, StatementArgument, StatementCommand};
use crate::failure::{Code, Failure};
use crate::output::table;
use crate::session::Session;
use crate::views;

pub(super) async fn run(
    command: &StatementCommand,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    match command {
        StatementCommand::Show(which) => {
            let (_, statement) = find(*which, store).await?;
            session.output.result(&views::statement(&statement), || payout_text(&statement))
        }
        StatementCommand::Export { format: ExportFormat::Csv, .. } if session.output.is_json => {
            Err(Failure::wrong_arguments("--format csv is no JSON; leave out that or --json"))
        }
        StatementCommand::Export { epoch, format } => {
            let (epoch, statement) = find(*epoch, store).await?;
            let text = export(*format, &epoch, &statement, store, session).await?;
            session.output.text(text.trim_end())
        }
        StatementCommand::Verify(which) => {
            let epoch = which.epoch.find(store).await?;
            let report = verify_statement(store, epoch.id).await?;
            let told =
                session.output.result(&views::verification(&report), || report_text(&report));
            // What differs is told first: it weighs more than an output that takes no more.
            require_verified(&epoch, &report)?;
            told
        }
    }
}

async fn find(
    which: StatementArgument,
    store: &dyn ActivityLedgerStore,
) -> Result<(Epoch, PayoutStatement), Failure> {
    let epoch = which.epoch.find(store).await?;
    match store.get_statement_for_epoch(epoch.id).await? {
        Some(statement) => Ok((epoch, statement)),
        None if epoch.pool_total.is_some() => {
            Err(VerifyError::NoStatement { epoch_id: epoch.id }.into())
        }
        None => {
            let (epoch_id, status) = (epoch.id, epoch.status);
            Err(VerifyError::NotClosed { epoch_id, status }.into())
        }
    }
}

/// Who gets what, and the hashes.
pub(super) fn payout_text(stored: &PayoutStatement) -> String {
    let statement = &stored.statement;
    let row = |payout: &Payout| {
        vec![
            payout.user_id.to_string(),
            payout.total_units.to_string(),
            payout.share.clone(),
            payout.amount_credits.to_string(),
        ]
    };
    let mut rows: Vec<Vec<String>> = statement.payouts.iter().map(row).collect();
    // A statement with rows pays the whole pool; one without pays nothing.
    let paid = if rows.is_empty() { Credits::ZERO } else { statement.pool_total };
    rows.push(vec!["total".to_owned(), String::new(), String::new(), paid.to_string()]);
    let mut text = table(&["user", "units", "share", "credits"], &[1, 2, 3], rows);
    text.push_str(&format!(
        "\npool            {}\nallocation set  sha256 {}\npayouts         sha256 {}",
        statement.pool_total,
        statement.allocation_set_hash,
        stored.payouts_hash()
    ));
    text
}

async fn export(
    format: ExportFormat,
    epoch: &Epoch,
    statement: &PayoutStatement,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<String, Failure> {
    match format {
        ExportFormat::Csv => csv_of(&statement.statement.payouts),
        ExportFormat::Json => {
            let parts =
                all_pages(|page| store.get_pool_components_for_epoch(epoch.id, page)).await?;
            let allocations =
                all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
            let units: Vec<(UserId, Units)> = allocations
                .into_iter()
                .map(|allocation| (allocation.user_id.clone(), allocation.payable_units()))
                .collect();
            let json = views::export(session.ledger.as_str(), epoch, statement, &parts, &units);
            String::from_utf8(canonical_json(&json))
                .map_err(|error| Failure::new(Code::Unexpected, error.to_string()))
        }
    }
}

fn csv_of(payouts: &[Payout]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["user_id", "total_units", "share", "amount_credits"])?;
    for payout in payouts {
        writer.write_record([
            payout.user_id.as_str(),
            &payout.total_units.get().to_string(),
            &payout.share,
            &payout.amount_credits.get().to_string(),
        ])?;
    }
    let bytes =
        writer.into_inner().map_err(|error| Failure::new(Code::Unexpected, error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| Failure::new(Code::Unexpected, error.to_string()))
}

pub(super) fn report_text(report: &VerificationReport) -> String {
    let mut lines = Vec::new();
    for check in &report.checks {
        match &check.difference {
            None => lines.push(format!("{} {}", "✓".green(), check.name)),
            Some(difference) => lines.push(format!("{} {}: {difference}", "✗".red(), check.name)),
        }
    }
    if report.is_verified() {
        lines.push("verified".green().bold().to_string());
    }
    lines.join("\n")
}

pub(super) fn require_verified(epoch: &Epoch, report: &VerificationReport) -> Result<(), Failure> {
    let Some(check) = report.first_difference() else { return Ok(()) };
    let difference = check.difference.as_deref().unwrap_or_default();
    let message = format!(
        "the statement of epoch {} is not verified: {}: {difference}",
        epoch.id, check.name
    );
    Err(Failure::new(Code::Difference, message))
}
