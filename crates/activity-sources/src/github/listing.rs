//! The lists of a repository, batch by batch, the longest unchanged first.

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger_core::Timestamp;
use serde_json::Value;

use super::api::{Answer, Api, MAX_PAGES, PAGE_ITEMS};
use super::facts::{Fact, Place};
use super::items::{Item, comment_item, issue_item, parse, release_item};
use super::objects::{Review, Reviewed};
use crate::{Notice, NoticeKind, SourceError};

/// How often pages are read again because something moved.
const MAX_PASSES: usize = 10;

/// What a stream of a repository reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Issues and pull requests, and with these their reviews.
    Issues,
    /// Comments on issues and on pull requests.
    IssueComments,
    /// Releases.
    Releases,
}

impl Stream {
    pub(super) const ALL: [Self; 3] = [Self::Issues, Self::IssueComments, Self::Releases];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::IssueComments => "issue_comments",
            Self::Releases => "releases",
        }
    }
}

/// Some of a list.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    /// Whether nothing follows.
    pub(super) is_last: bool,
    /// Whether nothing has changed since the entity tag was given.
    pub(super) is_unchanged: bool,
    /// What the operator should know about the list.
    pub(super) notice: Option<Notice>,
    /// The answer's entity tag, where the whole list from its beginning stood on it.
    pub(super) etag: Option<String>,
}

impl Batch {
    fn keys(&self) -> BTreeSet<&str> {
        self.items.iter().map(|item| item.key.as_str()).collect()
    }
}

/// Reads one list.
pub(super) struct Listing {
    api: Arc<Api>,
    pub(super) place: Place,
    stream: Stream,
    begins: Timestamp,
    since: Timestamp,
    page: usize,
    /// How often these pages were begun, by now.
    passes: usize,
    /// What stood on them, and whether this time there was more.
    known: BTreeSet<(String, Option<Timestamp>)>,
    is_news: bool,
}

impl Listing {
    pub(super) fn new(api: Arc<Api>, place: Place, stream: Stream, begins: Timestamp) -> Self {
        let known = BTreeSet::new();
        Self {
            api,
            place,
            stream,
            begins,
            since: begins,
            page: 1,
            passes: 1,
            known,
            is_news: false,
        }
    }

    /// From which change on it reads.
    pub(super) const fn begins(&self) -> Timestamp {
        self.begins
    }

    /// The next batch. A failure leaves the list where it stands.
    pub(super) async fn next(&mut self, etag: Option<&str>) -> Result<Batch, SourceError> {
        match self.stream {
            Stream::Issues => {
                let query = [("state", "all")];
                self.next_changed("issues", &query, etag, issue_item).await
            }
            Stream::IssueComments => {
                self.next_changed("issues/comments", &[], etag, comment_item).await
            }
            Stream::Releases => self.releases(etag).await,
        }
    }

    /// What changed, in that order. It goes on by time and not by page, since whatever is changed
    /// while it is read moves to the end, and all pages with it.
    async fn next_changed(
        &mut self,
        list: &str,
        more: &[(&str, &str)],
        etag: Option<&str>,
        item: fn(&Place, &Value) -> Item,
    ) -> Result<Batch, SourceError> {
        let mut query: Vec<_> =
            more.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        query.extend([
            ("sort", "updated".to_owned()),
            ("direction", "asc".to_owned()),
            ("since", self.since.to_string()),
            ("per_page", PAGE_ITEMS.to_string()),
            ("page", self.page.to_string()),
        ]);
        let is_first = self.page == 1 && self.since == self.begins;
        let etag = etag.filter(|_| is_first);
        let page = match self.api.list(&self.path(list), &query, etag).await? {
            Answer::NotModified => return Ok(unchanged()),
            Answer::SwitchedOff => return Ok(self.switched_off(list)),
            Answer::Read(page) => page,
        };
        let mut items: Vec<_> = page.items.iter().map(|value| item(&self.place, value)).collect();
        let is_last = !self.go_on(&mut items, page.has_next, list)?;
        let etag = page.etag.filter(|_| is_first && is_last);
        Ok(Batch { items, is_last, etag, ..Batch::default() })
    }

