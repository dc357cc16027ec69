//! Who is who: from platform users to the people who are paid.

use async_trait::async_trait;
use ledger_core::{EpochId, EventId, PlatformUserId, SourceName, UserId};

use crate::{Page, PageRequest, PortResult};

/// A platform user: the source and the platform's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingKey {
    /// The platform.
    pub source: SourceName,
    /// The platform's user.
    pub platform_user_id: PlatformUserId,
}

/// Says that a platform user is that person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityBinding {
    /// The platform user.
    pub key: BindingKey,
    /// The person.
    pub user_id: UserId,
}

/// Gives one event to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityResolution {
    /// The event.
    pub event_id: EventId,
    /// The person.
    pub user_id: UserId,
}

/// How many events were given to somebody now, and how many were theirs already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResolutionOutcome {
    /// Given now.
    pub resolved: u64,
    /// Theirs already.
    pub unchanged: u64,
}

/// A platform user with events in an epoch that belong to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresolvedIdentity {
    /// The platform user.
    pub key: BindingKey,
    /// The bytewise largest name that the platform shows for them in these events, if any.
    pub platform_login: Option<String>,
    /// How many events wait.
    pub event_count: u64,
}

/// Binds platform users to people, and gives them their events.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Gives an event that belongs to nobody to a person (IDENTITY_ONCE).
    ///
    /// Refuses a missing event (`EventNotFound`), an event of somebody else
    /// (`IdentityAlreadyResolved`), and an event of a closed epoch (`EpochClosed`). Idempotent:
    /// the same person again changes nothing, even once the epoch is closed.
    async fn resolve_activity_identity(
        &self,
        event_id: &EventId,
        user_id: &UserId,
    ) -> PortResult<ResolutionOutcome>;

    /// The same for many events, all or none. The first refusal, in the order of the call, is the
    /// answer. An event named twice with one person is unchanged the second time; with two persons
    /// the call is refused.
    async fn resolve_activity_identities(
        &self,
        resolutions: &[IdentityResolution],
    ) -> PortResult<ResolutionOutcome>;

    /// Remembers who platform users are, for all events to come, all or none; says how many were
    /// new. Waiting events are given out by [`Self::resolve_activity_by_bindings`].
    ///
    /// Refuses a platform user who is bound to somebody else (`IdentityAlreadyBound`). Idempotent.
    async fn bind_identities(&self, bindings: &[IdentityBinding]) -> PortResult<u64>;

    /// Whom a platform user is bound to, or `None`.
    async fn get_identity_binding(&self, key: &BindingKey) -> PortResult<Option<IdentityBinding>>;

    /// Every binding, by source and platform user.
    async fn list_identity_bindings(
        &self,
        page: PageRequest<BindingKey>,
    ) -> PortResult<Page<IdentityBinding, BindingKey>>;

    /// Gives every unresolved event of an epoch whose platform user is bound to that person; says
    /// how many.
    ///
    /// Refuses a missing epoch (`EpochNotFound`) and a closed one (`EpochClosed`). Idempotent.
    async fn resolve_activity_by_bindings(&self, epoch_id: EpochId) -> PortResult<u64>;

    /// The platform users with unresolved events in an epoch, by source and platform user.
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn list_unresolved_identities(
        &self,
        epoch_id: EpochId,
        page: PageRequest<BindingKey>,
    ) -> PortResult<Page<UnresolvedIdentity, BindingKey>>;
}
