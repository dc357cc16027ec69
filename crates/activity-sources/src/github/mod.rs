//! Activity on GitHub, polled: merged pull requests, reviews, closed issues, comments on both, and
//! releases, of some repositories or of a whole organization.
//!
//! Repositories and people are known by their numbers, which no rename changes. Each repository has
//! three streams. Two are lists in the order of changes, oldest first, so that whoever stops on the
//! way loses nothing: it goes on by the time of the last change (see `walk`). The third are the
//! releases, which GitHub lists as a whole only.
//!
//! What is fetched, and what a webhook delivers, comes to events in `facts` alone.

mod api;
mod archive;
mod cursor;
mod facts;
mod items;
mod listing;
mod objects;
mod reader;
mod refusal;
mod settings;
mod told;
mod walk;
mod webhook;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use ledger_core::{CursorKey, SourceName};
use serde::Deserialize;

pub(crate) use self::archive::{ArchivedLine, ArchivedRepository, read_line};
pub(crate) use self::facts::{Fact, Outcome, Place};

pub use self::api::Token;
pub use self::settings::GithubOptions;
pub use self::webhook::{
    Delivery, DeliveryError, MAX_DELIVERY_BYTES, Received, WEBHOOK_EVENTS, WebhookReader,
};

use self::api::Api;
use self::cursor::GithubCursor;
use self::listing::{Listing, Stream};
use self::objects::Repository;
use self::reader::{Context, ListReader};
use self::settings::check_names;
use self::walk::Walk;
use crate::bots::Bots;
use crate::cursor::Terms;
use crate::{
    ActivitySource, CollectWindow, MAX_PAGE_EVENTS, Notice, NoticeKind, SourceError, SourceKind,
    SourceStream, StreamList, StreamReader,
};

/// What the source is called, and the `source` of its events.
pub(crate) const NAME: &str = "github";

/// Where GitHub's API is.
const PUBLIC_API: &str = "https://api.github.com";

/// The GitHub source, as the registry has it.
pub const KIND: SourceKind = SourceKind {
    name: NAME,
    about: "Pull requests, reviews, issues, comments and releases on GitHub",
    events_of: Some(NAME),
    takes_bots: true,
    open: |settings| {
        let options = GithubOptions::of_settings(settings)?;
        Ok(Arc::new(GithubSource::open(options)?))
    },
};

/// Some repositories on GitHub.
pub struct GithubSource {
    name: SourceName,
    api: Arc<Api>,
    repositories: Vec<String>,
    organization: Option<String>,
    bots: Arc<Bots>,
    page_events: usize,
}

impl fmt::Debug for GithubSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GithubSource")
            .field("repositories", &self.repositories)
            .field("organization", &self.organization)
            .finish_non_exhaustive()
    }
}

impl GithubSource {
    /// Takes what is to be read. Nothing is asked yet.
    ///
    /// # Errors
    /// When an option cannot be used, or there is nothing to read.
    pub fn open(options: GithubOptions) -> Result<Self, SourceError> {
        let GithubOptions { repositories, organization, api, token, bots } = options;
        check_names(&repositories, organization.as_deref())?;
        let bots = Arc::new(Bots::new(NAME, &bots)?);
        let api = Arc::new(Api::new(api.as_deref().unwrap_or(PUBLIC_API), token.as_ref())?);
        let name = SourceName::new(NAME).expect("the name is a slug");
        let page_events = MAX_PAGE_EVENTS;
        Ok(Self { name, api, repositories, organization, bots, page_events })
    }

    /// Makes pages smaller, for tests.
    #[must_use]
    pub fn with_page_events(mut self, page_events: usize) -> Self {
        self.page_events = page_events.clamp(1, MAX_PAGE_EVENTS);
        self
    }

