//! Every event of an epoch.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use ledger_core::Timestamp;
use ledger_port::ActivityCount;

use super::overview::Overview;
use super::overview::Overviews;
use crate::access::Visit;
use crate::api::{ActivityQuery, Asked, At, EpochChoice, Paging};
use crate::pages::charts::{Column, Columns};
use crate::pages::figures::Count;
use crate::pages::{ActivityFilter, ActivityPage, EventTable, Message, Nav, Tab};
use crate::problem::{Answer, Code};
use crate::records::Names;
use crate::site::frame::{event_rows, frame, head, html};
use crate::site::paging::keyset_pages;
use crate::state::App;

/// The most days of a timeline; a longer one is not drawn.
const MAX_DAYS: usize = 120;

/// `GET /l/{ledger}/epochs/{epoch}/activity`.
pub(crate) async fn page(
    State(app): State<App>,
    visit: Visit,
    at: At<(String, String)>,
    Asked(query): Asked<ActivityQuery>,
    uri: Uri,
) -> Answer<Response> {
    let store = visit.store.as_ref();
    let epoch = EpochChoice::parse(&at.0.1)?.find(store).await?;
    let overview = Overviews::of(&app, &visit, &epoch).await?;
    // A form sends its empty fields too.
    let query = without_empty(query);
    let head = head(&visit, &epoch, Tab::Activity);
    let list = query.list(&visit.ledger.id.to_string(), epoch.id.0);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let (filter, message) = match query.filter(visit.eyes()) {
        Ok(filter) => (Some(filter), None),
        Err(problem) if matches!(problem.code, Code::InvalidValue | Code::NotFound) => {
            let title = "This filter finds nothing";
            (None, Some(Message::error(title, Some(problem.detail.into_owned()))))
        }
        Err(problem) => return Err(problem),
    };
    let (items, next) = match &filter {
        None => (Vec::new(), None),
        Some(filter) => {
            let page = store.find_activity(epoch.id, filter, paging.request()?).await?;
            (page.items, paging.next(page.next.as_ref())?)
        }
    };
    let users = items.iter().filter_map(|event| event.event.user_id.as_ref());
    let names = Names::of(store, visit.eyes(), users).await?;
    let limit = query.limit.map(|limit| limit.to_string()).unwrap_or_default();
    html(&ActivityPage {
        layout: frame(&visit, format!("Activity of epoch {}", epoch.id), Nav::Epochs, &uri),
        message,
        filter: shown_filter(&query, &overview),
        total: Count(overview.events()),
        unresolved: Count(overview.unresolved()),
        late: Count(overview.late()),
        timeline: timeline(&overview.counts),
        events: EventTable {
            caption: "Events, oldest first".to_owned(),
            rows: event_rows(&items, &epoch, &names),
            shows_who: true,
        },
        pagination: keyset_pages(
            format!("{} events on this page", items.len()),
            &head.sub("activity"),
            &kept(&query, &limit),
            query.after.is_none(),
            next.as_deref(),
        ),
        head,
    })
}

fn without_empty(mut query: ActivityQuery) -> ActivityQuery {
    for text in [&mut query.user, &mut query.r#type, &mut query.source, &mut query.after] {
        *text = text.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    }
    query
}

/// The query's pairs, for a link to another page of the same list.
fn kept<'a>(query: &'a ActivityQuery, limit: &'a str) -> Vec<(&'static str, &'a str)> {
    let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
    let flag = |flag: Option<bool>| match flag {
        Some(true) => "true",
        Some(false) => "false",
        None => "",
    };
    vec![
        ("user", text(&query.user)),
        ("source", text(&query.source)),
        ("type", text(&query.r#type)),
        ("unresolved", flag(query.unresolved)),
        ("late", flag(query.late)),
        ("limit", limit),
    ]
}

fn shown_filter(query: &ActivityQuery, overview: &Overview) -> ActivityFilter {
    let kinds = || overview.counts.iter().map(|count| &count.kind);
    let sources: BTreeSet<String> = kinds().map(|kind| kind.source.to_string()).collect();
    let types: BTreeSet<String> = kinds().map(|kind| kind.event_type.to_string()).collect();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    ActivityFilter {
        user: text(&query.user),
        source: text(&query.source),
        event_type: text(&query.r#type),
        unresolved: query.unresolved == Some(true),
        late: query.late == Some(true),
        limit: query.limit.map(|limit| limit.to_string()).unwrap_or_default(),
        sources: sources.into_iter().collect(),
        event_types: types.into_iter().collect(),
    }
}

/// Events a day, days without any included.
fn timeline(counts: &[ActivityCount]) -> Option<Columns> {
    let mut days: BTreeMap<Timestamp, u64> = BTreeMap::new();
    for count in counts {
        *days.entry(count.day).or_default() += count.events;
    }
    let (first, last) = (*days.keys().next()?, *days.keys().next_back()?);
    let mut columns = Vec::new();
    let mut day = first.as_datetime();
    while day <= last.as_datetime() {
        if columns.len() == MAX_DAYS {
            return None;
        }
        let value = Timestamp::try_from(day).ok().and_then(|day| days.get(&day).copied());
        columns.push(Column { label: day.format("%-d %b").to_string(), value: value.unwrap_or(0) });
        day += std::time::Duration::from_secs(86_400);
    }
    Some(Columns::new("per-day", "Events per day", ("Day", "Events"), &columns))
}
