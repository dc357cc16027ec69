//! The events of an epoch.

use axum::Json;
use ledger_core::{EventType, SourceName, UserId};
use ledger_port::ActivityFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asked, At, EpochChoice};
use super::listing::{Listing, Paging};
use crate::access::{Eyes, Visit};
use crate::problem::{Answer, Problem};
use crate::records::{ActivityRecord, Names};

/// Which events, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityQuery {
    /// Of this user.
    pub(crate) user: Option<String>,
    /// Of this type, such as `commit_authored`.
    pub(crate) r#type: Option<String>,
    /// From this source, such as `git`.
    pub(crate) source: Option<String>,
    /// `true`: of nobody yet. `false`: of somebody.
    pub(crate) unresolved: Option<bool>,
    /// `true`: from before the epoch's window. `false`: from within it.
    pub(crate) late: Option<bool>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many items, 1 to 1,000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<u16>,
}

impl ActivityQuery {
    /// What it asks the store for. Nobody can be found by an address that they may not see.
    pub(crate) fn filter(&self, eyes: Eyes) -> Answer<ActivityFilter> {
        let user_id = self.user.as_deref().map(str::parse::<UserId>).transpose()?;
        if user_id.as_ref().is_some_and(|user| eyes.user_id(user).is_none()) {
            return Err(Problem::not_found("there is no such user"));
        }
        Ok(ActivityFilter {
            user_id,
            event_type: self.r#type.as_deref().map(str::parse::<EventType>).transpose()?,
            source: self.source.as_deref().map(str::parse::<SourceName>).transpose()?,
            is_unresolved: self.unresolved,
            is_late: self.late,
        })
    }

    /// Names the list, for its cursors.
    pub(crate) fn list(&self, ledger: &str, epoch: i64) -> String {
        let Self { user, r#type, source, unresolved, late, .. } = self;
        format!("{ledger} {epoch} {user:?} {type:?} {source:?} {unresolved:?} {late:?}")
    }
}

/// The events of an epoch, oldest first.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/activity", tag = "activity",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current`"),
        ActivityQuery,
    ),
    responses((status = OK, body = Listing<ActivityRecord>))
)]
pub(crate) async fn list(
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    Asked(query): Asked<ActivityQuery>,
) -> Answer<Json<Listing<ActivityRecord>>> {
    let store = visit.store.as_ref();
    let filter = query.filter(visit.eyes())?;
    let epoch = EpochChoice::parse(&epoch)?.find(store).await?;
    let list = query.list(&visit.ledger.id.to_string(), epoch.id.0);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let page = store.find_activity(epoch.id, &filter, paging.request()?).await?;
    let users = page.items.iter().filter_map(|event| event.event.user_id.as_ref());
    let names = Names::of(store, visit.eyes(), users).await?;
    Ok(Json(paging.listing(&page, |event| ActivityRecord::of(event, &epoch, &names))?))
}
