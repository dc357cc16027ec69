//! The budget of an epoch.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ledger_core::{NewPoolComponent, Timestamp};
use ledger_port::{Write, Written};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::extract::{Asked, At, Body, EpochChoice};
use super::ledgers::PageQuery;
use super::listing::{Listing, Paging};
use super::writing::write;
use crate::access::{Eyes, Visit};
use crate::problem::Answer;
use crate::records::ComponentRecord;
use crate::state::App;

/// The parts of an epoch's budget, bytewise by id.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/pool-components", tag = "pool",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current`"),
        PageQuery,
    ),
    responses((status = OK, body = Listing<ComponentRecord>))
)]
pub(crate) async fn list(
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Listing<ComponentRecord>>> {
    let epoch = EpochChoice::parse(&epoch)?.find(visit.store.as_ref()).await?;
    let list = format!("{} {} pool", visit.ledger.id, epoch.id);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let page = visit.store.get_pool_components_for_epoch(epoch.id, paging.request()?).await?;
    Ok(Json(paging.listing(&page, |part| ComponentRecord::of(part, visit.eyes()))?))
}

/// A part of an epoch's budget.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentBody {
    /// Which part, such as `base_issuance` or `top_up`; an epoch has one of each.
    component_id: String,
    amount_credits: String,
    /// The version of the rule that gave the amount; `manual-v1` where nothing is said.
    algorithm_version: Option<String>,
    /// What the rule was given.
    inputs: Option<Value>,
    /// Where the evidence is, such as the address of a vote.
    evidence_ref: Option<String>,
    /// When it was computed; now, where nothing is said.
    #[schema(format = "date-time")]
    computed_at: Option<String>,
}

impl ComponentBody {
    fn component(self, now: Timestamp) -> Answer<NewPoolComponent> {
        Ok(NewPoolComponent {
            component_id: self.component_id.parse()?,
            algorithm_version: self.algorithm_version.unwrap_or_else(|| "manual-v1".to_owned()),
            inputs: self.inputs.unwrap_or_else(|| json!({})),
            amount: self.amount_credits.parse()?,
            evidence_ref: self.evidence_ref,
            computed_at: self.computed_at.map_or(Ok(now), |text| text.parse())?,
        })
    }
}

/// Adds a part to an epoch's budget. It can never be changed or taken back. The same part again is
/// answered as it is stored.
#[utoipa::path(
    post, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/pool-components", tag = "pool",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = i64, Path, description = "The epoch's number"),
    ),
    request_body = ComponentBody, responses((status = CREATED, body = ComponentRecord))
)]
pub(crate) async fn add(
    State(app): State<App>,
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    body: Body,
) -> Answer<Response> {
    let asked: ComponentBody = body.json()?;
    let command = Write::InsertPoolComponent {
        epoch_id: EpochChoice::numbered(&epoch)?,
        component: asked.component(app.container.clock().now())?,
    };
    let record = |written: &Written| {
        let Written::PoolComponent(part) = written else {
            unreachable!("a pool component is written as one")
        };
        ComponentRecord::of(part, Eyes::Member)
    };
    write(&app, &visit, command, body.once(), StatusCode::CREATED, record).await
}
