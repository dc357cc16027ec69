//! The closed list of codes, and the one table from the port's refusals to them.

use axum::http::StatusCode;
use ledger_port::{LedgerPortError, StoreFault};

/// Declares the codes: the name in JSON, the status, the title.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal, $status:ident, $title:literal;)+) => {
        /// What went wrong. The list is closed: a program may match on all of it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $code,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The word in an answer's `code`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name),+ }
            }

            /// The HTTP status that it comes with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status),+ }
            }

            /// What the code says, the same each time.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title),+ }
            }
        }
    };
}

codes! {
    /// Path, query, headers or body cannot be read.
    MalformedRequest = "malformed_request", BAD_REQUEST, "The request cannot be read.";
    /// The cursor is of another list, or was changed.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "The cursor is not one of this list.";
    /// There is no token, or none that is valid.
    Unauthorized = "unauthorized", UNAUTHORIZED, "A valid access token is needed.";
    /// The token's scope or ledger does not allow it.
    Forbidden = "forbidden", FORBIDDEN, "The access token does not allow this.";
    /// A form was not sent from this site's own page.
    ForgedForm = "forged_form", FORBIDDEN, "The form did not come from a page of yours.";
    /// There is no such thing, or none that may be seen.
    NotFound = "not_found", NOT_FOUND, "There is no such thing.";
    /// The path exists, with other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The path has no such method.";
    /// No format that the client takes is to be had.
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "There is no such format.";
    /// The request took too long.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request took too long.";
    /// The body is larger than allowed.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is too large.";
    /// The body's media type is not one that the route takes.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "The body is of a type that is not taken here.";
    /// A value breaks a rule of its type.
    InvalidValue = "invalid_value", UNPROCESSABLE_ENTITY, "A value is not valid.";
    /// Events are not valid. `faults` lists them by index.
    InvalidEvents = "invalid_events", UNPROCESSABLE_ENTITY, "Events are not valid.";
    /// The key was used for another request.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY,
        "The idempotency key was used for another request.";
    /// Another epoch is open.
    EpochAlreadyOpen = "epoch_already_open", CONFLICT, "Another epoch is open.";
    /// There is no open epoch to collect into.
    NoOpenEpoch = "no_open_epoch", CONFLICT, "No epoch is open.";
    /// The window overlaps another epoch's.
    EpochWindowTaken = "epoch_window_taken", CONFLICT, "The window overlaps another epoch's.";
    /// The epoch is closed for writing.
    EpochClosed = "epoch_closed", CONFLICT, "The epoch is closed.";
    /// The epoch is not where it must be for this.
    EpochStatusMismatch = "epoch_status_mismatch", CONFLICT,
        "The epoch is not where it must be for this.";
    /// The epoch is from before there were events in this ledger, and was closed without allocations.
    EpochPredatesActivity = "epoch_predates_activity", CONFLICT,
        "The epoch is from before this ledger kept activity.";
    /// An event is from after its epoch's window.
    EventAfterEpoch = "event_after_epoch", CONFLICT, "An event belongs to a later epoch.";
    /// The pool is another than the one that was named.
    PoolTotalMismatch = "pool_total_mismatch", CONFLICT, "The pool is another one.";
    /// The epoch has no base issuance.
    PoolRequiresBase = "pool_requires_base", CONFLICT, "The epoch has no base issuance.";
    /// The epoch has that component with other contents.
    PoolComponentExists = "pool_component_exists", CONFLICT,
        "The epoch has that component already.";
    /// The event belongs to somebody else.
    IdentityAlreadyResolved = "identity_already_resolved", CONFLICT,
        "The event belongs to somebody else.";
    /// The platform user is bound to somebody else.
    IdentityAlreadyBound = "identity_already_bound", CONFLICT,
        "The platform user is bound to somebody else.";
    /// The proposals are not what the events come to.
    AllocationsStale = "allocations_stale", CONFLICT, "The proposals are out of date.";
    /// The allocations are not the ones that were looked at.
    AllocationSetChanged = "allocation_set_changed", CONFLICT, "The allocations changed.";
    /// The epoch has a statement already.
    StatementExists = "statement_exists", CONFLICT, "The epoch has a statement already.";
    /// The statement to supersede is not in force.
    SupersededStatementNotCurrent = "superseded_statement_not_current", CONFLICT,
        "The statement to supersede is not in force.";
    /// The epoch has no statement yet.
    NoStatement = "no_statement", CONFLICT, "The epoch has no statement.";
    /// A sum does not fit into 63 bits.
    AmountOverflow = "amount_overflow", CONFLICT, "A sum is too large.";
    /// Too many requests from one address.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "There were too many requests.";
    /// The program or the data is at fault; the log has the request's id.
    Internal = "internal", INTERNAL_SERVER_ERROR,
        "Something is wrong with the service. Its operator finds the request's id in the log.";
    /// The service is busy, or the database does not answer.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE,
        "The service cannot do this at the moment. Try again.";
}

