//! One call of the port, with everything that it is called with.

use std::fmt::Debug;

use ledger_core::{
    AllocationOverride, CollectionOutcome, Credits, CursorKey, DisplayName, EpochId, EventId,
    NewAccessToken, NewActivityEvent, NewAllocation, NewEpoch, NewPayoutStatement,
    NewPoolComponent, SourceId, TokenId, UserId, WeightTable,
};
use ledger_port::{
    ActivityFilter, ActivityKey, ActivityLedgerStore, BindingKey, FinalizeEpoch, IdentityBinding,
    IdentityResolution, IngestPage, LedgerPortError, Once, PageRequest, RollOver, Write, Written,
};

/// A call. Its `Debug` text is enough to make it again.
#[derive(Debug)]
pub(crate) enum Command {
    CreateEpoch(NewEpoch),
    RollOver(RollOver),
    BeginReview(EpochId),
    CloseEpoch(EpochId, Credits),
    FinalizeEpoch(FinalizeEpoch),
    PreviewFinalizeEpoch(FinalizeEpoch),
    InsertActivityEvents(EpochId, Vec<NewActivityEvent>),
    IngestPage(IngestPage),
    ResolveIdentity(EventId, UserId),
    ResolveIdentities(Vec<IdentityResolution>),
    BindIdentities(Vec<IdentityBinding>),
    ResolveByBindings(EpochId),
    InsertAllocations(EpochId, Vec<NewAllocation>),
    ProposeAllocations(EpochId),
    PreviewAllocations(EpochId, WeightTable),
    UpdateAllocation(EpochId, UserId, Option<AllocationOverride>),
    InsertPoolComponent(EpochId, NewPoolComponent),
    InsertPayoutStatement(NewPayoutStatement),
    UpsertCursor(CursorKey, String),
    RecordCollection(EpochId, SourceId, CollectionOutcome),
    SetDisplayName(UserId, Option<DisplayName>),
    InsertAccessToken(NewAccessToken),
    RevokeAccessToken(TokenId),
    Write(Write, Option<Once>),
    FindAnswer(Once),
    Read(Read),
}

/// A call that changes nothing.
#[derive(Debug)]
pub(crate) enum Read {
    OpenEpoch,
    Epoch(EpochId),
    Epochs(PageRequest<EpochId>),
    Event(EventId),
    Events(EpochId, PageRequest<ActivityKey>),
    Unresolved(EpochId, PageRequest<ActivityKey>),
    Find(EpochId, ActivityFilter, PageRequest<ActivityKey>),
    Count(EpochId, Option<UserId>),
    UnresolvedIdentities(EpochId, PageRequest<BindingKey>),
    Binding(BindingKey),
    Allocation(EpochId, UserId),
    Allocations(EpochId, PageRequest<UserId>),
    Cursor(CursorKey),
    Statement(EpochId),
    Holdings(PageRequest<UserId>),
}

/// What was answered, as text; a refusal is told from an answer.
pub(crate) type Answer = Result<String, Refusal>;

/// Why it was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The variant with its fields.
    pub(crate) what: String,
    /// Whether it is a fault or a defect, which no command of the model may meet.
    pub(crate) is_fault: bool,
}

fn said(answer: Result<impl Debug, LedgerPortError>) -> Answer {
    match answer {
        Ok(value) => Ok(format!("{value:?}")),
        Err(refusal) => {
            let is_fault = matches!(
                refusal,
                LedgerPortError::Fault(_) | LedgerPortError::RefusedByRule { .. }
            );
            Err(Refusal { what: format!("{refusal:?}"), is_fault })
        }
    }
}

fn rendered(written: &Written) -> String {
    format!("{written:?}")
}

impl Command {
    /// Whether what an epoch pays after it is what the rules make of it: a statement of somebody's own making need
    /// not be.
    pub(crate) const fn pays_by_the_rules(&self) -> bool {
        !matches!(self, Self::InsertPayoutStatement(_))
    }

    /// Whether it may change anything.
    pub(crate) const fn is_read(&self) -> bool {
        matches!(
            self,
            Self::Read(_)
                | Self::FindAnswer(_)
                | Self::PreviewAllocations(..)
                | Self::PreviewFinalizeEpoch(_)
        )
    }

