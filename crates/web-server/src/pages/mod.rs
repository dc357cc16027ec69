//! The pages people read: what each one shows, and how it is written as HTML.
//!
//! A page is a struct that derives [`askama::Template`]. Handlers fill it; it never reads a store,
//! a clock or the network, so each page can be rendered from sample data alone
//! (`cargo run --example render`). To add one: a struct here, a template of the same name in
//! `templates/`, a sample in `examples/render`.
//!
//! **Numbers.** Amounts are whole numbers in the types of [`figures`]; how they look is decided
//! there and nowhere else. **Times** are [`Moment`]s, made from RFC 3339. **Text** is plain and is
//! escaped by askama; no template says `|safe`. **Addresses** are made in [`address`].

pub mod address;
pub mod charts;
pub mod figures;

mod activity;
mod contributor;
mod docs;
mod epoch;
mod epochs;
mod error;
mod explain;
mod finalize;
mod holdings;
mod layout;
mod ledgers;
mod moment;
mod parts;
mod review;
mod sign_in;
mod statement;
#[cfg(test)]
mod tests;

pub use activity::{ActivityFilter, ActivityPage};
pub use contributor::{ContributorEpoch, ContributorPage};
pub use docs::{
    BodyKind, CodeRow, DocsPage, Field, Operation, OperationGroup, Parameter, Record, Reply,
};
pub use epoch::{ContributorRow, EpochPage, Expanded, NoEpochPage};
pub use epochs::{EpochListRow, EpochsPage};
pub use error::ErrorPage;
pub use explain::{ExplainPage, Rounding};
pub use finalize::{FinalizePage, FinalizePreview};
pub use holdings::{HoldingRow, HoldingsPage};
pub use layout::{Layout, Message, MessageKind, Nav, SignedIn};
pub use ledgers::{LedgerRow, LedgersPage};
pub use moment::Moment;
pub use parts::{
    Decision, EpochHead, EpochState, EventRow, EventTable, KindRow, OutsideLink, Pagination,
    PayoutRow, Person, PoolPart, Tab,
};
pub use review::{
    AllocationRow, BindForm, ChangeRow, OverrideForm, OverridePreview, PoolForm, ReviewPage, Step,
    StepState, Steps, UnresolvedRow,
};
pub use sign_in::SignInPage;
pub use statement::{Check, Statement, StatementPage, Verification};
