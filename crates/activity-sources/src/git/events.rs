//! One commit becomes its events: one for who wrote it, one for each co-author.

use std::collections::HashSet;

use gix::ObjectId;
use gix::objs::Kind;
use ledger_core::{EventId, NewActivityEvent, Sha256Hex, SourceName, Timestamp};
use serde_json::{Value, json};

use super::commit::{Ident, RawCommit};
use super::lines::{LineCounter, LineCounts};
use super::message::{co_authors, subject};
use super::person::{People, Person};
use super::repository::GitRepository;
use crate::text::{bounded, printable, shown};
use crate::{Notice, NoticeKind, SourceError, Tally};

/// The longest subject that an event keeps, in characters.
const MAX_SUBJECT_CHARS: usize = 200;

/// The most co-authors of one commit that are recorded; a page has room for one commit with all.
pub(super) const MAX_CO_AUTHORS: usize = 100;

/// The longest co-author's email within an id, in bytes.
const MAX_EMAIL_BYTES: usize = 256;

/// How much of an odd trailer a notice shows.
const SHOWN_CHARS: usize = 60;

const PRODUCER: &str = "epoch-ledger/activity-sources/git";

/// What all events of a run have in common.
pub(super) struct Context {
    pub(super) source: SourceName,
    pub(super) people: People,
    /// Where the history ends in a shallow clone, sorted.
    pub(super) boundary: Vec<ObjectId>,
    pub(super) retrieved_at: Timestamp,
}

/// What one commit came to.
#[derive(Debug, Default)]
pub(super) struct CommitEvents {
    pub(super) events: Vec<NewActivityEvent>,
    pub(super) tally: Tally,
    pub(super) notices: Vec<Notice>,
}

/// Makes events of commits, on one thread.
pub(super) struct EventMaker<'a> {
    repository: &'a GitRepository,
    repo: &'a gix::Repository,
    context: &'a Context,
    lines: LineCounter<'a>,
}

impl<'a> EventMaker<'a> {
    pub(super) fn new(
        repository: &'a GitRepository,
        repo: &'a gix::Repository,
        context: &'a Context,
    ) -> Self {
        let lines = LineCounter::new(repository, repo);
        Self { repository, repo, context, lines }
    }

    /// The events of one commit.
    pub(super) fn read(&mut self, id: ObjectId) -> Result<CommitEvents, SourceError> {
        let mut buffer = Vec::new();
        let data = self.repository.try_load(self.repo, id, &mut buffer)?;
        let data = data.filter(|data| data.kind == Kind::Commit);
        let data = data.ok_or_else(|| self.repository.missing(self.repo, id))?.data;
        let damaged = |fault| self.repository.damaged(id, fault);
        let commit = RawCommit::parse(data).map_err(damaged)?;
        // The walk has read this date already; it only fails for an object that changed since.
        let time = commit.commit_time().map_err(damaged)?;
        let mut found = CommitEvents::default();
        found.tally.read = 1;
        let message = commit.decode(commit.message);
        let authors = self.authors(id, &commit, &message, &mut found);
        if authors.is_empty() {
            return Ok(found);
        }
        let is_cut = self.context.boundary.binary_search(&id).is_ok();
        let counts = self.lines.count(&commit, is_cut)?;
        let metadata = metadata(&commit, &message, counts);
        for (event_id, event_type, person) in authors {
            let event = self.event(id, event_id, event_type, person, time, &metadata);
            match event.check() {
                Ok(()) => found.events.push(event),
                Err(fault) => {
                    found.tally.faulty += 1;
                    found.notices.push(fault_notice(id, &format!("is left out: its {fault}")));
                }
            }
        }
        Ok(found)
    }

