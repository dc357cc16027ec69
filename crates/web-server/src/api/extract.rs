//! What handlers take off a request, each with its problem where that fails.

use axum::body::{Bytes, HttpBody as _};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use ledger_core::{Epoch, EpochId, EpochStatus, IdempotencyKey, Sha256Hex};
use ledger_port::{ActivityLedgerStore, EpochNotFoundPortError, Once, PageRequest};
use serde::de::DeserializeOwned;

use crate::problem::{Answer, Code, Problem};
use crate::state::App;

/// The header of the IETF draft on idempotency keys.
pub(crate) static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The query, whose fields are all known.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|error: QueryRejection| {
            Problem::malformed(format!("the query cannot be read: {}", plain(&error.body_text())))
        })
    }
}

/// The path's parts.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(at)| Self(at)).map_err(|error: PathRejection| {
            Problem::malformed(format!("the path cannot be read: {}", plain(&error.body_text())))
        })
    }
}

/// Without the framework's own introduction.
fn plain(text: &str) -> &str {
    text.rsplit_once("string: ").map_or(text, |(_, reason)| reason)
}

/// A body within the limit, read whole, with what makes the request the same as another.
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) media_type: String,
    once: Option<Once>,
}

impl FromRequest<App> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Answer<Self> {
        let key = idempotency_key(request.headers())?;
        let media_type = media_type(request.headers());
        let target = format!("{} {} {media_type}\n", request.method(), request.uri());
        let bytes = read_body(request, app.settings.max_body_bytes).await?;
        let request_hash = Sha256Hex::of(&[target.as_bytes(), &bytes].concat());
        Ok(Self { bytes, media_type, once: key.map(|key| Once { key, request_hash }) })
    }
}

/// Reads a body to its end, if that comes within the limit.
pub(crate) async fn read_body(request: Request, max_bytes: usize) -> Answer<Bytes> {
    let too_large = || {
        let detail = format!("the body may have {max_bytes} bytes");
        Problem::new(Code::TooLarge, detail)
    };
    if says_more_than(&request, u64::try_from(max_bytes).unwrap_or(u64::MAX)) {
        return Err(too_large());
    }
    match Limited::new(request.into_body(), max_bytes).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(error) => Err(Problem::malformed(format!("the body broke off: {error}"))),
    }
}

/// Whether a body will be larger by its own words (`Content-Length`); then nobody waits for it.
pub(crate) fn says_more_than(request: &Request, max_bytes: u64) -> bool {
    request.body().size_hint().lower() > max_bytes
}

/// The type and subtype, without parameters; empty where nothing is said.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

pub(crate) fn idempotency_key(headers: &HeaderMap) -> Answer<Option<IdempotencyKey>> {
    let Some(header) = headers.get(&IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = header.to_str().unwrap_or("\u{fffd}");
    // The draft has it as a structured field's string, in quotes; most send it bare.
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let key = bare.parse().map_err(|error| Problem::malformed(format!("Idempotency-Key: {error}")));
    key.map(Some)
}

impl Body {
    /// Under which key the write is asked for.
    pub(crate) const fn once(&self) -> Option<&Once> {
        self.once.as_ref()
    }

    /// The body as JSON. No body at all is an empty object, where nothing needs to be said.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Answer<T> {
        if !self.bytes.is_empty() && self.media_type != "application/json" {
            let detail = "send the body as application/json";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        let bytes: &[u8] = if self.bytes.is_empty() { b"{}" } else { &self.bytes };
        serde_json::from_slice(bytes).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                Problem::new(Code::InvalidValue, format!("the body: {error}"))
            }
            _ => Problem::malformed(format!("the body is not JSON: {error}")),
        })
    }
}

/// An epoch by number, or `current`: the open one, else the newest in review, else the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EpochChoice {
    Numbered(EpochId),
    Current,
}

impl EpochChoice {
    pub(crate) fn parse(text: &str) -> Answer<Self> {
        if text == "current" {
            return Ok(Self::Current);
        }
        let number = text.parse().map(|number| Self::Numbered(EpochId(number)));
        number.map_err(|_| Problem::not_found("an epoch is named by its number, or `current`"))
    }

    /// The number, where a change must not go to an epoch that somebody did not look at.
    pub(crate) fn numbered(text: &str) -> Answer<EpochId> {
        match Self::parse(text)? {
            Self::Numbered(epoch_id) => Ok(epoch_id),
            Self::Current => {
                Err(Problem::not_found("name the epoch by its number to change something in it"))
            }
        }
    }

    pub(crate) async fn find(self, store: &dyn ActivityLedgerStore) -> Answer<Epoch> {
        match self {
            Self::Numbered(epoch_id) => {
                let found = store.get_epoch(epoch_id).await?;
                Ok(found.ok_or(EpochNotFoundPortError { epoch_id })?)
            }
            Self::Current => current_epoch(store).await?.ok_or_else(|| {
                Problem::not_found("there is no epoch yet; open one with `POST …/epochs`")
            }),
        }
    }
}

/// Few epochs are not closed, and they are among the newest.
pub(crate) async fn current_epoch(store: &dyn ActivityLedgerStore) -> Answer<Option<Epoch>> {
    if let Some(open) = store.get_open_epoch().await? {
        return Ok(Some(open));
    }
    let newest = store.list_epochs(PageRequest::first()).await?.items;
    let in_review = newest.iter().find(|epoch| epoch.status == EpochStatus::Review);
    Ok(in_review.or_else(|| newest.first()).cloned())
}