    /// Whether the list goes on, and from where. Where more was changed within a second than a page
    /// holds, it goes on by page, and reads these pages until they bring nothing new: what is changed
    /// meanwhile moves away, and others take its place on a page that was read already.
    fn go_on(
        &mut self,
        items: &mut Vec<Item>,
        has_next: bool,
        list: &str,
    ) -> Result<bool, SourceError> {
        let is_by_page = self.page > 1 || self.passes > 1;
        for item in items.iter() {
            let is_new = self.known.insert((item.key.clone(), item.changed));
            self.is_news |= is_new && is_by_page;
        }
        // GitHub does not promise that `since` takes in the second itself.
        let last = items.iter().filter_map(|item| item.changed).max();
        let next = last.filter(|last| is_after(*last, self.since));
        let next = next.and_then(|last| Timestamp::from_unix_seconds(last.unix_seconds() - 1).ok());
        if has_next && next.is_none() {
            if self.page == MAX_PAGES {
                return Err(self.api.endless(&self.path(list)));
            }
            self.page += 1;
            return Ok(true);
        }
        if self.is_news && self.passes < MAX_PASSES {
            // What was changed later is not reached before these pages are done with.
            items.retain(|item| item.changed.is_none_or(|changed| !is_after(changed, self.since)));
            (self.page, self.is_news) = (1, false);
            self.passes += 1;
            return Ok(true);
        }
        if let Some(next) = next.filter(|_| has_next) {
            self.turn_to(next);
        }
        Ok(has_next)
    }

    fn turn_to(&mut self, since: Timestamp) {
        (self.since, self.page, self.passes, self.is_news) = (since, 1, 1, false);
        self.known.clear();
    }

    /// All releases at once: they are listed newest first, and in the order of their tags' commits.
    /// More than a page is read until two times say the same, since one that is deleted meanwhile
    /// moves all that follow.
    async fn releases(&self, etag: Option<&str>) -> Result<Batch, SourceError> {
        let (mut pages, mut batch) = self.releases_once(etag).await?;
        for _ in 1..MAX_PASSES {
            if pages == 1 {
                break;
            }
            let again = self.releases_once(etag).await?;
            let is_same = again.1.keys() == batch.keys();
            (pages, batch) = again;
            if is_same {
                break;
            }
        }
        Ok(batch)
    }

    /// How many pages there are, and what stands on them.
    async fn releases_once(&self, etag: Option<&str>) -> Result<(usize, Batch), SourceError> {
        let mut items = Vec::new();
        let one = |value: &Value| items.extend(release_item(&self.place, value));
        let whole = match self.api.each(&self.path("releases"), etag, one).await? {
            Answer::Read(whole) => whole,
            Answer::NotModified => return Ok((1, unchanged())),
            Answer::SwitchedOff => return Ok((1, self.switched_off("releases"))),
        };
        items.sort_by_key(|item| item.changed);
        let batch = Batch { items, is_last: true, etag: whole.etag, ..Batch::default() };
        Ok((whole.pages, batch))
    }

    /// All reviews of a pull request, and what is wrong with those that are broken.
    pub(super) async fn reviews(
        &self,
        pull_request: &Reviewed,
    ) -> Result<Vec<Result<Fact, String>>, SourceError> {
        let path = self.path(&format!("pulls/{}/reviews", pull_request.number));
        let mut facts = Vec::new();
        let one = |value: &Value| match parse::<Review>("a review", value) {
            Ok(review) => facts.extend(self.place.of_review(&review, pull_request).map(Ok)),
            Err(problem) => facts.push(Err(problem)),
        };
        match self.api.each(&path, None, one).await {
            Ok(Answer::Read(_)) => {}
            // It is listed and is not there, which must not keep the others from being read.
            Ok(_) | Err(SourceError::NotThere { .. }) => {
                facts.push(Err(format!("{} is not there", self.api.place(&path))));
            }
            Err(error) => return Err(error),
        }
        Ok(facts)
    }

    fn switched_off(&self, list: &str) -> Batch {
        let place = self.api.place(&self.path(list));
        let message = format!("{place} is switched off, so nothing of it is read");
        let notice = Some(Notice::new(NoticeKind::NothingYet, message));
        Batch { is_last: true, is_unchanged: true, notice, ..Batch::default() }
    }

    fn path(&self, list: &str) -> String {
        format!("repositories/{}/{list}", self.place.repository_id)
    }
}

/// Whether a list can go on by time from there.
fn is_after(changed: Timestamp, since: Timestamp) -> bool {
    changed.unix_seconds() - 1 > since.unix_seconds()
}

fn unchanged() -> Batch {
    Batch { is_last: true, is_unchanged: true, ..Batch::default() }
}
