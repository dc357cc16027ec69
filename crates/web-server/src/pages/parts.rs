//! What several pages show.

use super::figures::{Count, Credits, Share, Units};
use super::{Moment, address};

/// Where an epoch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochState {
    /// Collecting.
    Open,
    /// Being looked at.
    Review,
    /// Paid and frozen.
    Closed,
}

impl EpochState {
    /// The word on the badge.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Review => "in review",
            Self::Closed => "closed",
        }
    }

    /// The stylesheet's class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Open => "badge badge-open",
            Self::Review => "badge badge-review",
            Self::Closed => "badge badge-closed",
        }
    }

    /// Whether amounts may still change.
    pub fn is_provisional(self) -> bool {
        self != Self::Closed
    }
}

/// Which page of an epoch is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Who gets what.
    Overview,
    /// Every event.
    Activity,
    /// The payout table.
    Statement,
    /// The review desk.
    Review,
    /// None of them.
    Other,
}

impl Tab {
    /// The tab's word in the template, which is also the page's address below the epoch's.
    const fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Activity => "activity",
            Self::Statement => "statement",
            Self::Review => "review",
            Self::Other => "",
        }
    }
}

/// The head of every page about one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochHead {
    /// The ledger's name.
    pub ledger: String,
    /// The epoch's number.
    pub id: i64,
    /// Where it stands.
    pub state: EpochState,
    /// The window's start.
    pub start: Moment,
    /// The window's end, which is not in the window.
    pub end: Moment,
    /// Which page this is.
    pub tab: Tab,
    /// Whether the review desk is linked.
    pub shows_review: bool,
}

impl EpochHead {
    /// Whether that tab is the active one.
    pub fn is_at(&self, tab: &str) -> bool {
        self.tab.word() == tab
    }

    /// The epoch's page.
    pub fn href(&self) -> String {
        address::epoch(&self.ledger, self.id)
    }

    /// A page below the epoch's: `activity`, `statement`, `review`.
    pub fn sub(&self, page: &str) -> String {
        format!("{}/{page}", self.href())
    }

    /// The explanation of one user's amount.
    pub fn explain_href(&self, user: &str) -> String {
        address::explanation(&self.ledger, self.id, user)
    }

    /// The events of one user.
    pub fn activity_of(&self, user: &str) -> String {
        format!("{}{}", self.sub("activity"), address::query(&[("user", user)]))
    }

    /// The statement as a file.
    pub fn file_href(&self, format: &str) -> String {
        address::statement_file(&self.ledger, self.id, format)
    }
}

/// Somebody, as the visitor may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The display name.
    pub name: String,
    /// The user id, for links; `None` where nobody is known or it must not be shown.
    pub user: Option<String>,
}

/// An address outside of this server, known to be `http` or `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideLink(String);

impl OutsideLink {
    /// Takes the address; `None` for any other scheme (`javascript:`, `data:`), which is then
    /// shown as text.
    pub fn new(address: &str) -> Option<Self> {
        let lower = address.get(..8)?.to_ascii_lowercase();
        (lower.starts_with("https://") || lower.starts_with("http://"))
            .then(|| Self(address.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One event in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// When it happened.
    pub time: Moment,
    /// `git:commit_authored`.
    pub kind: String,
    /// Who is paid for it; `None` while unresolved.
    pub who: Option<Person>,
    /// Who the platform says it was; `None` where it must not be shown.
    pub platform: Option<String>,
    /// The event's id.
    pub id: String,
    /// Where one can look at it.
    pub link: Option<OutsideLink>,
    /// What it weighs in this epoch.
    pub weight: Units,
    /// Whether it happened before the window.
    pub late: bool,
}

/// A table of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTable {
    /// The caption: whose events, in which order.
    pub caption: String,
    /// The rows.
    pub rows: Vec<EventRow>,
    /// Whether to say who did each; not needed on one person's page.
    pub shows_who: bool,
}

/// Links to other parts of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pagination {
    /// What is shown: `Contributors 101 to 200 of 1240`.
    pub summary: String,
    /// The first page, where this is not it.
    pub first: Option<String>,
    /// The page before, where it is known.
    pub previous: Option<String>,
    /// The next page, where there is one.
    pub next: Option<String>,
}

impl Pagination {
    /// Whether there is anything to show.
    pub fn is_needed(&self) -> bool {
        self.first.is_some() || self.previous.is_some() || self.next.is_some()
    }
}

/// Events of one kind: `events × weight = units`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRow {
    /// `git:commit_authored`.
    pub kind: String,
    /// How many that count: those of resolved users.
    pub events: Count,
    /// What each weighs.
    pub weight: Units,
    /// The product.
    pub units: Units,
}

/// An admin's decision on somebody's units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The units to use.
    pub units: Units,
    /// Why. Contributors read it.
    pub reason: String,
}

/// One part of the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolPart {
    /// `base_issuance`.
    pub component_id: String,
    /// The version of the rule that gave the amount.
    pub algorithm_version: String,
    /// The amount.
    pub amount: Credits,
    /// Where the evidence is, as written.
    pub evidence: Option<String>,
    /// The same as a link, where it is one.
    pub evidence_link: Option<OutsideLink>,
}

/// One line of a payout table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRow {
    /// Who is paid.
    pub person: Person,
    /// For what.
    pub units: Units,
    /// The share, truncated to millionths.
    pub share: Share,
    /// How much.
    pub credits: Credits,
}

#[cfg(test)]
mod tests {
    use super::OutsideLink;

    #[test]
    fn only_web_addresses_become_links() {
        assert!(OutsideLink::new("https://example.org/x").is_some());
        assert!(OutsideLink::new("HTTP://example.org").is_some());
        for other in ["javascript:alert(1)", "data:text/html,x", "//example.org", "", "é"] {
            assert_eq!(OutsideLink::new(other), None, "{other}");
        }
    }
}
