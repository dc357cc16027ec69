//! One contributor: across epochs, and everything behind one amount.

use std::collections::BTreeMap;

use axum::Json;
use ledger_core::{
    Allocation, Epoch, EpochStatus, EventKind, Payout, PayoutStatement, PayoutSteps, Units, UserId,
};
use ledger_port::{ActivityCount, ActivityFilter, ActivityLedgerStore, PortResult};
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Asked, At, EpochChoice};
use super::ledgers::PageQuery;
use super::listing::{Listing, Paging};
use super::payable::Payable;
use crate::access::{Eyes, Visit};
use crate::problem::{Answer, Problem};
use crate::records::{
    ActivityRecord, EpochRecord, ExplanationRecord, KindRecord, Names, OverrideRecord, StepsRecord,
    UserEpochRecord,
};

/// How many epochs of one contributor are looked at for a page. Each costs two lookups.
const MAX_EPOCHS: u16 = 60;

/// One contributor across epochs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserHistory {
    user_id: Option<String>,
    display_name: Option<String>,
    /// Newest first; epochs without a part of theirs are left out.
    epochs: Listing<UserEpochRecord>,
}

/// The user, where the caller may know of them.
pub(crate) fn visible_user(eyes: Eyes, text: &str) -> Answer<UserId> {
    let no_such_user = || Problem::not_found("there is no such user");
    let user_id: UserId = text.parse().map_err(|_| no_such_user())?;
    eyes.user_id(&user_id).ok_or_else(no_such_user)?;
    Ok(user_id)
}

/// What one user had in one epoch.
pub(crate) struct UserEpoch {
    pub(crate) epoch: Epoch,
    pub(crate) allocation: Allocation,
    pub(crate) payout: Option<Payout>,
}

/// What the user had in these epochs.
pub(crate) async fn user_epochs(
    store: &dyn ActivityLedgerStore,
    user_id: &UserId,
    epochs: Vec<Epoch>,
) -> PortResult<Vec<UserEpoch>> {
    let mut found = Vec::new();
    for epoch in epochs {
        let Some(allocation) = store.get_allocation(epoch.id, user_id).await? else { continue };
        let statement = match epoch.status {
            EpochStatus::Closed => store.get_statement_for_epoch(epoch.id).await?,
            EpochStatus::Open | EpochStatus::Review => None,
        };
        let payout = statement.and_then(|stored| row_of(&stored, user_id));
        found.push(UserEpoch { epoch, allocation, payout });
    }
    Ok(found)
}

fn row_of(stored: &PayoutStatement, user_id: &UserId) -> Option<Payout> {
    let rows = &stored.statement.payouts;
    // Sorted bytewise by user id.
    let at = rows.binary_search_by(|row| row.user_id.cmp(user_id)).ok()?;
    rows.get(at).cloned()
}

