//! Activity from a git repository on this machine: who committed what to one branch.
//!
//! Every commit the branch reaches is one event (`commit_authored`, or `merge_committed` with two
//! parents or more) of its author, and one `commit_coauthored` for each further person its
//! `Co-authored-by` trailers name. When it happened is the committer date. Who it was goes through
//! the mailmap. Bots are left out.
//!
//! The same commit gives the same event on every machine: no configuration but the repository's own
//! is read, and of that only its remotes' URLs; replacement refs and grafts are ignored, because
//! they are one clone's own; commit-graph files are not needed and not read. Two things cannot be
//! the same everywhere: the mailmap may change, and a commit at the end of a shallow clone has no
//! line counts.

mod claims;
mod commit;
mod cursor;
mod events;
mod lines;
mod message;
mod open;
mod person;
mod plan;
mod reader;
mod remote;
mod repository;
mod walk;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use ledger_core::{CursorKey, SourceCursor, SourceName, Timestamp};
use serde::Deserialize;

pub use self::lines::MAX_COUNTED_BYTES;

use self::cursor::{Claim, GitCursor};
use self::events::Context;
use self::person::People;
use self::plan::Plan;
use self::reader::GitReader;
use self::remote::MAX_NAME_BYTES;
use self::repository::GitRepository;
use crate::blocking::run_blocking;
use crate::bots::Bots;
use crate::cursor::Terms;
use crate::registry::settings_of;
use crate::{
    ActivitySource, CollectWindow, MAX_PAGE_EVENTS, Notice, NoticeKind, SourceError, SourceKind,
    SourceStream, StreamList, StreamReader,
};

/// What the source is called.
const NAME: &str = "git";

/// The git source, as the registry has it.
pub const KIND: SourceKind = SourceKind {
    name: NAME,
    about: "Commits of one branch of a git repository on this machine",
    events_of: Some(NAME),
    takes_bots: true,
    open: |settings| {
        let GitSettings { path, repository_name, branch, bots } = settings_of(NAME, settings)?;
        let options = GitOptions { repository_name, branch, bots };
        Ok(Arc::new(GitSource::open(path, options)?))
    },
};

/// What an operator may say about a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitOptions {
    /// What to call it in ids. By default `host/owner/repo` of the remote `origin` (or the first
    /// one), and without a remote the directory's name. Changing it makes every commit a new fact:
    /// see [`ActivitySource::shares_history_with`].
    pub repository_name: Option<String>,
    /// Which branch to read: `main`, `origin/main` or a full `refs/…`. By default the one `HEAD` is on.
    pub branch: Option<String>,
    /// Whose work is left out besides that of names and emails with `[bot]`: whole emails or names,
    /// in any case, with `*` for any text.
    pub bots: Vec<String>,
}

/// The settings of a git source, as JSON has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GitSettings {
    path: PathBuf,
    repository_name: Option<String>,
    branch: Option<String>,
    #[serde(default)]
    bots: Vec<String>,
}

/// A branch of a git repository.
pub struct GitSource {
    name: SourceName,
    repository: Arc<GitRepository>,
    key: CursorKey,
    bots: Bots,
    page_events: usize,
}

impl fmt::Debug for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSource").field("key", &self.key).finish_non_exhaustive()
    }
}

impl GitSource {
    /// Opens the repository that `path` is (with a work tree, bare, or linked), or is inside of.
    ///
    /// # Errors
    /// When there is no repository or no such branch, or an option cannot be used. A repository
    /// without commits is none: it has no streams.
    pub fn open(path: impl AsRef<Path>, options: GitOptions) -> Result<Self, SourceError> {
        let GitOptions { repository_name, branch, bots } = options;
        check_name(repository_name.as_deref())?;
        let bots = Bots::new(NAME, &bots)?;
        let repository =
            GitRepository::open(path.as_ref(), repository_name.as_deref(), branch.as_deref())?;
        let name = SourceName::new(NAME).expect("the name is a slug");
        let key = CursorKey::new(name.clone(), repository.stream(), &repository.place.name)
            .map_err(|error| settings_error(error.to_string()))?;
        Ok(Self { name, repository: Arc::new(repository), key, bots, page_events: MAX_PAGE_EVENTS })
    }

    /// Makes pages smaller, for tests. A commit is never split, so a page may hold more than that.
    #[must_use]
    pub fn with_page_events(mut self, page_events: usize) -> Self {
        self.page_events = page_events.clamp(1, MAX_PAGE_EVENTS);
        self
    }

    /// What the repository is called in ids, for example `github.com/owner/repo`.
    pub fn repository_name(&self) -> &str {
        &self.repository.place.name
    }

