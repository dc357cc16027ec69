//! Hands out the facts of one list page by page.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use ledger_core::{SourceName, Timestamp};

use super::facts::{Fact, Outcome};
use super::items::Item;
use super::listing::Listing;
use super::objects::Reviewed;
use super::walk::{Fate, Walk};
use crate::bots::Bots;
use crate::{CollectWindow, Notice, NoticeKind, SourceError, SourcePage, StreamReader};

/// What all facts of a run have in common.
pub(super) struct Context {
    pub(super) source: SourceName,
    pub(super) bots: Arc<Bots>,
    pub(super) window: CollectWindow,
    pub(super) page_events: usize,
}

/// Reads one list, once.
pub(super) struct ListReader {
    context: Context,
    listing: Listing,
    walk: Walk,
    /// The entity tag of the last time.
    etag: Option<String>,
    /// What was fetched and is not looked at yet.
    items: VecDeque<Item>,
    /// What is left of the item in hand.
    facts: VecDeque<Told>,
    /// Whether something of the item in hand waits for a later epoch.
    waits: bool,
    /// The page in hand. It stays when something cannot be fetched.
    page: SourcePage,
    notices_given: usize,
    /// Whether the page in hand stands further than the one before.
    has_moved: bool,
    is_fetched: bool,
    is_done: bool,
}

/// A fact, or what is wrong with it, and when its thing was last changed.
struct Told {
    changed: Option<Timestamp>,
    fact: Result<Fact, String>,
}

impl ListReader {
    /// Begins where the walk does. `notice` is what the first page says besides its events.
    pub(super) fn new(
        context: Context,
        listing: Listing,
        walk: Walk,
        etag: Option<String>,
        notice: Option<Notice>,
    ) -> Self {
        let (mut page, mut notices_given) = (SourcePage::default(), 0);
        page.say(notice, &mut notices_given);
        Self {
            context,
            listing,
            walk,
            etag,
            items: VecDeque::new(),
            facts: VecDeque::new(),
            waits: false,
            page,
            notices_given,
            has_moved: false,
            is_fetched: false,
            is_done: false,
        }
    }

    /// Fetches some more of the list.
    async fn fetch(&mut self) -> Result<(), SourceError> {
        let batch = self.listing.next(self.etag.as_deref()).await?;
        self.is_fetched = batch.is_last;
        if !batch.is_unchanged {
            self.etag = batch.etag;
        }
        self.items.extend(batch.items);
        self.page.say(batch.notice, &mut self.notices_given);
        Ok(())
    }

    /// Takes the first item in hand: what it comes to, with its reviews.
    async fn take(&mut self) -> Result<bool, SourceError> {
        let Some(item) = self.items.front() else { return Ok(false) };
        let mut reviews = Vec::new();
        if let (Some(pull_request), Some(changed)) = (&item.reviews_of, item.changed)
            && !self.walk.is_marked(&mark(pull_request), changed)
        {
            reviews = self.listing.reviews(pull_request).await?;
        }
        // From here on nothing fails, so the item is not asked for again.
        let changed = item.changed;
        if let Some(item) = self.items.front_mut() {
            let told = |fact| Told { changed, fact };
            match std::mem::replace(&mut item.content, Ok(Vec::new())) {
                Ok(facts) => self.facts.extend(facts.into_iter().map(Ok).map(told)),
                Err(problem) => self.facts.push_back(told(Err(problem))),
            }
        }
        // A review that was submitted since the list was fetched has changed its pull request again.
        self.facts.extend(reviews.into_iter().map(|fact| {
            let submitted = fact.as_ref().ok().map(|fact| fact.time);
            Told { changed: changed.max(submitted), fact }
        }));
        self.waits = false;
        Ok(true)
    }

    /// Puts what is left of the item in hand on the page. Whether all of it found room.
    fn put(&mut self) -> bool {
        while !self.facts.is_empty() {
            if self.page.events.len() >= self.context.page_events {
                return false;
            }
            match self.facts.pop_front() {
                Some(Told { changed, fact: Ok(fact) }) => {
                    self.put_fact(&fact, changed.unwrap_or(fact.time));
                }
                Some(Told { fact: Err(problem), .. }) => self.leave_out(&problem),
                None => {}
            }
        }
        if let Some(Item { changed: Some(changed), reviews_of, .. }) = self.items.pop_front() {
            if let Some(pull_request) = reviews_of.filter(|_| !self.waits) {
                self.walk.mark(&mark(&pull_request), changed);
            }
            self.walk.advance(changed);
        }
        self.has_moved = true;
        true
    }

    fn put_fact(&mut self, fact: &Fact, changed: Timestamp) {
        let Context { source, bots, window, .. } = &self.context;
        let place = &self.listing.place;
        let fate = self.walk.step(&fact.id, changed, fact.time);
        let tally = &mut self.page.tally;
        match fate {
            Fate::Done => {}
            Fate::BeforeSince => tally.before_since += 1,
            Fate::Waits => {
                tally.waiting += 1;
                self.waits = true;
            }
            Fate::Impossible => {
                let problem = "it says that it happened after its last change";
                self.leave_out(&format!("{} is left out: {problem}", fact.id));
            }
            Fate::Wanted => {
                tally.read += 1;
                match fact.outcome(place, source, bots, window.retrieved_at) {
                    Outcome::Event(event) => self.page.events.push(*event),
                    Outcome::Bot => tally.bots += 1,
                    Outcome::Faulty(problem) => {
                        let problem = format!("{} is left out: {problem}", fact.id);
                        self.leave_out(&problem);
                    }
                }
            }
        }
    }

    fn leave_out(&mut self, problem: &str) {
        self.page.tally.faulty += 1;
        let notice = Notice::new(NoticeKind::FaultyFact, problem);
        self.page.say([notice], &mut self.notices_given);
    }

    fn give_page(&mut self) -> SourcePage {
        let mut cursor = self.walk.cursor();
        // The tag says nothing of what waits or is shown late, nor of another beginning.
        if self.is_done && self.walk.is_settled() {
            let again = Walk::new(cursor.clone(), self.context.window);
            if again.begins() == self.listing.begins() {
                cursor.etag = self.etag.clone();
            }
        }
        self.has_moved = false;
        let mut page = std::mem::take(&mut self.page);
        page.next_cursor = cursor.to_value();
        page
    }
}

#[async_trait]
impl StreamReader for ListReader {
    fn expected_facts(&self) -> Option<u64> {
        None
    }

    async fn next_page(&mut self) -> Result<Option<SourcePage>, SourceError> {
        if self.is_done {
            return Ok(None);
        }
        if self.items.is_empty() && !self.is_fetched {
            self.fetch().await?;
        }
        loop {
            if self.facts.is_empty() {
                match self.take().await {
                    Ok(true) => {}
                    Ok(false) => break,
                    // What is done is kept; the next call meets the same failure, or does not.
                    Err(_) if self.has_moved => return Ok(Some(self.give_page())),
                    Err(error) => return Err(error),
                }
            }
            if !self.put() {
                return Ok(Some(self.give_page()));
            }
        }
        self.is_done = self.is_fetched;
        Ok(Some(self.give_page()))
    }
}

/// What a cursor calls a pull request whose reviews were read.
fn mark(pull_request: &Reviewed) -> String {
    format!("pull:{}", pull_request.number)
}
