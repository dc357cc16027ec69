//! The one table of routes and what each needs.

use ledger_core::Scope;

/// What it takes to use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// A token of the ledger with that scope. Where it is [`Scope::Read`] and the ledger is public,
    /// nothing; then the answer holds no addresses and no platforms' ids.
    Needs(Scope),
}

/// A route and what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The method. `HEAD` goes where `GET` goes.
    pub method: &'static str,
    /// The path, as the router knows it.
    pub path: &'static str,
    /// What it needs.
    pub access: Access,
}

const fn route(method: &'static str, path: &'static str, access: Access) -> Route {
    Route { method, path, access }
}

const READ: Access = Access::Needs(Scope::Read);
const COLLECT: Access = Access::Needs(Scope::Collect);
const REVIEW: Access = Access::Needs(Scope::Review);
const ADMIN: Access = Access::Needs(Scope::Admin);

macro_rules! ledger {
    ($rest:literal) => {
        concat!("/api/v1/ledgers/{ledger}", $rest)
    };
}

macro_rules! epoch {
    ($rest:literal) => {
        concat!("/api/v1/ledgers/{ledger}/epochs/{epoch}", $rest)
    };
}

macro_rules! page {
    ($rest:literal) => {
        concat!("/l/{ledger}/epochs/{epoch}", $rest)
    };
}

/// Every route. A request for one that is not here is not answered.
pub const ROUTES: &[Route] = &[
    route("GET", "/healthz", Access::Open),
    route("GET", "/readyz", Access::Open),
    route("GET", "/metrics", Access::Open),
    route("GET", "/problems", Access::Open),
    route("GET", "/docs", Access::Open),
    route("GET", "/api/v1/openapi.json", Access::Open),
    // Shows the public ledgers, and a token its own.
    route("GET", "/api/v1/ledgers", Access::Open),
    route("GET", ledger!(""), READ),
    route("GET", ledger!("/epochs"), READ),
    route("POST", ledger!("/epochs"), ADMIN),
    route("GET", epoch!(""), READ),
    route("POST", epoch!("/review"), REVIEW),
    route("POST", epoch!("/finalize"), ADMIN),
    route("GET", epoch!("/activity"), READ),
    route("POST", epoch!("/activity"), COLLECT),
    route("GET", epoch!("/unresolved"), READ),
    route("GET", ledger!("/identities"), READ),
    route("POST", ledger!("/identities"), REVIEW),
    route("GET", epoch!("/allocations"), READ),
    route("PATCH", epoch!("/allocations/{user}"), REVIEW),
    route("POST", epoch!("/allocations/propose"), REVIEW),
    route("GET", epoch!("/pool-components"), READ),
    route("POST", epoch!("/pool-components"), ADMIN),
    route("GET", epoch!("/statement"), READ),
    route("GET", epoch!("/verify"), READ),
    route("GET", ledger!("/users/{user}"), READ),
    route("GET", epoch!("/users/{user}/explain"), READ),
    route("GET", ledger!("/holdings"), READ),
    // The pages.
    route("GET", "/", Access::Open),
    route("GET", "/assets/{file}", Access::Open),
    route("GET", "/sign-in", Access::Open),
    route("POST", "/sign-in", Access::Open),
    route("POST", "/sign-out", Access::Open),
    route("GET", "/l/{ledger}", READ),
    route("GET", "/l/{ledger}/epochs", READ),
    route("GET", page!(""), READ),
    route("GET", page!("/activity"), READ),
    route("GET", page!("/statement"), READ),
    route("GET", page!("/users/{user}"), READ),
    route("GET", "/l/{ledger}/users/{user}", READ),
    route("GET", "/l/{ledger}/holdings", READ),
    route("GET", page!("/review"), REVIEW),
    route("POST", page!("/review/bind"), REVIEW),
    route("POST", page!("/review/propose"), REVIEW),
    route("POST", page!("/review/override"), REVIEW),
    route("POST", page!("/review/begin"), REVIEW),
    route("POST", page!("/review/pool"), ADMIN),
    route("POST", page!("/review/finalize"), ADMIN),
    // Signed by GitHub with the hook's secret, which is checked before anything is parsed.
    route("POST", "/api/v1/webhooks/github/{ledger}", Access::Open),
];

/// The methods of a path, for the header `Allow`.
pub(crate) fn methods_of(path: &str) -> Vec<&'static str> {
    ROUTES.iter().filter(|one| one.path == path).map(|one| one.method).collect()
}

/// What a route needs; `None` where it is not in the table.
pub(crate) fn access_of(method: &str, path: &str) -> Option<Access> {
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|one| one.method == method && one.path == path).map(|one| one.access)
}
