//! People: what they are called, who they are on platforms, what is proposed for them.

use std::collections::BTreeMap;

use ledger_core::{
    Allocation, AllocationOverride, DisplayName, NewAllocation, Payout, UserId, without_addresses,
};
use ledger_port::{
    ActivityLedgerStore, IdentityBinding, MAX_NAMES, PortResult, ProposalSummary,
    UnresolvedIdentity,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Eyes;

/// What to call people, for one answer.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    eyes: Eyes,
    names: BTreeMap<UserId, DisplayName>,
}

impl Names {
    /// Asks the store for the names of these people.
    pub(crate) async fn of<'a>(
        store: &dyn ActivityLedgerStore,
        eyes: Eyes,
        users: impl IntoIterator<Item = &'a UserId>,
    ) -> PortResult<Self> {
        let mut asked: Vec<UserId> = users.into_iter().cloned().collect();
        asked.sort_unstable();
        asked.dedup();
        let mut names = BTreeMap::new();
        for some in asked.chunks(MAX_NAMES) {
            names.extend(store.get_display_names(some).await?);
        }
        Ok(Self { eyes, names })
    }

    /// No names, where none are shown.
    pub(crate) const fn none(eyes: Eyes) -> Self {
        Self { eyes, names: BTreeMap::new() }
    }

    pub(crate) const fn eyes(&self) -> Eyes {
        self.eyes
    }

    /// The user's id, where it may be seen.
    pub(crate) fn id(&self, user: &UserId) -> Option<String> {
        self.eyes.user_id(user).map(ToString::to_string)
    }

    /// What everybody may call the user.
    pub(crate) fn display_name(&self, user: &UserId) -> Option<String> {
        self.names.get(user).map(ToString::to_string)
    }

    /// What a page calls the user: the display name, else the id, else somebody.
    pub(crate) fn shown(&self, user: &UserId) -> String {
        self.display_name(user)
            .or_else(|| self.id(user))
            .unwrap_or_else(|| "a contributor".to_owned())
    }

    /// A text that was written for contributors, as whoever asks may see it.
    pub(crate) fn text(&self, text: &str) -> String {
        match self.eyes {
            Eyes::Public => without_addresses(text),
            Eyes::Member => text.to_owned(),
        }
    }
}

/// One user's units in an epoch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Allocation)]
pub(crate) struct AllocationRecord {
    /// Null where everybody may read the ledger and the id holds an address.
    user_id: Option<String>,
    display_name: Option<String>,
    /// What the events come to, in milli-units.
    proposed_units: String,
    /// What an admin decided instead, in milli-units.
    final_units: Option<String>,
    /// Why.
    override_reason: Option<String>,
    /// How many events are the user's.
    activity_count: u32,
}

impl AllocationRecord {
    pub(crate) fn of(allocation: &Allocation, names: &Names) -> Self {
        let decision = allocation.decision.as_ref();
        Self {
            user_id: names.id(&allocation.user_id),
            display_name: names.display_name(&allocation.user_id),
            proposed_units: allocation.proposed_units.get().to_string(),
            final_units: decision.map(|one| one.final_units().get().to_string()),
            override_reason: decision.map(AllocationOverride::reason).map(|text| names.text(text)),
            activity_count: allocation.activity_count,
        }
    }
}

/// What a proposal came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proposed)]
pub(crate) struct ProposedRecord {
    /// How many users have events.
    users: u64,
    /// How many allocations are new or changed.
    changed: u64,
}

impl ProposedRecord {
    pub(crate) const fn of(summary: &ProposalSummary) -> Self {
        Self { users: summary.users, changed: summary.changed }
    }
}

/// What one user would get under other weights.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProposalPreview)]
pub(crate) struct PreviewRecord {
    user_id: Option<String>,
    display_name: Option<String>,
    proposed_units: String,
    activity_count: u32,
    /// What the pool of today would pay them, decisions aside.
    amount_credits: String,
}

impl PreviewRecord {
    pub(crate) fn of(proposal: &NewAllocation, payout: Option<&Payout>, names: &Names) -> Self {
        Self {
            user_id: names.id(&proposal.user_id),
            display_name: names.display_name(&proposal.user_id),
            proposed_units: proposal.proposed_units.get().to_string(),
            activity_count: proposal.activity_count,
            amount_credits: payout
                .map_or_else(|| "0".to_owned(), |row| row.amount_credits.to_string()),
        }
    }
}

/// Says that a platform's user is that person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityBinding)]
pub(crate) struct BindingRecord {
    source: String,
    /// Null where everybody may read the ledger.
    platform_user_id: Option<String>,
    user_id: Option<String>,
    display_name: Option<String>,
}

impl BindingRecord {
    pub(crate) fn of(binding: &IdentityBinding, names: &Names) -> Self {
        let platform_user_id = binding.key.platform_user_id.to_string();
        Self {
            source: binding.key.source.to_string(),
            platform_user_id: (names.eyes() == Eyes::Member).then_some(platform_user_id),
            user_id: names.id(&binding.user_id),
            display_name: names.display_name(&binding.user_id),
        }
    }
}

/// A platform's user whose events belong to nobody yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnresolvedIdentity)]
pub(crate) struct UnresolvedRecord {
    source: String,
    /// Null where everybody may read the ledger.
    platform_user_id: Option<String>,
    platform_login: Option<String>,
    event_count: u64,
}

impl UnresolvedRecord {
    pub(crate) fn of(identity: &UnresolvedIdentity, eyes: Eyes) -> Self {
        let is_member = eyes == Eyes::Member;
        let platform_user_id = identity.key.platform_user_id.to_string();
        Self {
            source: identity.key.source.to_string(),
            platform_user_id: is_member.then_some(platform_user_id),
            platform_login: identity.platform_login.clone().filter(|_| is_member),
            event_count: identity.event_count,
        }
    }
}

/// What binding came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bound)]
pub(crate) struct BoundRecord {
    /// How many platform users are bound now that were not.
    pub(crate) bound: u64,
    /// How many waiting events went to people.
    pub(crate) resolved: u64,
}
