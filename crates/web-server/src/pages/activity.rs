//! Every event of an epoch.

use askama::Template;

use super::charts::Columns;
use super::figures::Count;
use super::{EpochHead, EventTable, Layout, Message, Pagination};

/// What the visitor looks for. Empty text means anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityFilter {
    /// A user id.
    pub user: String,
    /// A source: `git`.
    pub source: String,
    /// A type: `commit_authored`.
    pub event_type: String,
    /// Only events that wait for a name.
    pub unresolved: bool,
    /// Only events from before the window.
    pub late: bool,
    /// How many events a page holds; empty for the usual number. Kept through the form.
    pub limit: String,
    /// The sources to choose from.
    pub sources: Vec<String>,
    /// The types to choose from.
    pub event_types: Vec<String>,
}

impl ActivityFilter {
    /// Whether anything is asked for.
    pub fn is_set(&self) -> bool {
        let words = [&self.user, &self.source, &self.event_type];
        self.unresolved || self.late || words.iter().any(|word| !word.is_empty())
    }
}

/// `/l/{ledger}/epochs/{id}/activity`
#[derive(Debug, Clone, Template)]
#[template(path = "activity.html")]
pub struct ActivityPage {
    /// The frame.
    pub layout: Layout,
    /// What was wrong with the filter, for example.
    pub message: Option<Message>,
    /// The epoch.
    pub head: EpochHead,
    /// The filter as it was sent.
    pub filter: ActivityFilter,
    /// How many events the epoch has.
    pub total: Count,
    /// How many of them wait for a name.
    pub unresolved: Count,
    /// How many of them are late.
    pub late: Count,
    /// Events per day of the whole epoch, whatever the filter.
    pub timeline: Option<Columns>,
    /// One page of events.
    pub events: EventTable,
    /// The first and the next page.
    pub pagination: Pagination,
}
