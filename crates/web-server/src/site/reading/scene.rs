//! An epoch's contributors: their rows, their part in the charts, the way to what they get.

use std::collections::BTreeMap;

use ledger_core::{Credits, Epoch, EpochStatus, UserId};
use ledger_port::{ActivityCount, ActivityFilter, PageRequest};

use super::overview::Overview;
use crate::access::Visit;
use crate::api::{KindSum, Line, Payable, sum_by_kind};
use crate::pages::charts::{Flow, FlowParts, Slice, slices};
use crate::pages::figures::{Count, CreditsChange, Units};
use crate::pages::{ContributorRow, Decision, EventTable, Expanded, KindRow, Tab, address};
use crate::problem::Answer;
use crate::records::Names;
use crate::site::frame::{credits, event_rows, head, person, share_of_line, units};

/// How many contributors a page holds.
pub(super) const ROWS: usize = 100;

/// How many events an open row shows.
const EVENTS_OF_A_ROW: u16 = 20;

/// Everything that a page about one epoch is made of.
pub(super) struct Scene<'a> {
    pub(super) visit: &'a Visit,
    pub(super) epoch: &'a Epoch,
    pub(super) payable: &'a Payable,
    pub(super) names: &'a Names,
    pub(super) total_units: i64,
    /// The page without `open`.
    pub(super) here: String,
}

impl Scene<'_> {
    /// One contributor.
    pub(super) async fn row(
        &self,
        rank: usize,
        line: &Line,
        before: Option<&BTreeMap<UserId, Credits>>,
        open: Option<&str>,
    ) -> Answer<ContributorRow> {
        let user = &line.allocation.user_id;
        let person = person(self.names, user);
        let is_open = open.is_some() && person.user.as_deref() == open;
        let now = line.credits(self.payable.pool);
        let was = before.map(|paid| paid.get(user).copied());
        let change = match (now, was) {
            (Some(now), Some(was)) => {
                let was = was.unwrap_or(Credits::ZERO).get();
                Some(CreditsChange(now.get().saturating_sub(was)))
            }
            _ => None,
        };
        Ok(ContributorRow {
            rank: u64::try_from(rank).unwrap_or(u64::MAX),
            units: units(line.units()),
            share: share_of_line(line, self.total_units),
            credits: now.map(credits),
            change,
            is_new: matches!(was, Some(None)),
            decision: line.allocation.decision.as_ref().map(|decision| Decision {
                units: units(decision.final_units()),
                reason: self.names.text(decision.reason()),
            }),
            toggle_href: if is_open { self.here.clone() } else { self.open_href(&person.user) },
            expanded: match (&person.user, is_open) {
                (Some(_), true) => Some(self.expanded(user).await?),
                _ => None,
            },
            person,
        })
    }

    /// This page with the row open.
    fn open_href(&self, user: &Option<String>) -> String {
        let Some(user) = user else { return self.here.clone() };
        let separator = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{separator}open={}", self.here, address::path_segment(user))
    }

    async fn expanded(&self, user: &UserId) -> Answer<Expanded> {
        let store = self.visit.store.as_ref();
        let counts = store.count_activity(self.epoch.id, Some(user)).await?;
        let kinds = kind_rows(self.epoch, &counts);
        let filter = ActivityFilter { user_id: Some(user.clone()), ..ActivityFilter::default() };
        let request = PageRequest::first().of_at_most(EVENTS_OF_A_ROW);
        let page = store.find_activity(self.epoch.id, &filter, request).await?;
        let all: u64 = counts.iter().map(|count| count.events).sum();
        let head = head(self.visit, self.epoch, Tab::Overview);
        let caption = match page.next {
            Some(_) => format!("The first {} of {all} events", page.items.len()),
            None => "All of their events".to_owned(),
        };
        Ok(Expanded {
            kinds,
            events: EventTable {
                caption,
                rows: event_rows(&page.items, self.epoch, self.names),
                shows_who: false,
            },
            all_events_href: page.next.map(|_| head.activity_of(user.as_str())),
            explain_href: head.explain_href(user.as_str()),
        })
    }

    /// Everybody's part, the largest by name; rows of this page are linked.
    pub(super) fn slices(&self, from: usize) -> Vec<Slice> {
        let parts = self.payable.lines.iter().enumerate().map(|(at, line)| {
            let is_here = at >= from && at < from + ROWS;
            let href = is_here.then(|| format!("#c-{}", at + 1));
            let name = self.names.shown(&line.allocation.user_id);
            let amount = line.credits(self.payable.pool).map(credits);
            Slice::of(name, href, units(line.units()), amount)
        });
        slices(parts.collect())
    }

    /// The way from events to credits, where what is stored is what the events come to.
    pub(super) fn flow(&self, overview: &Overview, receivers: &[Slice]) -> Option<Flow> {
        let mut kinds = kind_rows(self.epoch, &resolved_only(overview));
        kinds.retain(|kind| kind.events.0 > 0);
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.units));
        let (mut raised, mut lowered) = (0_i64, 0_i64);
        let mut proposed = 0_i64;
        for line in &self.payable.lines {
            let was = line.allocation.proposed_units.get();
            let change = line.units().get().saturating_sub(was);
            proposed = proposed.saturating_add(was);
            raised = raised.saturating_add(change.max(0));
            lowered = lowered.saturating_add(change.min(0).saturating_neg());
        }
        let computed = kinds.iter().fold(0_i64, |sum, kind| sum.saturating_add(kind.units.0));
        if computed != proposed {
            return None;
        }
        Flow::new(FlowParts {
            kinds,
            raised: Units(raised),
            lowered: Units(lowered),
            receivers: receivers.to_vec(),
            pool: self.payable.pool.map(credits),
            unresolved: Count(overview.unresolved()),
            provisional: self.epoch.status != EpochStatus::Closed,
        })
    }
}

fn resolved_only(overview: &Overview) -> Vec<ActivityCount> {
    let resolved =
        |one: &ActivityCount| ActivityCount { events: one.events - one.unresolved, ..one.clone() };
    overview.counts.iter().map(resolved).collect()
}

/// Events times weight, by kind.
fn kind_rows(epoch: &Epoch, counts: &[ActivityCount]) -> Vec<KindRow> {
    sum_by_kind(epoch, counts).iter().map(kind_row).collect()
}

/// How one kind adds to somebody's units, or to everybody's.
pub(super) fn kind_row(sum: &KindSum) -> KindRow {
    KindRow {
        kind: sum.kind.to_string(),
        events: Count(sum.events),
        weight: units(sum.weight),
        units: Units(i64::try_from(sum.units).unwrap_or(i64::MAX)),
    }
}
