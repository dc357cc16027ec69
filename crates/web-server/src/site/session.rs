//! Signing in with a token, and out.

use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use ledger_core::BearerToken;
use ledger_port::Ledger;
use serde::Deserialize;

use super::form::fields_of;
use super::frame::{frame_of, html};
use crate::access::{CSRF_FIELD, Credential, SESSION_COOKIE, is_form_of, open_token};
use crate::api::{Asked, ledger_of};
use crate::pages::{Message, Nav, SignInPage, address};
use crate::problem::{Answer, Code, Problem};
use crate::state::App;

/// How long a browser keeps the cookie, in seconds: a working week. The token may end earlier.
const MAX_AGE: u32 = 7 * 24 * 60 * 60;

#[derive(Debug, Deserialize)]
pub(super) struct SignInQuery {
    #[serde(default)]
    next: String,
}

/// A path of this site; anything else leads to the front page.
fn local(next: &str) -> &str {
    // A browser takes `//host` and `/\host` for another site.
    let is_local = next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && !next.chars().any(char::is_control);
    if is_local { next } else { "" }
}

/// `GET /sign-in`.
pub(super) async fn form(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(query): Asked<SignInQuery>,
) -> Answer<Response> {
    let page = SignInPage {
        layout: frame_of(&app, &headers, "Sign in", Nav::Elsewhere, "/").await?,
        message: None,
        next: local(&query.next).to_owned(),
    };
    html(&page)
}

/// `POST /sign-in`: puts the token into a cookie that no script can read and no other site can send.
pub(super) async fn sign_in(State(app): State<App>, request: Request) -> Answer<Response> {
    let headers = request.headers().clone();
    refuse_other_sites(&headers)?;
    let fields = fields_of(request).await?;
    let field = |name: &str| fields.get(name).map_or("", |text| text.trim());
    let next = local(field("next"));
    match opened(&app, field("token")).await {
        Ok((token, ledger)) => {
            let to =
                if next.is_empty() { address::ledger(ledger.name.as_str()) } else { next.into() };
            Ok(with_cookie(&app, Redirect::to(&to).into_response(), &token.reveal(), MAX_AGE))
        }
        Err(problem) if problem.code == Code::Unauthorized => {
            let page = SignInPage {
                layout: frame_of(&app, &headers, "Sign in", Nav::Elsewhere, "/").await?,
                message: Some(Message::error(
                    "That token opens nothing",
                    Some(problem.detail.into_owned()),
                )),
                next: next.to_owned(),
            };
            Ok((StatusCode::UNAUTHORIZED, html(&page)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// The ledger that a token opens.
async fn opened(app: &App, text: &str) -> Answer<(BearerToken, Ledger)> {
    let malformed =
        |error: ledger_core::MalformedToken| Problem::new(Code::Unauthorized, error.to_string());
    let token: BearerToken = text.parse().map_err(malformed)?;
    let unknown = || Problem::new(Code::Unauthorized, "no ledger here knows it");
    let ledger = ledger_of(app, token.ledger_id()).await?.ok_or_else(unknown)?;
    let store = app.container.store_of(&ledger);
    open_token(ledger.id, &store, app.container.clock(), &token).await?;
    Ok((token, ledger))
}

/// There is no session yet that a form could prove to be of; a browser says which site sends it.
fn refuse_other_sites(headers: &HeaderMap) -> Answer<()> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(Problem::new(Code::ForgedForm, "sign in on this site's own page")),
    }
}

/// `POST /sign-out`.
pub(super) async fn sign_out(State(app): State<App>, request: Request) -> Answer<Response> {
    let credential = Credential::of(request.headers())?;
    let fields = fields_of(request).await?;
    let sent = fields.get(CSRF_FIELD).map_or("", String::as_str);
    if credential.is_some_and(|one| !is_form_of(&one.token, sent)) {
        return Err(Problem::new(Code::ForgedForm, "open the page again and send its form"));
    }
    Ok(with_cookie(&app, Redirect::to("/").into_response(), "", 0))
}

fn with_cookie(app: &App, mut response: Response, value: &str, max_age: u32) -> Response {
    let secure = if app.settings.behind_proxy { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}"
    );
    let cookie = HeaderValue::from_str(&cookie).expect("hexadecimal digits are a header's value");
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_paths_of_this_site_are_gone_to() {
        for fine in ["/", "/l/default?page=2", "/l/a%2F%2Fb"] {
            assert_eq!(local(fine), fine);
        }
        for other in ["", "//example.org", "/\\example.org", "https://example.org", "x", "/a\nb"] {
            assert_eq!(local(other), "", "{other:?}");
        }
    }
}
