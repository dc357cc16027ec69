//! Asks GitHub's REST API (version 2022-11-28), and understands its answers: pages by their `Link`
//! header (RFC 8288), entity tags, and when it wants to be left alone.

use std::fmt;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::facts::Instance;
use crate::SourceError;
use crate::text::shown;

/// How long a connection may take, and a whole answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(60);

/// The largest answer that is read. A hundred pull requests take less than three MiB.
const MAX_ANSWER_BYTES: usize = 32 * 1_024 * 1_024;

/// The most of what a server says that is shown.
const MAX_SAID_CHARS: usize = 200;

/// The longest entity tag that is kept.
const MAX_ETAG_BYTES: usize = 256;

/// What is asked for on one page; GitHub's most.
pub(super) const PAGE_ITEMS: usize = 100;

/// The most pages of one list: more than GitHub shows of any.
pub(super) const MAX_PAGES: usize = 1_000;

/// The most times that a request is sent on: a repository's former name is one.
const MAX_REDIRECTS: usize = 5;

/// A token. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as GitHub gives it out.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// One page of a list.
pub(super) struct Page {
    /// What stands on it, one by one: a single broken thing must not cost the others.
    pub(super) items: Vec<Value>,
    pub(super) has_next: bool,
    pub(super) etag: Option<String>,
}

/// What came of asking for a page, or for all of them.
pub(super) enum Answer<T> {
    Read(T),
    /// It is what it was when the entity tag was given.
    NotModified,
    /// The repository does not have such things (its issues are switched off).
    SwitchedOff,
}

/// A list that was read to its end, page by page.
pub(super) struct Whole {
    pub(super) pages: usize,
    /// The entity tag, where all of it stood on one page.
    pub(super) etag: Option<String>,
}

/// GitHub, or a server that speaks like it.
pub(super) struct Api {
    client: Client,
    base: Url,
    pub(super) instance: Instance,
    pub(super) token: Option<Token>,
}

