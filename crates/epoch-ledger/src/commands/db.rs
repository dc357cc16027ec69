use app_container::{Database, Provisioned};
use serde_json::json;

use crate::cli::DbCommand;
use crate::failure::Failure;
use crate::output::counted;
use crate::session::Session;

pub(super) async fn run(
    command: &DbCommand,
    database: &Database,
    session: &Session,
) -> Result<(), Failure> {
    match command {
        DbCommand::Provision => provision(database, session).await,
        DbCommand::Migrate => migrate(database, session).await,
        DbCommand::Status => status(database, session).await,
    }
}

async fn provision(database: &Database, session: &Session) -> Result<(), Failure> {
    let done = match database.provision().await? {
        Provisioned::Created => "created",
        Provisioned::Confirmed => "confirmed",
    };
    let json = json!({ "role": "ledger_service", "state": done });
    session.output.result(&json, || {
        format!("The role ledger_service is {done}. Next: epoch-ledger db migrate")
    })
}

async fn migrate(database: &Database, session: &Session) -> Result<(), Failure> {
    let applied = database.migrate().await?;
    session.output.result(&json!({ "applied": applied }), || match applied.len() {
        0 => format!("{database} is up to date."),
        count => format!("{database}: {} applied.", counted(count, "migration")),
    })
}

async fn status(database: &Database, session: &Session) -> Result<(), Failure> {
    let state = database.schema_state().await?;
    let json = json!({
        "current": state.is_current(),
        "migrations": state.migrations.iter().map(|one| json!({
            "name": one.name,
            "applied": one.is_applied,
        })).collect::<Vec<_>>(),
        "unknown": state.unknown,
    });
    session.output.result(&json, || {
        let mut lines = vec![database.to_string()];
        for one in &state.migrations {
            let mark = if one.is_applied { "applied" } else { "pending" };
            lines.push(format!("  {mark}  {}", one.name));
        }
        for version in &state.unknown {
            lines.push(format!("  unknown  {version} (from a newer epoch-ledger)"));
        }
        lines.join("\n")
    })
}