    /// Who is to be recorded, each under the id and type of the event.
    fn authors(
        &self,
        id: ObjectId,
        commit: &RawCommit<'_>,
        message: &str,
        found: &mut CommitEvents,
    ) -> Vec<(String, &'static str, Person)> {
        let fact = format!("git:commit:{}:{id}", self.repository.place.name);
        let author = self.person(commit, &commit.author());
        let kind = if commit.parents.len() > 1 { "merge_committed" } else { "commit_authored" };
        let mut authors = Vec::new();
        for (email, person) in self.co_authors_besides(&author, id, message, found) {
            authors.push((format!("{fact}:coauthor:{email}"), "commit_coauthored", person));
        }
        authors.insert(0, (fact, kind, author));
        let everybody = authors.len();
        authors.retain(|(_, _, person)| !person.is_bot);
        found.tally.bots += everybody.abs_diff(authors.len()) as u64;
        authors
    }

    /// The co-authors, each once, with the email that names them in the event's id.
    fn co_authors_besides(
        &self,
        author: &Person,
        id: ObjectId,
        message: &str,
        found: &mut CommitEvents,
    ) -> Vec<(String, Person)> {
        let mut left_out = |fault: String| {
            found.tally.faulty += 1;
            found.notices.push(fault_notice(id, &fault));
        };
        let mut known = HashSet::from([author.user_id.clone()]);
        let mut emails = HashSet::new();
        let mut others = Vec::new();
        for value in co_authors(message) {
            let Some((person, email)) = self.co_author(&value) else {
                let shown = shown(&value, SHOWN_CHARS);
                left_out(format!("names a co-author without an email, {shown:?}, who is left out"));
                continue;
            };
            if !known.insert(person.user_id.clone()) || !emails.insert(email.clone()) {
                continue;
            }
            if others.len() == MAX_CO_AUTHORS {
                let who = person.user_id;
                left_out(format!("has more than {MAX_CO_AUTHORS} co-authors; {who} is left out"));
                continue;
            }
            others.push((email, person));
        }
        others
    }

    fn person(&self, commit: &RawCommit<'_>, ident: &Ident<'_>) -> Person {
        self.context.people.resolve(&commit.decode(ident.name), &commit.decode(ident.email))
    }

    /// The co-author a trailer names, and the email it names them by. That email, not the one the
    /// mailmap has today, is in the event's id: the same trailer keeps its id when the mailmap grows.
    fn co_author(&self, value: &str) -> Option<(Person, String)> {
        let ident = Ident::parse(value.as_bytes());
        let text = |bytes| String::from_utf8_lossy(bytes);
        let email = printable(&text(ident.email)).to_lowercase();
        if email.is_empty() {
            return None;
        }
        let person = self.context.people.resolve(&text(ident.name), &text(ident.email));
        Some((person, bounded(email, MAX_EMAIL_BYTES)))
    }

    fn event(
        &self,
        commit: ObjectId,
        id: String,
        event_type: &str,
        person: Person,
        event_time: Timestamp,
        metadata: &Value,
    ) -> NewActivityEvent {
        let mut event = NewActivityEvent {
            id: EventId::new(id).expect("name, commit and email are printable and bounded"),
            source: self.context.source.clone(),
            event_type: event_type.parse().expect("the types of this source are slugs"),
            platform_user_id: person.user_id,
            platform_login: person.login,
            user_id: None,
            artifact_url: self.repository.place.commit_url(&commit.to_string()),
            metadata: Some(metadata.clone()),
            payload_hash: Sha256Hex::of(&[]),
            producer: PRODUCER.to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            event_time,
            retrieved_at: self.context.retrieved_at,
        };
        event.payload_hash = event.canonical_payload_hash();
        event
    }
}

fn fault_notice(id: ObjectId, fault: &str) -> Notice {
    Notice::new(NoticeKind::FaultyFact, format!("commit {id} {fault}"))
}

/// What else is known of a commit. It depends on nothing but the commit and its parent.
fn metadata(commit: &RawCommit<'_>, message: &str, counts: Option<LineCounts>) -> Value {
    json!({
        "subject": shown(&subject(message), MAX_SUBJECT_CHARS),
        "author_time": commit.author_time().ok().map(|time| time.to_string()),
        "files_changed": counts.map(|counts| counts.files),
        "insertions": counts.map(|counts| counts.insertions),
        "deletions": counts.map(|counts| counts.deletions),
        "uncounted_files": counts.map(|counts| counts.uncounted),
    })
}
