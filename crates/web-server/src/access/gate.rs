//! Lets a request through to its route, or does not.

use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use ledger_core::{BearerToken, LedgerId, LedgerName, Scope};
use ledger_port::{ActivityLedgerStore, Clock, Ledger};
use subtle::ConstantTimeEq as _;

use super::credential::Credential;
use super::table::{Access, access_of, methods_of};
use super::visit::{Caller, Visit};
use crate::problem::{Answer, Code, Problem};
use crate::state::App;

/// Asks the table what the route needs, and the ledger whether the caller has it.
pub(crate) async fn gate(
    State(app): State<App>,
    path: MatchedPath,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Answer<Response> {
    let Some(access) = access_of(request.method().as_str(), path.as_str()) else {
        return Err(not_in_the_table(path.as_str()));
    };
    if let Access::Needs(scope) = access {
        let not_text = |_| Problem::malformed("the path is not UTF-8");
        let params = params.map_err(not_text)?;
        let named = params.iter().find(|(name, _)| *name == "ledger").map(|(_, value)| value);
        // A browser sends its cookie wherever another site makes it send a form; the pages' forms carry
        // proof of where they come from, requests of programs do not.
        let is_write = !request.method().is_safe();
        let takes_cookies = !(is_write && path.as_str().starts_with("/api/"));
        let credential =
            Credential::of(request.headers())?.filter(|one| takes_cookies || !one.is_cookie);
        let visit = admit(&app, named.unwrap_or_default(), credential, scope).await?;
        request.extensions_mut().insert(visit);
    }
    Ok(next.run(request).await)
}

/// Another method of a path that is there; else the table lacks a line.
fn not_in_the_table(path: &str) -> Problem {
    let methods = methods_of(path);
    if methods.is_empty() {
        return Problem::internal(&std::io::Error::other(format!("{path} is not in the table")));
    }
    let detail = format!("this path takes {}", methods.join(", "));
    Problem::new(Code::MethodNotAllowed, detail).allowing(methods)
}

/// Lets a caller into a ledger. A private ledger is not told from one that does not exist, unless one
/// holds a token of it.
async fn admit(
    app: &App,
    named: &str,
    credential: Option<Credential>,
    needed: Scope,
) -> Answer<Visit> {
    let found = match named.parse::<LedgerName>() {
        Ok(name) => app.container.ledger_registry().get_ledger(&name).await?,
        Err(_) => None,
    };
    let seal = app.seal.clone();
    let is_public = |ledger: &Ledger| ledger.visibility == ledger_core::Visibility::Public;
    let hidden = || Problem::not_found("there is no such ledger, or its token is another one");
    let Some(credential) = credential else {
        return match found {
            Some(ledger) if is_public(&ledger) && needed == Scope::Read => {
                let store = app.container.store_of(&ledger);
                Ok(Visit { ledger, store, caller: None, seal })
            }
            _ => Err(Problem::new(
                Code::Unauthorized,
                "send a token of this ledger as `Authorization: Bearer …`; its operator makes one \
                 with `epoch-ledger token create`",
            )),
        };
    };
    let Some(ledger) = found else {
        // A ledger's id follows from its name: a made-up token of a missing ledger is answered as one
        // of a ledger that is there.
        let is_its_token =
            named.parse().is_ok_and(|name| credential.token.ledger_id() == LedgerId::of(&name));
        return Err(if is_its_token { unknown_token() } else { hidden() });
    };
    let store = app.container.store_of(&ledger);
    if credential.token.ledger_id() != ledger.id {
        return match (is_public(&ledger), needed) {
            (true, Scope::Read) => Ok(Visit { ledger, store, caller: None, seal }),
            (true, _) => Err(Problem::new(Code::Forbidden, "the token is one of another ledger")),
            (false, _) => Err(hidden()),
        };
    }
    let scope = open_token(ledger.id, &store, app.container.clock(), &credential.token).await?;
    if !scope.allows(needed) {
        let detail = format!("this needs the scope {needed}; the token's is {scope}");
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(Visit { ledger, store, caller: Some(Caller { token: credential.token, scope }), seal })
}

/// What a token lets its holder do, where it is one of the ledger and still valid. The hashes of the
/// secrets are compared in constant time.
pub(crate) async fn open_token(
    ledger_id: LedgerId,
    store: &Arc<dyn ActivityLedgerStore>,
    clock: &dyn Clock,
    token: &BearerToken,
) -> Answer<Scope> {
    if token.ledger_id() != ledger_id {
        return Err(unknown_token());
    }
    let stored = store.get_access_token(token.token_id()).await?.ok_or_else(unknown_token)?;
    let (given, kept) = (token.secret_hash(), &stored.token.secret_hash);
    let is_same: bool = given.as_str().as_bytes().ct_eq(kept.as_str().as_bytes()).into();
    if !is_same || !stored.is_valid_at(clock.now()) {
        return Err(unknown_token());
    }
    Ok(stored.token.scope)
}

/// It does not say which, so that nobody learns what there is.
pub(crate) fn unknown_token() -> Problem {
    Problem::new(Code::Unauthorized, "the token is not known, was taken back, or has ended")
}
