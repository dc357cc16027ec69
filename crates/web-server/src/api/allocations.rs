//! Who gets how many units.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ledger_core::{AllocationOverride, Payout, UserId, payouts, pool_total};
use ledger_port::{EpochNotFoundPortError, Write, Written, all_pages};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::epochs::weight_table;
use super::extract::{Asked, At, Body, EpochChoice};
use super::ledgers::PageQuery;
use super::listing::{Listing, Paging};
use super::writing::write;
use crate::access::{Eyes, Visit};
use crate::problem::{Answer, Code, Problem};
use crate::records::{AllocationRecord, Names, PreviewRecord, ProposedRecord};
use crate::state::App;

/// The allocations of an epoch, bytewise by user id.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/allocations", tag = "allocations",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current`"),
        PageQuery,
    ),
    responses((status = OK, body = Listing<AllocationRecord>))
)]
pub(crate) async fn list(
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Listing<AllocationRecord>>> {
    let store = visit.store.as_ref();
    let epoch = EpochChoice::parse(&epoch)?.find(store).await?;
    let list = format!("{} {} allocations", visit.ledger.id, epoch.id);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let page = store.get_allocations_for_epoch(epoch.id, paging.request()?).await?;
    let names = Names::of(store, visit.eyes(), page.items.iter().map(|one| &one.user_id)).await?;
    Ok(Json(paging.listing(&page, |one| AllocationRecord::of(one, &names))?))
}

/// An admin's decision for one user, or its end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionBody {
    /// The units to pay for instead of the proposed ones, in milli-units; null takes a decision back.
    final_units: Option<String>,
    /// Why; contributors will read it. Needed with units.
    reason: Option<String>,
}

impl DecisionBody {
    fn decision(self) -> Answer<Option<AllocationOverride>> {
        match (self.final_units, self.reason) {
            (Some(units), reason) => {
                Ok(Some(AllocationOverride::new(units.parse()?, reason.unwrap_or_default())?))
            }
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let detail = "a reason without final_units decides nothing; leave both out to take \
                              a decision back";
                Err(Problem::new(Code::InvalidValue, detail))
            }
        }
    }
}

/// Decides on other units for one user, with a reason; or takes the decision back. Again is safe.
#[utoipa::path(
    patch, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/allocations/{user}", tag = "allocations",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = i64, Path, description = "The epoch's number"),
        ("user" = String, Path, description = "The user's id"),
    ),
    request_body = DecisionBody, responses((status = OK, body = AllocationRecord))
)]
pub(crate) async fn decide(
    State(app): State<App>,
    visit: Visit,
    At((_, epoch, user)): At<(String, String, String)>,
    body: Body,
) -> Answer<Response> {
    let command = Write::UpdateAllocation {
        epoch_id: EpochChoice::numbered(&epoch)?,
        user_id: user.parse::<UserId>()?,
        decision: body.json::<DecisionBody>()?.decision()?,
    };
    let names = Names::none(Eyes::Member);
    let record = |written: &Written| {
        let Written::Allocation(allocation) = written else {
            unreachable!("an allocation is written as one")
        };
        AllocationRecord::of(allocation, &names)
    };
    write(&app, &visit, command, body.once(), StatusCode::OK, record).await
}

/// Other weights to try.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProposeQuery {
    /// A JSON object of `source:event_type` to milli-units: answers what everybody would get under
    /// these, and writes nothing.
    weights: Option<String>,
}

/// What everybody would get under other weights.
#[derive(Debug, serde::Serialize, ToSchema)]
pub(crate) struct WhatIf {
    /// Bytewise by user id.
    data: Vec<PreviewRecord>,
    /// The pool of today, which the amounts split.
    pool_total_credits: String,
}

/// Computes everybody's units from events and weights; decisions stay. Again is safe. With `weights` it
/// answers a what-if and writes nothing.
#[utoipa::path(
    post, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/allocations/propose", tag = "allocations",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = i64, Path, description = "The epoch's number"),
        ProposeQuery,
    ),
    responses((status = OK, body = Proposal))
)]
pub(crate) async fn propose(
    State(app): State<App>,
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    Asked(query): Asked<ProposeQuery>,
    body: Body,
) -> Answer<Response> {
    let epoch_id = EpochChoice::numbered(&epoch)?;
    if let Some(weights) = query.weights {
        return Ok(Json(what_if(&visit, epoch_id, &weights).await?).into_response());
    }
    let record = |written: &Written| {
        let Written::Proposed(summary) = written else {
            unreachable!("a proposal is written as one")
        };
        ProposedRecord::of(summary)
    };
    let command = Write::ProposeAllocations(epoch_id);
    write(&app, &visit, command, body.once(), StatusCode::OK, record).await
}

/// What proposing answers.
#[derive(Debug, serde::Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes two answers of one route")]
pub(crate) enum Proposal {
    /// What was written.
    Written(ProposedRecord),
    /// What would be, under other weights.
    WhatIf(WhatIf),
}

async fn what_if(visit: &Visit, epoch_id: ledger_core::EpochId, weights: &str) -> Answer<WhatIf> {
    let store = visit.store.as_ref();
    let weights: BTreeMap<String, Value> = serde_json::from_str(weights)
        .map_err(|error| Problem::malformed(format!("weights: it is no JSON object: {error}")))?;
    let weights = weight_table(&weights)?;
    store.get_epoch(epoch_id).await?.ok_or(EpochNotFoundPortError { epoch_id })?;
    let proposals = store.preview_allocations(epoch_id, &weights).await?;
    let parts = all_pages(|page| store.get_pool_components_for_epoch(epoch_id, page)).await?;
    let pool = pool_total(&parts)?;
    let units = proposals.iter().map(|one| (one.user_id.clone(), one.proposed_units));
    let paid: BTreeMap<UserId, Payout> =
        payouts(units, pool)?.into_iter().map(|row| (row.user_id.clone(), row)).collect();
    let names = Names::of(store, visit.eyes(), proposals.iter().map(|one| &one.user_id)).await?;
    Ok(WhatIf {
        data: proposals
            .iter()
            .map(|one| PreviewRecord::of(one, paid.get(&one.user_id), &names))
            .collect(),
        pool_total_credits: pool.to_string(),
    })
}
