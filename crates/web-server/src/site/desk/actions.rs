//! The forms that do one write each.

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Redirect, Response};
use ledger_core::{Epoch, NewPoolComponent};
use ledger_port::{BindingKey, IdentityBinding, Write};
use serde_json::json;

use super::view::{Desk, Entered};
use crate::access::Visit;
use crate::api::{At, EpochChoice};
use crate::pages::{BindForm, Message, PoolForm, address};
use crate::problem::{Answer, Code, Problem};
use crate::site::form::Form;
use crate::state::App;

/// The epoch that a form is about.
pub(super) async fn epoch_of(visit: &Visit, text: &str) -> Answer<Epoch> {
    EpochChoice::Numbered(EpochChoice::numbered(text)?).find(visit.store.as_ref()).await
}

/// Does a write of a form, and forgets what the pages remember of the ledger.
pub(super) async fn write(app: &App, visit: &Visit, write: Write) -> Answer<()> {
    let done = visit.store.write(&write, None, &|_| String::new()).await;
    app.overviews.forget(visit.ledger.id);
    Ok(done.map(|_| ())?)
}

/// The desk again, saying what was done.
pub(super) fn back(visit: &Visit, epoch: &Epoch, done: &str, fragment: &str) -> Response {
    let base = address::epoch(visit.ledger.name.as_str(), epoch.id.0);
    let to = format!("{base}/review{}{fragment}", address::query(&[("done", done)]));
    Redirect::to(&to).into_response()
}

/// What was refused by the ledger's rules goes back to the form; what failed does not.
pub(super) fn refusal(problem: Problem) -> Answer<Problem> {
    let status = problem.code.status();
    let is_refusal = status.is_client_error() && problem.code != Code::NotFound;
    if is_refusal { Ok(problem) } else { Err(problem) }
}

pub(super) fn told(title: &str, problem: &Problem) -> Option<Message> {
    Some(Message::error(title, Some(problem.detail.clone().into_owned())))
}

/// `POST …/review/bind`.
pub(crate) async fn bind(
    State(app): State<App>,
    at: At<(String, String)>,
    uri: Uri,
    form: Form,
) -> Answer<Response> {
    let visit = &form.visit;
    let epoch = epoch_of(visit, &at.0.1).await?;
    let Err(problem) = try_bind(&app, &form).await else {
        return Ok(back(visit, &epoch, "bound", "#resolve"));
    };
    let problem = refusal(problem)?;
    let text = |name| form.text(name).to_owned();
    let entered = Entered {
        message: told("The platform user was not bound", &problem),
        bind: Some(BindForm {
            source: text("source"),
            platform_user_id: text("platform_user_id"),
            user: text("user"),
            error: problem.detail.into_owned(),
        }),
        ..Entered::default()
    };
    Desk { app: &app, visit, epoch: &epoch }.show_refused(entered, &uri).await
}

async fn try_bind(app: &App, form: &Form) -> Answer<()> {
    let binding = IdentityBinding {
        key: BindingKey {
            source: form.text("source").parse()?,
            platform_user_id: form.text("platform_user_id").parse()?,
        },
        user_id: form.text("user").parse()?,
    };
    write(app, &form.visit, Write::BindIdentities(vec![binding])).await
}

/// `POST …/review/propose`.
pub(crate) async fn propose(
    State(app): State<App>,
    at: At<(String, String)>,
    uri: Uri,
    form: Form,
) -> Answer<Response> {
    simple(&app, &at.0.1, &uri, &form, "proposed", "#propose").await
}

/// `POST …/review/begin`.
pub(crate) async fn begin(
    State(app): State<App>,
    at: At<(String, String)>,
    uri: Uri,
    form: Form,
) -> Answer<Response> {
    simple(&app, &at.0.1, &uri, &form, "begun", "#begin").await
}

/// A button without fields.
async fn simple(
    app: &App,
    epoch: &str,
    uri: &Uri,
    form: &Form,
    done: &str,
    fragment: &str,
) -> Answer<Response> {
    let visit = &form.visit;
    let epoch = epoch_of(visit, epoch).await?;
    let command = match done {
        "proposed" => Write::ProposeAllocations(epoch.id),
        _ => Write::BeginReview(epoch.id),
    };
    let Err(problem) = write(app, visit, command).await else {
        return Ok(back(visit, &epoch, done, fragment));
    };
    let message = told("Nothing was changed", &refusal(problem)?);
    let entered = Entered { message, ..Entered::default() };
    Desk { app, visit, epoch: &epoch }.show_refused(entered, uri).await
}

/// `POST …/review/pool`.
pub(crate) async fn add_to_pool(
    State(app): State<App>,
    at: At<(String, String)>,
    uri: Uri,
    form: Form,
) -> Answer<Response> {
    let visit = &form.visit;
    let epoch = epoch_of(visit, &at.0.1).await?;
    let text = |name| form.text(name).to_owned();
    let mut entered = PoolForm {
        component_id: text("component_id"),
        amount_credits: text("amount_credits"),
        algorithm_version: text("algorithm_version"),
        evidence_ref: text("evidence_ref"),
        ..PoolForm::default()
    };
    let component = component_of(&app, &form, &mut entered);
    let problem = match component {
        Ok(component) => {
            let command = Write::InsertPoolComponent { epoch_id: epoch.id, component };
            match write(&app, visit, command).await {
                Ok(()) => return Ok(back(visit, &epoch, "added", "#pool")),
                Err(problem) => refusal(problem)?,
            }
        }
        Err(problem) => refusal(problem)?,
    };
    let entered = Entered {
        message: told("Nothing was added to the pool", &problem),
        pool: Some(entered),
        ..Entered::default()
    };
    Desk { app: &app, visit, epoch: &epoch }.show_refused(entered, &uri).await
}

/// What was entered, as a part; a fault is told at its field.
fn component_of(app: &App, form: &Form, entered: &mut PoolForm) -> Answer<NewPoolComponent> {
    let component_id =
        form.text("component_id").parse().inspect_err(|error: &ledger_core::InvalidValue| {
            entered.component_error = Some(error.to_string());
        });
    let amount =
        form.text("amount_credits").parse().inspect_err(|error: &ledger_core::InvalidValue| {
            entered.amount_error = Some(error.to_string());
        });
    Ok(NewPoolComponent {
        component_id: component_id?,
        amount: amount?,
        algorithm_version: form.given("algorithm_version").unwrap_or("manual-v1").to_owned(),
        inputs: json!({}),
        evidence_ref: form.given("evidence_ref").map(str::to_owned),
        computed_at: app.container.clock().now(),
    })
}
