use activity_sources::{SOURCES, git};
use ledger_core::{EpochStatus, PlatformUserId, SourceName};
use ledger_port::{
    ActivityLedgerStore, BindingKey, IdentityBinding, UnresolvedIdentity, all_pages,
};
use serde_json::json;

use crate::cli::IdentityCommand;
use crate::failure::Failure;
use crate::output::{Output, counted, table};
use crate::session::Session;
use crate::views;

pub(super) async fn run(
    command: IdentityCommand,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    match command {
        IdentityCommand::Bind { source, platform_user, user } => {
            let key = binding_key(source, &platform_user, session.output)?;
            bind(IdentityBinding { key, user_id: user }, store, session).await
        }
        IdentityCommand::Name { user, name } => {
            store.set_display_name(&user, name.as_ref()).await?;
            let json = json!({ "user_id": user, "display_name": name });
            session.output.result(&json, || match &name {
                Some(name) => format!("Everybody may call {user} {name}."),
                None => format!("{user} has no display name any more."),
            })
        }
        IdentityCommand::List => {
            let bindings = all_pages(|page| store.list_identity_bindings(page)).await?;
            let json =
                json!({ "bindings": bindings.iter().map(views::binding).collect::<Vec<_>>() });
            session.output.result(&json, || binding_table(&bindings))
        }
        IdentityCommand::Unresolved(which) => {
            let epoch = which.epoch.find(store).await?;
            let waiting =
                all_pages(|page| store.list_unresolved_identities(epoch.id, page)).await?;
            let json =
                json!({ "unresolved": waiting.iter().map(views::unresolved).collect::<Vec<_>>() });
            session.output.result(&json, || unresolved_text(&waiting))
        }
    }
}

/// Git's people are stored in lower case, so that one typed otherwise would never be found.
fn binding_key(
    source: SourceName,
    platform_user: &PlatformUserId,
    output: Output,
) -> Result<BindingKey, Failure> {
    let text = platform_user.as_str();
    let platform_user_id = PlatformUserId::new(if source.as_str() == git::KIND.name {
        text.to_lowercase()
    } else {
        text.to_owned()
    })?;
    let known: Vec<&str> = SOURCES.iter().filter_map(|kind| kind.events_of).collect();
    if !known.contains(&source.as_str()) {
        output.notice(&format!(
            "this program collects from no source \"{source}\"; it knows: {}, and what a file of \
             events names as its source",
            known.join(", ")
        ));
    }
    Ok(BindingKey { source, platform_user_id })
}

/// Binds, then gives out what waits in every epoch that can still be written to.
async fn bind(
    binding: IdentityBinding,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    let is_new = store.bind_identities(std::slice::from_ref(&binding)).await? > 0;
    let mut unclosed = all_pages(|page| store.list_epochs(page)).await?;
    unclosed.retain(|epoch| epoch.status != EpochStatus::Closed);
    let (mut resolved, mut is_seen) = (0, false);
    for epoch in &unclosed {
        let waiting = all_pages(|page| store.list_unresolved_identities(epoch.id, page)).await?;
        is_seen |= waiting.iter().any(|identity| identity.key == binding.key);
        resolved += store.resolve_activity_by_bindings(epoch.id).await?;
    }
    // Of a known binding the events were given out before.
    if is_new && !is_seen && !unclosed.is_empty() {
        session.output.notice(&format!(
            "no event of the {} user \"{}\" waits in an epoch that is not closed; if that is a \
             slip, see `epoch-ledger identity unresolved`",
            binding.key.source, binding.key.platform_user_id
        ));
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