impl Code {
    /// The code for a refusal of the store. Without a catch-all: a new refusal asks for its line.
    pub(crate) const fn of(error: &LedgerPortError) -> Self {
        use LedgerPortError as Error;
        match error {
            Error::EpochNotFound(_)
            | Error::AllocationNotFound(_)
            | Error::EventNotFound { .. }
            | Error::LedgerNotFound { .. }
            | Error::JobNotFound { .. }
            | Error::TokenNotFound { .. } => Self::NotFound,
            Error::InvalidValue(_) => Self::InvalidValue,
            Error::InvalidEvent { .. } => Self::InvalidEvents,
            Error::IdempotencyKeyReused { .. } => Self::IdempotencyKeyReused,
            Error::EpochAlreadyOpen { .. } => Self::EpochAlreadyOpen,
            Error::EpochWindowTaken { .. } => Self::EpochWindowTaken,
            Error::EpochClosed { .. } => Self::EpochClosed,
            Error::EpochStatusMismatch { .. } => Self::EpochStatusMismatch,
            Error::EpochPredatesActivity { .. } => Self::EpochPredatesActivity,
            Error::EventAfterEpoch { .. } => Self::EventAfterEpoch,
            Error::PoolTotalMismatch { .. } => Self::PoolTotalMismatch,
            Error::PoolRequiresBase { .. } => Self::PoolRequiresBase,
            Error::PoolComponentExists { .. } => Self::PoolComponentExists,
            Error::IdentityAlreadyResolved { .. } => Self::IdentityAlreadyResolved,
            Error::IdentityAlreadyBound { .. } => Self::IdentityAlreadyBound,
            Error::AllocationsStale { .. } => Self::AllocationsStale,
            Error::AllocationSetChanged { .. } => Self::AllocationSetChanged,
            Error::StatementExists { .. } => Self::StatementExists,
            Error::SupersededStatementNotCurrent { .. } => Self::SupersededStatementNotCurrent,
            Error::AmountOverflow(_) => Self::AmountOverflow,
            Error::Fault(
                StoreFault::Unreachable(_)
                | StoreFault::PoolExhausted
                | StoreFault::TimedOut(_)
                | StoreFault::OutOfResources(_)
                | StoreFault::ReadOnly(_)
                | StoreFault::Contention { .. },
            ) => Self::Unavailable,
            Error::RefusedByRule { .. }
            | Error::Fault(StoreFault::Corrupt { .. } | StoreFault::Other { .. }) => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::StatusCode;
    use ledger_core::{AmountOverflow, EpochId, InvalidValue};
    use ledger_port::{EpochNotFoundPortError, LedgerPortError, RefusalKind, StoreFault};

    use super::Code;

    /// What a caller can do about a refusal decides its status.
    const fn status_of(kind: RefusalKind) -> StatusCode {
        match kind {
            RefusalKind::NotFound => StatusCode::NOT_FOUND,
            RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            RefusalKind::Refused => StatusCode::CONFLICT,
            RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            RefusalKind::Defect => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    #[test]
    fn the_status_follows_from_the_kind() {
        let epoch_id = EpochId(1);
        let refusals: [LedgerPortError; 6] = [
            EpochNotFoundPortError { epoch_id }.into(),
            InvalidValue::new("user id", "", "it is empty").into(),
            LedgerPortError::EpochClosed { epoch_id },
            AmountOverflow { what: "all".to_owned() }.into(),
            StoreFault::PoolExhausted.into(),
            StoreFault::Other { transaction: "t", source: "s".into() }.into(),
        ];
        for refusal in refusals {
            assert_eq!(Code::of(&refusal).status(), status_of(refusal.kind()), "{refusal}");
        }
    }

    #[test]
    fn each_code_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
