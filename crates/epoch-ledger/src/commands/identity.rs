use ledger_core::EpochStatus;
use ledger_port::{ActivityLedgerStore, BindingKey, IdentityBinding, UnresolvedIdentity};
use serde_json::json;

use crate::cli::IdentityCommand;
use crate::failure::Failure;
use crate::output::{counted, table};
use crate::session::{Session, all};
use crate::views;

pub(super) async fn run(command: IdentityCommand, session: &Session) -> Result<(), Failure> {
    let (container, store) = session.books().await?;
    let store = store.as_ref();
    match command {
        IdentityCommand::Bind { source, platform_user, user } => {
            let key = BindingKey { source, platform_user_id: platform_user };
            bind(IdentityBinding { key, user_id: user }, store, session).await?;
        }
        IdentityCommand::List => {
            let bindings = all(|page| store.list_identity_bindings(page)).await?;
            let json =
                json!({ "bindings": bindings.iter().map(views::binding).collect::<Vec<_>>() });
            session.output.result(&json, || binding_table(&bindings))?;
        }
        IdentityCommand::Unresolved(which) => {
            let epoch = which.epoch.find(store).await?;
            let waiting = all(|page| store.list_unresolved_identities(epoch.id, page)).await?;
            let json =
                json!({ "unresolved": waiting.iter().map(views::unresolved).collect::<Vec<_>>() });
            session.output.result(&json, || unresolved_text(&waiting))?;
        }
    }
    Ok(container.close().await?)
}

/// Binds, then gives out what waits in every epoch that can still be written to.
async fn bind(
    binding: IdentityBinding,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    let is_new = store.bind_identities(std::slice::from_ref(&binding)).await? > 0;
    let mut resolved = 0;
    for epoch in all(|page| store.list_epochs(page)).await? {
        if epoch.status != EpochStatus::Closed {
            resolved += store.resolve_activity_by_bindings(epoch.id).await?;
        }
    }
    let mut json = views::binding(&binding);
    json["new"] = is_new.into();
    json["resolved"] = resolved.into();
    session.output.result(&json, || {
        let (key, user) = (&binding.key, &binding.user_id);
        let how = if is_new { "is" } else { "was already" };
        let events = counted(resolved, "waiting event");
        format!("{} {} {how} {user}; {events} given out.", key.source, key.platform_user_id)
    })
}

fn binding_table(bindings: &[IdentityBinding]) -> String {
    let row = |binding: &IdentityBinding| {
        vec![
            binding.key.source.to_string(),
            binding.key.platform_user_id.to_string(),
            binding.user_id.to_string(),
        ]
    };
    table(&["source", "platform user", "user"], &[], bindings.iter().map(row).collect())
}

fn unresolved_text(waiting: &[UnresolvedIdentity]) -> String {
    if waiting.is_empty() {
        return "Every event belongs to somebody.".to_owned();
    }
    let row = |identity: &UnresolvedIdentity| {
        vec![
            identity.key.source.to_string(),
            identity.key.platform_user_id.to_string(),
            identity.platform_login.clone().unwrap_or_default(),
            identity.event_count.to_string(),
        ]
    };
    let header = ["source", "platform user", "name", "events"];
    let rows = table(&header, &[3], waiting.iter().map(row).collect());
    format!("{rows}\nSay who they are: epoch-ledger identity bind SOURCE PLATFORM_USER USER")
}