    /// Makes the call.
    pub(crate) async fn call(&self, store: &dyn ActivityLedgerStore) -> Answer {
        match self {
            Self::CreateEpoch(new) => said(store.create_epoch(new).await),
            Self::RollOver(command) => said(store.roll_over(command).await),
            Self::BeginReview(id) => said(store.begin_review(*id).await),
            Self::CloseEpoch(id, total) => said(store.close_epoch(*id, *total).await),
            Self::FinalizeEpoch(command) => said(store.finalize_epoch(command).await),
            Self::PreviewFinalizeEpoch(command) => {
                said(store.preview_finalize_epoch(command).await)
            }
            Self::InsertActivityEvents(id, events) => {
                said(store.insert_activity_events(*id, events).await)
            }
            Self::IngestPage(page) => said(store.ingest_page(page).await),
            Self::ResolveIdentity(event, user) => {
                said(store.resolve_activity_identity(event, user).await)
            }
            Self::ResolveIdentities(of) => said(store.resolve_activity_identities(of).await),
            Self::BindIdentities(of) => said(store.bind_identities(of).await),
            Self::ResolveByBindings(id) => said(store.resolve_activity_by_bindings(*id).await),
            Self::InsertAllocations(id, of) => said(store.insert_allocations(*id, of).await),
            Self::ProposeAllocations(id) => said(store.propose_allocations(*id).await),
            Self::PreviewAllocations(id, of) => said(store.preview_allocations(*id, of).await),
            Self::UpdateAllocation(id, user, decision) => {
                said(store.update_allocation(*id, user, decision.as_ref()).await)
            }
            Self::InsertPoolComponent(id, part) => {
                said(store.insert_pool_component(*id, part).await)
            }
            Self::InsertPayoutStatement(of) => said(store.insert_payout_statement(of).await),
            Self::UpsertCursor(key, value) => said(store.upsert_cursor(key, value).await),
            Self::RecordCollection(id, source, outcome) => {
                said(store.record_collection(*id, source, outcome).await)
            }
            Self::SetDisplayName(user, name) => {
                said(store.set_display_name(user, name.as_ref()).await)
            }
            Self::InsertAccessToken(token) => said(store.insert_access_token(token).await),
            Self::RevokeAccessToken(id) => said(store.revoke_access_token(*id).await),
            Self::Write(write, once) => said(store.write(write, once.as_ref(), &rendered).await),
            Self::FindAnswer(once) => said(store.find_answer(once).await),
            Self::Read(read) => read.call(store).await,
        }
    }
}

impl Read {
    async fn call(&self, store: &dyn ActivityLedgerStore) -> Answer {
        match self {
            Self::OpenEpoch => said(store.get_open_epoch().await),
            Self::Epoch(id) => said(store.get_epoch(*id).await),
            Self::Epochs(page) => said(store.list_epochs(page.clone()).await),
            Self::Event(id) => said(store.get_activity_event(id).await),
            Self::Events(id, page) => said(store.get_activity_for_epoch(*id, page.clone()).await),
            Self::Unresolved(id, page) => {
                said(store.get_unresolved_activity(*id, page.clone()).await)
            }
            Self::Find(id, filter, page) => {
                said(store.find_activity(*id, filter, page.clone()).await)
            }
            Self::Count(id, user) => said(store.count_activity(*id, user.as_ref()).await),
            Self::UnresolvedIdentities(id, page) => {
                said(store.list_unresolved_identities(*id, page.clone()).await)
            }
            Self::Binding(key) => said(store.get_identity_binding(key).await),
            Self::Allocation(id, user) => said(store.get_allocation(*id, user).await),
            Self::Allocations(id, page) => {
                said(store.get_allocations_for_epoch(*id, page.clone()).await)
            }
            Self::Cursor(key) => said(store.get_cursor(key).await),
            Self::Statement(id) => said(store.get_statement_for_epoch(*id).await),
            Self::Holdings(page) => said(store.list_holdings(page.clone()).await),
        }
    }
}
