//! A request that was let in: to which ledger, by whom, and what they may see.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use ledger_core::{BearerToken, Scope, UserId, public_user_id};
use ledger_port::{ActivityLedgerStore, Ledger};

use crate::api::CursorSeal;

/// Whoever holds a valid token of the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) token: BearerToken,
    pub(crate) scope: Scope,
}

/// How much may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eyes {
    /// Everybody's: display names, and no addresses and no platforms' ids.
    Public,
    /// A token holder's: everything.
    Member,
}

impl Eyes {
    /// The user's id, where it may be seen.
    pub(crate) fn user_id(self, user_id: &UserId) -> Option<&UserId> {
        match self {
            Self::Public => public_user_id(user_id),
            Self::Member => Some(user_id),
        }
    }
}

/// A ledger that the caller may use in the way that the route needs.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) ledger: Ledger,
    pub(crate) store: Arc<dyn ActivityLedgerStore>,
    pub(crate) caller: Option<Caller>,
    /// Seals the cursors of its lists.
    pub(crate) seal: CursorSeal,
}

impl Visit {
    pub(crate) const fn eyes(&self) -> Eyes {
        match self.caller {
            Some(_) => Eyes::Member,
            None => Eyes::Public,
        }
    }
}

/// The gate puts it there; a route without a ledger has none, and asks for none.
impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let visit = parts.extensions.get::<Self>().cloned();
        Ok(visit.expect("the gate lets nobody through to a ledger's route without a visit"))
    }
}
