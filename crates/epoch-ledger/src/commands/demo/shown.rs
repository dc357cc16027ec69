//! The story week by week, as pages to look at and to try.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::{
    Credits, DisplayName, Epoch, LedgerId, LedgerName, NewEpoch, Period, PlatformUserId, Scope,
    UserId, Visibility, WeightTable,
};
use ledger_port::{
    ActivityLedgerStore, IdentityBinding, UnresolvedIdentity, all_pages, verify_statement,
};
use serde_json::json;
use web_server::Settings;

use super::{Story, close, serve, statement, token};
use crate::cli::DemoArguments;
use crate::failure::Failure;
use crate::output::counted;

/// Pays each week but the last, which is left to whoever looks, and shows everything until Ctrl-C.
pub(super) async fn show(
    story: &Story<'_>,
    arguments: &DemoArguments,
    weights: &WeightTable,
) -> Result<(), Failure> {
    let (container, session) = (story.container, story.session);
    let name: LedgerName = "demo".parse()?;
    let registry = container.ledger_registry();
    registry.create_ledger(&name).await?;
    registry.set_ledger_visibility(&name, Visibility::Public).await?;
    let store = container.activity_ledger_store(&name).await?;
    let store = store.as_ref();

    let mut people = People::default();
    let weeks = weeks_of(story.recent_weeks(arguments.weeks).await?)?;
    let each = Credits::new(arguments.pool.get() / i64::from(arguments.weeks.max(1)))?;
    let last = weeks.len().saturating_sub(1);
    for (number, period) in weeks.into_iter().enumerate() {
        let new = NewEpoch { period, weights: weights.clone() };
        let epoch = store.create_epoch(&new).await?;
        session.output.step(&format!("Opened epoch {}, {}", epoch.id, epoch.period));
        story.collect(store, &epoch).await?;
        if number < last {
            people.bind_everybody(store, &epoch).await?;
            store.propose_allocations(epoch.id).await?;
            story.fund(store, &epoch, each).await?;
            pay(store, &epoch).await?;
            session.output.step(&format!("Closed epoch {} and verified it", epoch.id));
        } else {
            // Whoever is new this week waits for a name on the desk.
            store.propose_allocations(epoch.id).await?;
        }
    }
    session.output.step(&format!(
        "Made {} of the people in the history",
        counted(people.taken.len(), "user")
    ));

    let (_, bearer) =
        token::create(store, LedgerId::of(&name), "demo".parse()?, Scope::Admin, None).await?;
    let json = json!({ "ledger": name, "token": bearer.reveal() });
    session.output.result(&json, || {
        format!(
            "\nSign in with this token to review and close the last week:\n{}\n",
            bearer.reveal()
        )
    })?;
    // Nobody else is on this machine's own address, so nobody is kept waiting.
    let settings = Settings { requests_per_minute: 1_000_000, ..Settings::default() };
    serve::serve(container, arguments.listen, settings, session).await
}

/// The weeks of a period that is some weeks long.
fn weeks_of(period: Period) -> Result<Vec<Period>, Failure> {
    let mut weeks = Vec::new();
    let mut start = period.start();
    while start < period.end() {
        let week = Period::weeks_up_to(start, 1)?;
        start = week.end();
        weeks.push(week);
    }
    Ok(weeks)
}

async fn pay(store: &dyn ActivityLedgerStore, epoch: &Epoch) -> Result<(), Failure> {
    let finalized = store.finalize_epoch(&close::first_look(epoch)).await?;
    let report = verify_statement(store, epoch.id).await?;
    statement::require_verified(&finalized.epoch, &report)
}

/// Who is who: each email becomes a user whose id is made of their name, since the pages show ids to
/// everybody.
#[derive(Default)]
struct People {
    users: BTreeMap<PlatformUserId, UserId>,
    taken: BTreeSet<String>,
}

impl People {
    async fn bind_everybody(
        &mut self,
        store: &dyn ActivityLedgerStore,
        epoch: &Epoch,
    ) -> Result<(), Failure> {
        let waiting = all_pages(|page| store.list_unresolved_identities(epoch.id, page)).await?;
        let mut bindings = Vec::new();
        for identity in waiting {
            let user_id = self.user_of(&identity)?;
            let shown = identity.platform_login.as_deref().map(DisplayName::new);
            if let Some(Ok(name)) = shown {
                store.set_display_name(&user_id, Some(&name)).await?;
            }
            bindings.push(IdentityBinding { key: identity.key, user_id });
        }
        store.bind_identities(&bindings).await?;
        store.resolve_activity_by_bindings(epoch.id).await?;
        Ok(())
    }

    fn user_of(&mut self, identity: &UnresolvedIdentity) -> Result<UserId, Failure> {
        let key = &identity.key.platform_user_id;
        if let Some(known) = self.users.get(key) {
            return Ok(known.clone());
        }
        let name = identity.platform_login.as_deref().unwrap_or("somebody");
        let handle = handle_of(name);
        let mut id = handle.clone();
        let mut number = 1;
        while !self.taken.insert(id.clone()) {
            number += 1;
            id = format!("{handle}-{number}");
        }
        let user_id = UserId::new(id)?;
        self.users.insert(key.clone(), user_id.clone());
        Ok(user_id)
    }
}

/// `Ada Lovelace` is `ada-lovelace`.
fn handle_of(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let handle = words.map(str::to_lowercase).collect::<Vec<_>>().join("-");
    let cut = &handle[..handle.floor_char_boundary(64)];
    if cut.is_empty() { "somebody".to_owned() } else { cut.to_owned() }
}
