//! The forms that do one write each.

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Redirect, Response};
use ledger_core::NewPoolComponent;
use ledger_port::{BindingKey, IdentityBinding, Write};
use serde_json::json;

use super::view::{Desk, Entered};
use crate::pages::{BindForm, Message, PoolForm, address};
use crate::problem::{Answer, Code, Problem};
use crate::site::form::Form;
use crate::state::App;

/// Does a write of a form, and forgets what the pages remember of the ledger.
pub(super) async fn write(app: &App, form: &Form, write: Write) -> Answer<()> {
    let done = form.visit.store.write(&write, None, &|_| String::new()).await;
    app.overviews.forget(form.visit.ledger.id);
    Ok(done.map(|_| ())?)
}

/// The desk again, saying what was done.
pub(super) fn back(form: &Form, done: &str, fragment: &str) -> Response {
    to_page_of(form, "review", done, fragment)
}

/// A page of the form's epoch, saying what was done.
pub(super) fn to_page_of(form: &Form, page: &str, done: &str, fragment: &str) -> Response {
    let base = address::epoch(form.visit.ledger.name.as_str(), form.epoch.id.0);
    let to = format!("{base}/{page}{}{fragment}", address::query(&[("done", done)]));
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
pub(crate) async fn bind(State(app): State<App>, uri: Uri, form: Form) -> Answer<Response> {
    let Err(problem) = try_bind(&app, &form).await else {
        return Ok(back(&form, "bound", "#resolve"));
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
    Desk::of(&app, &form).show_refused(entered, &uri).await
}

async fn try_bind(app: &App, form: &Form) -> Answer<()> {
    let binding = IdentityBinding {
        key: BindingKey {
            source: form.text("source").parse()?,
            platform_user_id: form.text("platform_user_id").parse()?,
        },
        user_id: form.text("user").parse()?,
    };
    write(app, form, Write::BindIdentities(vec![binding])).await
}

/// `POST …/review/propose`.
pub(crate) async fn propose(State(app): State<App>, uri: Uri, form: Form) -> Answer<Response> {
    let command = Write::ProposeAllocations(form.epoch.id);
    simple(&app, &uri, &form, command, ("proposed", "#propose")).await
}

/// `POST …/review/begin`.
pub(crate) async fn begin(State(app): State<App>, uri: Uri, form: Form) -> Answer<Response> {
    let command = Write::BeginReview(form.epoch.id);
    simple(&app, &uri, &form, command, ("begun", "#begin")).await
}

/// A button without fields.
async fn simple(
    app: &App,
    uri: &Uri,
    form: &Form,
    command: Write,
    (done, fragment): (&str, &str),
) -> Answer<Response> {
    let Err(problem) = write(app, form, command).await else {
        return Ok(back(form, done, fragment));
    };
    let message = told("Nothing was changed", &refusal(problem)?);
    let entered = Entered { message, ..Entered::default() };
    Desk::of(app, form).show_refused(entered, uri).await
}

/// `POST …/review/pool`.
pub(crate) async fn add_to_pool(State(app): State<App>, uri: Uri, form: Form) -> Answer<Response> {
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
            let command = Write::InsertPoolComponent { epoch_id: form.epoch.id, component };
            match write(&app, &form, command).await {
                Ok(()) => return Ok(back(&form, "added", "#pool")),
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
    Desk::of(&app, &form).show_refused(entered, &uri).await
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