    /// The full name of the branch that is read, for example `refs/heads/main`; `HEAD` when it is
    /// on no branch.
    pub fn branch(&self) -> &str {
        self.key.stream()
    }

    /// The newest committer date on the branch that is not after `not_after`. When every commit is
    /// later, the date of the branch's tip. `None` when there is no commit with a date.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub async fn newest_commit_time(
        &self,
        not_after: Timestamp,
    ) -> Result<Option<Timestamp>, SourceError> {
        let repository = Arc::clone(&self.repository);
        run_blocking(self.repository.place.name.clone(), move || {
            let repo = repository.local();
            let Some(tip) = repository.tip(&repo)? else { return Ok(None) };
            let boundary = repository.shallow_boundary(&repo)?;
            let graph = walk::walk(&repository, &repo, tip, &[], &boundary)?;
            let dates = || graph.nodes.iter().filter_map(|node| node.time.as_ref().ok().copied());
            let newest = dates().filter(|time| *time <= not_after.unix_seconds()).max();
            let newest = newest.or_else(|| dates().next());
            Ok(newest.and_then(|time| Timestamp::from_unix_seconds(time).ok()))
        })
        .await
    }
}

#[async_trait]
impl ActivitySource for GitSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn streams(&self) -> Result<StreamList, SourceError> {
        let repository = Arc::clone(&self.repository);
        let place = repository.place.name.clone();
        let tip = run_blocking(place, move || repository.tip(&repository.local())).await?;
        if tip.is_some() {
            let streams = vec![SourceStream { key: self.key.clone() }];
            return Ok(StreamList { streams, ..StreamList::default() });
        }
        let message = format!("{} has no commits yet on {}", self.key.scope(), self.key.stream());
        Ok(StreamList {
            notices: vec![Notice::new(NoticeKind::NothingYet, message)],
            ..StreamList::default()
        })
    }

    async fn read(
        &self,
        stream: &SourceStream,
        cursor: Option<&str>,
        window: CollectWindow,
    ) -> Result<Box<dyn StreamReader>, SourceError> {
        if stream.key != self.key {
            let place = stream.key.scope();
            let known = format!("This source reads {:?}", self.key.stream());
            return Err(SourceError::no_such_stream(place, &stream.key, known));
        }
        let cursor = cursor.map(|value| GitCursor::parse(&self.key, value)).transpose()?;
        let (repository, source) = (Arc::clone(&self.repository), self.name.clone());
        let (bots, page_events) = (self.bots.clone(), self.page_events);
        run_blocking(self.repository.place.name.clone(), move || {
            let repo = repository.local();
            let tip = repository.tip(&repo)?.ok_or_else(|| no_commits(&repository))?;
            let people = People { mailmap: repository.mailmap(&repo, tip)?, bots };
            let terms = Terms { since: window.since, bots: people.bots.fingerprint() };
            let boundary = repository.shallow_boundary(&repo)?;
            let retrieved_at = window.retrieved_at;
            let context = Context { source, people, boundary, retrieved_at };
            let plan = Plan::make(&repository, tip, cursor, terms, window)?;
            let reader = GitReader::new(repository, context, plan, page_events);
            Ok(Box::new(reader) as Box<dyn StreamReader>)
        })
        .await
    }

    /// It does where this clone has a commit up to which the other place was read.
    async fn shares_history_with(&self, cursor: &SourceCursor) -> Result<bool, SourceError> {
        let other = GitCursor::parse(&cursor.key, &cursor.value)?;
        let repository = Arc::clone(&self.repository);
        run_blocking(self.repository.place.name.clone(), move || {
            let (repo, mut buffer) = (repository.local(), Vec::new());
            for commit in other.done.iter().flat_map(Claim::commits) {
                if repository.try_load(&repo, commit, &mut buffer)?.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }
}

fn no_commits(repository: &GitRepository) -> SourceError {
    SourceError::NoSuchStream {
        place: repository.place.name.clone(),
        stream: format!("commits on {}", repository.stream()),
        known: "They were there when its streams were listed; list them again".to_owned(),
    }
}

fn check_name(name: Option<&str>) -> Result<(), SourceError> {
    let Some(name) = name else { return Ok(()) };
    let fits = !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.trim() == name
        && !name.chars().any(char::is_control)
        && !name.contains("://")
        && !name.contains('@');
    if fits {
        return Ok(());
    }
    // The name is not shown: whoever gives a URL here may give a credential with it.
    Err(settings_error(format!(
        "the repository name must be like github.com/owner/repo: no URL, no '@', no white space at \
         its ends, at most {MAX_NAME_BYTES} bytes"
    )))
}

fn settings_error(problem: impl Into<String>) -> SourceError {
    SourceError::settings(NAME, problem)
}
