//! Forms that change something.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use ledger_core::Epoch;

use crate::access::{CSRF_FIELD, Visit, is_form_of};
use crate::api::{At, EpochChoice, read_body};
use crate::problem::{Answer, Code, Problem};
use crate::state::App;

/// The largest form, in bytes. The longest field is a reason.
const MAX_FORM_BYTES: usize = 65_536;

/// A form of a signed-in visitor about an epoch, sent from a page of the same session.
pub(super) struct Form {
    pub(super) visit: Visit,
    pub(super) epoch: Epoch,
    fields: BTreeMap<String, String>,
}

/// Reads a form's fields (`application/x-www-form-urlencoded`); of a name twice, the last.
pub(super) async fn fields_of(request: Request) -> Answer<BTreeMap<String, String>> {
    let bytes = read_body(request, MAX_FORM_BYTES).await?;
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes)
        .map_err(|error| Problem::malformed(format!("the form cannot be read: {error}")))?;
    Ok(pairs.into_iter().collect())
}

impl FromRequest<App> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Answer<Self> {
        let (mut parts, body) = request.into_parts();
        let Ok(visit) = Visit::from_request_parts(&mut parts, app).await;
        let At((_, epoch)) = At::<(String, String)>::from_request_parts(&mut parts, app).await?;
        let fields = fields_of(Request::from_parts(parts, body)).await?;
        let sent = fields.get(CSRF_FIELD).map_or("", String::as_str);
        if !visit.caller.as_ref().is_some_and(|caller| is_form_of(&caller.token, sent)) {
            let detail = "open the page again and send its form; nothing was changed";
            return Err(Problem::new(Code::ForgedForm, detail));
        }
        let epoch = EpochChoice::Numbered(EpochChoice::numbered(&epoch)?);
        let epoch = epoch.find(visit.store.as_ref()).await?;
        Ok(Self { visit, epoch, fields })
    }
}

impl Form {
    /// What was entered; empty where nothing was.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |text| text.trim())
    }

    /// What was entered, where something was.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }
}
