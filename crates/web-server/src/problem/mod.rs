//! What goes wrong, as RFC 9457 says it: `application/problem+json` with a code of a closed list.

mod code;
mod render;

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use ledger_core::{AmountOverflow, InvalidValue};
use ledger_port::{EpochNotFoundPortError, LedgerPortError, VerifyError};
use serde_json::{Map, Value};

pub use code::Code;
pub(crate) use render::{PROBLEM_JSON, ProblemBody, render, set_headers};

/// Why a request is not answered as it was asked.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    /// What happened, for the caller. A 5xx says only what its code does.
    pub(crate) detail: Cow<'static, str>,
    /// More members of the answer, such as the faults of many items.
    pub(crate) more: Map<String, Value>,
    /// When to try again.
    pub(crate) retry_after: Option<Duration>,
    /// The methods that the path takes, where it was another.
    pub(crate) allow: Vec<&'static str>,
    /// What is for the log alone.
    pub(crate) cause: Option<String>,
}

/// What a handler answers.
pub(crate) type Answer<T> = Result<T, Problem>;

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        let (more, retry_after, allow, cause) = (Map::new(), None, Vec::new(), None);
        Self { code, detail, more, retry_after, allow, cause }
    }

    /// A request that cannot be read.
    pub(crate) fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::MalformedRequest, detail)
    }

    /// Something that is not there.
    pub(crate) fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, detail)
    }

    /// A fault of the program's own; the words are for the log.
    pub(crate) fn internal(cause: &dyn Error) -> Self {
        Self { cause: Some(chain(cause)), ..Self::new(Code::Internal, "") }
    }

    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.more.insert(member.to_owned(), value.into());
        self
    }

    pub(crate) fn allowing(mut self, methods: Vec<&'static str>) -> Self {
        self.allow = methods;
        self
    }

    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// An error and its causes.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The answer is written by the outermost layer, which knows the request's id and whether a page or
/// a program asked.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<LedgerPortError> for Problem {
    fn from(error: LedgerPortError) -> Self {
        let code = Code::of(&error);
        if code.status().is_server_error() {
            let wait = Duration::from_secs(1);
            let problem = Self { cause: Some(chain(&error)), ..Self::new(code, "") };
            return if code == Code::Unavailable { problem.retry_after(wait) } else { problem };
        }
        let problem = Self::new(code, error.to_string());
        match error {
            LedgerPortError::InvalidEvent { index, .. }
            | LedgerPortError::EventAfterEpoch { index, .. } => problem.with("index", index),
            _ => problem,
        }
    }
}

impl From<InvalidValue> for Problem {
    fn from(error: InvalidValue) -> Self {
        LedgerPortError::from(error).into()
    }
}

impl From<AmountOverflow> for Problem {
    fn from(error: AmountOverflow) -> Self {
        LedgerPortError::from(error).into()
    }
}

impl From<EpochNotFoundPortError> for Problem {
    fn from(error: EpochNotFoundPortError) -> Self {
        LedgerPortError::from(error).into()
    }
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Store(error) => error.into(),
            VerifyError::NotClosed { .. } | VerifyError::NoStatement { .. } => {
                Self::new(Code::NoStatement, error.to_string())
            }
        }
    }
}