/// One contributor across epochs, newest first. A page looks at no more than 60 epochs.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/users/{user}", tag = "contributors",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("user" = String, Path, description = "The user's id"),
        PageQuery,
    ),
    responses((status = OK, body = UserHistory))
)]
pub(crate) async fn history(
    visit: Visit,
    At((_, user)): At<(String, String)>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<UserHistory>> {
    let store = visit.store.as_ref();
    let user_id = visible_user(visit.eyes(), &user)?;
    let list = format!("{} user {user_id}", visit.ledger.id);
    let after = query.after.as_deref();
    let paging = Paging::new(&visit.seal, list, after, query.limit)?.of_at_most(MAX_EPOCHS);
    let page = store.list_epochs(paging.request()?).await?;
    let next = paging.next(page.next.as_ref())?;
    let is_first = query.after.is_none();
    let epochs = user_epochs(store, &user_id, page.items).await?;
    if is_first && next.is_none() && epochs.is_empty() {
        return Err(Problem::not_found("the user has no units in any epoch"));
    }
    let names = Names::of(store, visit.eyes(), [&user_id]).await?;
    let record =
        |one: &UserEpoch| UserEpochRecord::of(&one.epoch, &one.allocation, one.payout.as_ref());
    Ok(Json(UserHistory {
        user_id: names.id(&user_id),
        display_name: names.display_name(&user_id),
        epochs: Listing { data: epochs.iter().map(record).collect(), next },
    }))
}

/// How many events of each kind, and what they come to.
pub(crate) struct KindSum {
    pub(crate) kind: EventKind,
    pub(crate) events: u64,
    pub(crate) weight: Units,
    pub(crate) units: i128,
}

/// Counts by day are summed by kind and weighed.
pub(crate) fn sum_by_kind(epoch: &Epoch, counts: &[ActivityCount]) -> Vec<KindSum> {
    let mut events: BTreeMap<&EventKind, u64> = BTreeMap::new();
    for count in counts {
        *events.entry(&count.kind).or_default() += count.events;
    }
    let sum = |(kind, events): (&EventKind, u64)| {
        let weight = epoch.weights.weight_of(kind);
        let units = i128::from(weight.get()) * i128::from(events);
        KindSum { kind: kind.clone(), events, weight, units }
    };
    events.into_iter().map(sum).collect()
}

/// Everything behind one user's amount, apart from the events one by one.
pub(crate) struct Explanation {
    pub(crate) epoch: Epoch,
    pub(crate) kinds: Vec<KindSum>,
    pub(crate) allocation: Option<Allocation>,
    pub(crate) steps: Option<PayoutSteps>,
    /// Whether a statement pays it; else it is what the pool and the units of today come to.
    pub(crate) is_paid: bool,
}

impl Explanation {
    pub(crate) async fn of(
        store: &dyn ActivityLedgerStore,
        epoch: Epoch,
        payable: &Payable,
        user_id: &UserId,
    ) -> Answer<Self> {
        let counts = store.count_activity(epoch.id, Some(user_id)).await?;
        let allocation = store.get_allocation(epoch.id, user_id).await?;
        if allocation.is_none() && counts.is_empty() {
            return Err(Problem::not_found("the user has neither events nor units in this epoch"));
        }
        let (steps, is_paid) = (payable.steps(user_id)?, payable.is_paid);
        let kinds = sum_by_kind(&epoch, &counts);
        Ok(Self { epoch, kinds, allocation, steps, is_paid })
    }

    /// The sum over the kinds.
    pub(crate) fn computed_units(&self) -> i128 {
        self.kinds.iter().map(|kind| kind.units).sum()
    }
}

/// Every event, weight, override and rounding step behind one user's amount in one epoch.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/users/{user}/explain", tag = "contributors",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current`"),
        ("user" = String, Path, description = "The user's id"),
        PageQuery,
    ),
    responses((status = OK, body = ExplanationRecord))
)]
pub(crate) async fn explain(
    visit: Visit,
    At((_, epoch, user)): At<(String, String, String)>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<ExplanationRecord>> {
    let store = visit.store.as_ref();
    let user_id = visible_user(visit.eyes(), &user)?;
    let epoch = EpochChoice::parse(&epoch)?.find(store).await?;
    let payable = Payable::of(store, &epoch).await?;
    let explained = Explanation::of(store, epoch, &payable, &user_id).await?;
    let list = format!("{} {} events of {user_id}", visit.ledger.id, explained.epoch.id);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let filter = ActivityFilter { user_id: Some(user_id.clone()), ..ActivityFilter::default() };
    let page = store.find_activity(explained.epoch.id, &filter, paging.request()?).await?;
    let names = Names::of(store, visit.eyes(), [&user_id]).await?;
    let Listing { data: events, next } =
        paging.listing(&page, |event| ActivityRecord::of(event, &explained.epoch, &names))?;
    Ok(Json(record(&explained, &user_id, &names, events, next)))
}

fn record(
    explained: &Explanation,
    user_id: &UserId,
    names: &Names,
    events: Vec<ActivityRecord>,
    next: Option<String>,
) -> ExplanationRecord {
    let allocation = explained.allocation.as_ref();
    let number = |units: Units| units.get().to_string();
    let zero = || "0".to_owned();
    let kind = |one: &KindSum| KindRecord {
        kind: one.kind.to_string(),
        events: one.events,
        weight: number(one.weight),
        units: one.units.to_string(),
    };
    let decided = |one: &Allocation| {
        one.decision.as_ref().map(|decision| OverrideRecord::of(one, decision, names))
    };
    let steps = explained.steps.as_ref();
    ExplanationRecord {
        user_id: names.id(user_id),
        display_name: names.display_name(user_id),
        epoch: EpochRecord::of(&explained.epoch),
        basis: if explained.is_paid { "paid" } else { "forecast" },
        kinds: explained.kinds.iter().map(kind).collect(),
        computed_units: explained.computed_units().to_string(),
        proposed_units: allocation.map_or_else(zero, |one| number(one.proposed_units)),
        r#override: allocation.and_then(decided),
        payable_units: allocation.map_or_else(zero, |one| number(one.payable_units())),
        steps: steps.map(StepsRecord::of),
        amount_credits: steps.map_or_else(zero, |steps| steps.amount.to_string()),
        events,
        next,
    }
}