impl Api {
    /// Makes ready to ask. Nothing is asked yet.
    ///
    /// # Errors
    /// When the address or the token cannot be used; neither is shown.
    pub(super) fn new(base: &str, token: Option<&Token>) -> Result<Self, SourceError> {
        use_ring();
        let refused = |problem: &str| SourceError::settings(super::NAME, problem);
        let mut base: Url = base
            .parse()
            .map_err(|_| refused("`api` must be an address such as https://api.github.com"))?;
        let is_plain =
            base.username().is_empty() && base.password().is_none() && base.query().is_none();
        let host = base.host_str().map(str::to_owned).filter(|_| is_plain);
        let (Some(host), "http" | "https") = (host, base.scheme()) else {
            return Err(refused(
                "`api` must be an address such as https://api.github.com, without a user or a query",
            ));
        };
        let is_loopback = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        if token.is_some() && base.scheme() == "http" && !is_loopback {
            return Err(refused("a token is only sent over https; write `api` with https://"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let instance =
            if host == "api.github.com" { Instance::Public } else { Instance::Other(host) };
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent(concat!("epoch-ledger/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers(token)?)
            .redirect(within(&base))
            .referer(false)
            .build()
            .map_err(|error| refused(&format!("no connection can be made: {error}")))?;
        Ok(Self { client, base, instance, token: token.cloned() })
    }

    /// One thing, for example `repos/acme/orchard`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, SourceError> {
        let response = self.send(path, &[], None).await?;
        if !response.status().is_success() {
            return Err(self.refusal(path, response).await);
        }
        self.parse(path, response).await
    }

    /// A page of a list; an entity tag asks only whether it has changed.
    pub(super) async fn list(
        &self,
        path: &str,
        query: &[(&str, String)],
        etag: Option<&str>,
    ) -> Result<Answer<Page>, SourceError> {
        let response = self.send(path, query, etag).await?;
        match response.status() {
            StatusCode::NOT_MODIFIED if etag.is_some() => return Ok(Answer::NotModified),
            StatusCode::GONE => return Ok(Answer::SwitchedOff),
            status if !status.is_success() => return Err(self.refusal(path, response).await),
            _ => {}
        }
        let has_next = has_next(response.headers());
        let etag = text(response.headers(), header::ETAG.as_str())
            .filter(|etag| etag.len() <= MAX_ETAG_BYTES)
            .map(str::to_owned);
        let items: Vec<Value> = self.parse(path, response).await?;
        if items.len() > PAGE_ITEMS || (items.is_empty() && has_next) {
            let problem = format!("a page has {} things, and more are said to follow", items.len());
            return Err(SourceError::Unreadable { place: self.place(path), problem });
        }
        Ok(Answer::Read(Page { items, has_next, etag }))
    }

    /// Hands out whatever stands on a list that goes on by the number of its pages.
    pub(super) async fn each(
        &self,
        path: &str,
        etag: Option<&str>,
        mut thing: impl FnMut(&Value) + Send,
    ) -> Result<Answer<Whole>, SourceError> {
        for number in 1..=MAX_PAGES {
            let query = [("per_page", PAGE_ITEMS.to_string()), ("page", number.to_string())];
            let page = match self.list(path, &query, etag.filter(|_| number == 1)).await? {
                Answer::Read(page) => page,
                Answer::NotModified => return Ok(Answer::NotModified),
                Answer::SwitchedOff => return Ok(Answer::SwitchedOff),
            };
            page.items.iter().for_each(&mut thing);
            if !page.has_next {
                let etag = page.etag.filter(|_| number == 1);
                return Ok(Answer::Read(Whole { pages: number, etag }));
            }
        }
        Err(self.endless(path))
    }

    /// What the path is, for people.
    pub(super) fn place(&self, path: &str) -> String {
        format!("{} {path}", self.instance.host())
    }

    async fn send(
        &self,
        path: &str,
        query: &[(&str, String)],
        etag: Option<&str>,
    ) -> Result<Response, SourceError> {
        let mut url = self.base.join(path).map_err(|error| self.unreadable(path, &error))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.get(url);
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        request.send().await.map_err(|error| self.unreadable(path, &error.without_url()))
    }

    async fn parse<T: DeserializeOwned>(
        &self,
        path: &str,
        response: Response,
    ) -> Result<T, SourceError> {
        let bytes = self.body(path, response, MAX_ANSWER_BYTES).await?;
        serde_json::from_slice(&bytes).map_err(|error| SourceError::Unreadable {
            place: self.place(path),
            problem: format!(
                "its answer is not what was expected: {}",
                self.said(&error.to_string())
            ),
        })
    }

    pub(super) async fn body(
        &self,
        path: &str,
        mut response: Response,
        most: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        let failed = |error: reqwest::Error| self.unreadable(path, &error.without_url());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > most {
                let problem = format!("its answer is longer than {most} bytes");
                return Err(SourceError::Unreadable { place: self.place(path), problem });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// What a server said, fit to be shown: on one line, short, and without the token.
    pub(super) fn said(&self, text: &str) -> String {
        let token =
            self.token.as_ref().map(|token| token.0.trim()).filter(|token| !token.is_empty());
        let text = token.map_or_else(|| text.to_owned(), |token| text.replace(token, "…"));
        shown(&text, MAX_SAID_CHARS)
    }

    /// The list goes on and on.
    pub(super) fn endless(&self, path: &str) -> SourceError {
        let problem = format!("it has more than {MAX_PAGES} pages");
        SourceError::Unreadable { place: self.place(path), problem }
    }

    fn unreadable(&self, path: &str, error: &dyn std::error::Error) -> SourceError {
        let mut problem = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            problem.push_str(&format!(": {error}"));
            cause = error.source();
        }
        SourceError::Unreadable { place: self.place(path), problem }
    }
}

/// TLS needs to be told whose arithmetic to use. Whoever embeds us may have said so before.
fn use_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody chose already, which is as good.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Follows GitHub to where a repository is now, and nobody to another host: the token would go with
/// the request, and the answer would be a stranger's.
fn within(base: &Url) -> Policy {
    let origin = base.origin();
    Policy::custom(move |attempt| {
        if attempt.url().origin() != origin {
            return attempt.error("it sends the request on to another host");
        }
        if attempt.previous().len() > MAX_REDIRECTS {
            return attempt.error("it sends the request on too often");
        }
        attempt.follow()
    })
}

fn headers(token: Option<&Token>) -> Result<HeaderMap, SourceError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    headers.insert("x-github-api-version", HeaderValue::from_static("2022-11-28"));
    if let Some(Token(token)) = token {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
        let mut value = value.map_err(|_| {
            let problem = "the token holds a character that no token has";
            SourceError::settings(super::NAME, problem)
        })?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(headers)
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn has_next(headers: &HeaderMap) -> bool {
    let links = headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    links.flat_map(|links| links.split(',')).any(|link| {
        link.split(';')
            .skip(1)
            .any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"))
    })
}
