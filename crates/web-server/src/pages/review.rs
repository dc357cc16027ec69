//! The review desk: what an admin does between collecting and paying.

use askama::Template;

use super::figures::{Count, Credits, CreditsChange, Share, Units};
use super::{Decision, EpochHead, Layout, Message, Pagination, Person, PoolPart, address};

/// Where one step of the review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Nothing is left to do.
    Done,
    /// Something can be done now.
    Now,
    /// Nobody has to do it.
    Optional,
    /// Another step comes first.
    Later,
}

impl StepState {
    /// The word beside the step.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "to do",
            Self::Optional => "optional",
            Self::Later => "later",
        }
    }

    /// The stylesheet's class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Done => "step step-done",
            Self::Now => "step step-now",
            Self::Optional => "step step-optional",
            Self::Later => "step step-later",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub state: StepState,
    /// One sentence on that: `2 of 14 platform users wait for a name.`
    pub note: String,
}

/// All steps, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// Say who is who.
    pub resolve: Step,
    /// Compute units.
    pub propose: Step,
    /// Decide on other units.
    pub overrides: Step,
    /// Fill the pool.
    pub pool: Step,
    /// End collecting.
    pub begin: Step,
    /// Close and pay.
    pub finalize: Step,
}

/// A platform user that nobody is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresolvedRow {
    /// `git`
    pub source: String,
    /// `ada@example.org`
    pub platform_user_id: String,
    /// What the platform calls them.
    pub login: Option<String>,
    /// How many events wait.
    pub events: Count,
}

/// A binding that was sent and refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindForm {
    /// Which row.
    pub source: String,
    /// Which row.
    pub platform_user_id: String,
    /// What was entered.
    pub user: String,
    /// Why it was refused.
    pub error: String,
}

/// One allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationRow {
    /// Whose.
    pub person: Person,
    /// How many events.
    pub events: Count,
    /// What the events add up to.
    pub proposed: Units,
    /// The admin's decision.
    pub decision: Option<Decision>,
    /// What counts.
    pub units: Units,
    /// This page with the row's form open.
    pub open_href: String,
}

/// The form of one allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideForm {
    /// Whose.
    pub person: Person,
    /// What the events add up to.
    pub proposed: Units,
    /// Whether there is a decision that can be taken back.
    pub has_decision: bool,
    /// The entered milli-units, whatever they are.
    pub units: String,
    /// The entered reason.
    pub reason: String,
    /// What is wrong with the units.
    pub units_error: Option<String>,
    /// What is wrong with the reason.
    pub reason_error: Option<String>,
    /// What saving would do, where that was asked for.
    pub preview: Option<OverridePreview>,
    /// This page without the form.
    pub close_href: String,
}

/// What a decision would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverridePreview {
    /// Those whose amount changes most, the largest change first.
    pub changes: Vec<ChangeRow>,
    /// How many more amounts change, none by more than the last of these.
    pub smaller_changes: Count,
    /// How many others keep their amount.
    pub unchanged: Count,
    /// Whether a pool is known. Without one, only units and shares can be told.
    pub pool: Option<Credits>,
}

/// One person's amount before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Whose.
    pub person: Person,
    /// The share before.
    pub share_before: Share,
    /// The share after.
    pub share_after: Share,
    /// The amount before; `None` without a pool.
    pub before: Option<Credits>,
    /// The amount after.
    pub after: Option<Credits>,
    /// The difference.
    pub change: Option<CreditsChange>,
}

/// The form for one more part of the pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PoolForm {
    /// `base_issuance`
    pub component_id: String,
    /// The amount as entered.
    pub amount_credits: String,
    /// The rule's version.
    pub algorithm_version: String,
    /// Where the evidence is.
    pub evidence_ref: String,
    /// What is wrong with the part's name.
    pub component_error: Option<String>,
    /// What is wrong with the amount.
    pub amount_error: Option<String>,
}

/// `/l/{ledger}/epochs/{id}/review`
#[derive(Debug, Clone, Template)]
#[template(path = "review.html")]
pub struct ReviewPage {
    /// The frame.
    pub layout: Layout,
    /// What was done or refused.
    pub message: Option<Message>,
    /// The epoch.
    pub head: EpochHead,
    /// The steps.
    pub steps: Steps,
    /// Platform users that wait for a name; one page, the most events first.
    pub unresolved: Vec<UnresolvedRow>,
    /// More of them.
    pub unresolved_pagination: Pagination,
    /// The binding that was refused.
    pub refused_bind: Option<BindForm>,
    /// User ids to offer while typing.
    pub known_users: Vec<String>,
    /// One page of allocations.
    pub allocations: Vec<AllocationRow>,
    /// More of them.
    pub allocation_pagination: Pagination,
    /// The opened form.
    pub override_form: Option<OverrideForm>,
    /// The pool's parts.
    pub pool: Vec<PoolPart>,
    /// Their sum; `None` while there are none.
    pub pool_total: Option<Credits>,
    /// The form for one more.
    pub pool_form: PoolForm,
    /// Why the epoch cannot be closed yet, one sentence each. Empty: the preview is linked.
    pub missing: Vec<String>,
}

impl ReviewPage {
    /// Whether anything may still be changed.
    pub fn is_frozen(&self) -> bool {
        !self.head.state.is_provisional()
    }

    /// Whether the epoch still collects.
    pub fn is_open(&self) -> bool {
        self.head.state == super::EpochState::Open
    }

    /// What was entered for that row, where it was refused.
    pub fn refused(&self, row: &UnresolvedRow) -> Option<&BindForm> {
        self.refused_bind.as_ref().filter(|form| {
            form.source == row.source && form.platform_user_id == row.platform_user_id
        })
    }

    /// The preview of the close.
    pub fn preview_href(&self) -> String {
        format!("{}{}", self.head.sub("review"), address::query(&[("preview", "finalize")]))
    }
}