    /// The numbers of all repositories, each once; and what keeps a repository from being found.
    async fn repository_ids(&self) -> Result<(BTreeSet<u64>, Vec<SourceError>), SourceError> {
        let (mut ids, mut faults) = (BTreeSet::new(), Vec::new());
        for repository in &self.repositories {
            match self.api.get(&format!("repos/{repository}")).await {
                Ok(Repository { id }) => {
                    ids.insert(id);
                }
                Err(error) if error.is_of_one_stream() => faults.push(error),
                Err(error) => return Err(error),
            }
        }
        let Some(organization) = &self.organization else { return Ok((ids, faults)) };
        let path = format!("orgs/{organization}/repos");
        let mut found = Vec::new();
        let take = |value: &_| found.push(Repository::deserialize(value));
        match self.api.each(&path, None, take).await {
            Ok(_) => {}
            Err(error) if error.is_of_one_stream() => faults.push(error),
            Err(error) => return Err(error),
        }
        for repository in found {
            let Repository { id } = repository.map_err(|error| SourceError::Unreadable {
                place: self.api.place(&path),
                problem: format!("a repository on it is not what was expected: {error}"),
            })?;
            ids.insert(id);
        }
        Ok((ids, faults))
    }

    fn key(&self, stream: Stream, repository_id: u64) -> CursorKey {
        let scope = format!("{}/repositories/{repository_id}", self.api.instance.host());
        CursorKey::new(self.name.clone(), stream.name(), scope)
            .expect("a host and a number are short and printable")
    }

    /// Which list of which repository a key means.
    fn stream_of(&self, key: &CursorKey) -> Option<(Stream, u64)> {
        let (_, id) = key.scope().rsplit_once('/')?;
        let id = id.parse().ok()?;
        let stream = Stream::ALL.into_iter().find(|stream| self.key(*stream, id) == *key)?;
        Some((stream, id))
    }

    /// The cursor to go on from, and what to say where the list is read from its beginning.
    fn go_on(
        &self,
        key: &CursorKey,
        cursor: Option<&str>,
        window: CollectWindow,
    ) -> Result<(GithubCursor, Option<Notice>), SourceError> {
        let terms = Terms { since: window.since, bots: self.bots.fingerprint() };
        let fresh = GithubCursor::new(terms.clone());
        let Some(cursor) = cursor else { return Ok((fresh, None)) };
        let cursor = GithubCursor::parse(key, cursor)?;
        let Some(why) = terms.why_anew(&cursor.terms()) else {
            // A later beginning is kept, so that an earlier one after it starts over.
            return Ok((GithubCursor { since: window.since, ..cursor }, None));
        };
        let message = format!(
            "{} of {}: {why}, so it is read again from there; what is recorded already is skipped \
             by its id",
            key.stream(),
            key.scope()
        );
        Ok((fresh, Some(Notice::new(NoticeKind::StartedOver, message))))
    }
}

#[async_trait]
impl ActivitySource for GithubSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn streams(&self) -> Result<StreamList, SourceError> {
        let (ids, faults) = self.repository_ids().await?;
        let mut list = StreamList { faults, ..StreamList::default() };
        for id in ids {
            let keys = Stream::ALL.into_iter().map(|stream| self.key(stream, id));
            list.streams.extend(keys.map(|key| SourceStream { key }));
        }
        if list.streams.is_empty() && list.faults.is_empty() {
            let organization = self.organization.as_deref().unwrap_or_default();
            let message = format!("{organization} has no repository that can be seen");
            list.notices.push(Notice::new(NoticeKind::NothingYet, message));
        }
        Ok(list)
    }

    async fn read(
        &self,
        stream: &SourceStream,
        cursor: Option<&str>,
        window: CollectWindow,
    ) -> Result<Box<dyn StreamReader>, SourceError> {
        let key = &stream.key;
        let (stream, repository_id) = self.stream_of(key).ok_or_else(|| {
            let known = format!("There are {}", Stream::ALL.map(Stream::name).join(", "));
            SourceError::no_such_stream(self.api.instance.host(), key, known)
        })?;
        let (mut cursor, notice) = self.go_on(key, cursor, window)?;
        let etag = cursor.etag.take();
        let walk = Walk::new(cursor, window);
        let place = Place { instance: self.api.instance.clone(), repository_id };
        let context = Context {
            source: self.name.clone(),
            bots: Arc::clone(&self.bots),
            window,
            page_events: self.page_events,
        };
        let listing = Listing::new(Arc::clone(&self.api), place, stream, walk.begins());
        Ok(Box::new(ListReader::new(context, listing, walk, etag, notice)))
    }
}
