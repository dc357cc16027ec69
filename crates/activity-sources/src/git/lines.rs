//! How many files and lines a commit changes: what `git show --numstat --no-renames` adds up to.
//!
//! Only the objects count. Attributes (`-diff`, `binary`), filters, text conversions, renames and
//! the configured algorithm are one checkout's own and are not looked at.

use std::cell::RefCell;

use gix::ObjectId;
use gix::diff::blob::{Algorithm, Diff, InternedInput};
use gix::diff::tree::recorder::Change;
use gix::diff::tree::{Recorder, State};
use gix::objs::tree::EntryMode;
use gix::objs::{Data, Find, Kind, TreeRefIter};

use super::commit::RawCommit;
use super::repository::GitRepository;
use crate::SourceError;

/// The largest file whose lines are counted, in bytes. A larger one counts as a binary file does.
pub const MAX_COUNTED_BYTES: u64 = 8 * 1024 * 1024;

/// Git takes a file with a NUL in its first bytes for a binary one.
const BINARY_PROBE_BYTES: usize = 8_000;

/// What a commit changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LineCounts {
    /// Files added, deleted or changed, modes included.
    pub(super) files: u64,
    /// Lines that came.
    pub(super) insertions: u64,
    /// Lines that went.
    pub(super) deletions: u64,
    /// Of `files`, those whose lines were not counted: binary, or too large.
    pub(super) uncounted: u64,
}

/// One side of a changed file.
type Entry = (EntryMode, ObjectId);

/// Counts, keeping its buffers from one commit to the next.
pub(super) struct LineCounter<'a> {
    repository: &'a GitRepository,
    repo: &'a gix::Repository,
    state: State,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl<'a> LineCounter<'a> {
    pub(super) fn new(repository: &'a GitRepository, repo: &'a gix::Repository) -> Self {
        let (old, new) = (Vec::new(), Vec::new());
        Self { repository, repo, state: State::default(), old, new }
    }

    /// Counts a commit against its parent, one without parents against nothing. `None` where that
    /// cannot be said: of a merge, and of a commit whose parent is behind the end of a shallow clone.
    pub(super) fn count(
        &mut self,
        commit: &RawCommit<'_>,
        is_cut: bool,
    ) -> Result<Option<LineCounts>, SourceError> {
        if is_cut || commit.parents.len() > 1 {
            return Ok(None);
        }
        let old = match commit.parents.first() {
            Some(parent) => self.tree_of(*parent)?,
            None => None,
        };
        let mut counts = LineCounts::default();
        for change in self.changes(old, commit.tree)? {
            let (old, new) = sides(&change);
            if [old, new].into_iter().flatten().any(|(mode, _)| mode.is_tree()) {
                continue;
            }
            // Very old commits have modes such as 100664, which mean what 100644 means.
            let kind = |side: Option<Entry>| side.map(|(mode, id)| (mode.kind(), id));
            if kind(old) == kind(new) {
                continue;
            }
            counts.files += 1;
            match self.count_file(old, new)? {
                Some((insertions, deletions)) => {
                    counts.insertions += u64::from(insertions);
                    counts.deletions += u64::from(deletions);
                }
                None => counts.uncounted += 1,
            }
        }
        Ok(Some(counts))
    }

    fn tree_of(&mut self, commit: ObjectId) -> Result<Option<ObjectId>, SourceError> {
        load(self.repository, self.repo, commit, Kind::Commit, &mut self.old)?;
        let parsed = RawCommit::parse(&self.old);
        parsed.map(|parent| parent.tree).map_err(|fault| self.repository.damaged(commit, fault))
    }

    fn changes(
        &mut self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
    ) -> Result<Vec<Change>, SourceError> {
        if old == new {
            return Ok(Vec::new());
        }
        for (id, buffer) in [(old, &mut self.old), (new, &mut self.new)] {
            buffer.clear();
            if let Some(id) = id {
                load(self.repository, self.repo, id, Kind::Tree, buffer)?;
            }
        }
        let hash = self.repo.object_hash();
        let (old, new) =
            (TreeRefIter::from_bytes(&self.old, hash), TreeRefIter::from_bytes(&self.new, hash));
        let objects = Watched { repo: self.repo, last: RefCell::default() };
        let mut recorder = Recorder::default().track_location(None);
        let outcome = gix::diff::tree(old, new, &mut self.state, &objects, &mut recorder);
        outcome.map(|()| recorder.records).map_err(|error| match objects.last.into_inner() {
            Some((id, false)) => self.repository.missing(self.repo, id),
            Some((id, true)) => self.repository.damaged(id, format!("is not a tree ({error})")),
            None => self.repository.damaged(hash.empty_tree(), format!("does not work ({error})")),
        })
    }

    /// Lines that came and went; `None` when they are not counted.
    fn count_file(
        &mut self,
        old: Option<Entry>,
        new: Option<Entry>,
    ) -> Result<Option<(u32, u32)>, SourceError> {
        if old.map(|(_, id)| id) == new.map(|(_, id)| id) {
            return Ok(Some((0, 0)));
        }
        let (repository, repo) = (self.repository, self.repo);
        let counted = load_text(repository, repo, old, &mut self.old)?
            && load_text(repository, repo, new, &mut self.new)?;
        if !counted {
            return Ok(None);
        }
        let input = InternedInput::new(self.old.as_slice(), self.new.as_slice());
        let diff = Diff::compute(Algorithm::Myers, &input);
        Ok(Some((diff.count_additions(), diff.count_removals())))
    }
}

fn sides(change: &Change) -> (Option<Entry>, Option<Entry>) {
    match *change {
        Change::Addition { entry_mode, oid, .. } => (None, Some((entry_mode, oid))),
        Change::Deletion { entry_mode, oid, .. } => (Some((entry_mode, oid)), None),
        Change::Modification { previous_entry_mode, previous_oid, entry_mode, oid, .. } => {
            (Some((previous_entry_mode, previous_oid)), Some((entry_mode, oid)))
        }
    }
}

/// Loads one side of a file; `false` when it is too large or binary. A submodule is the one line
/// that git shows for it.
fn load_text(
    repository: &GitRepository,
    repo: &gix::Repository,
    entry: Option<Entry>,
    buffer: &mut Vec<u8>,
) -> Result<bool, SourceError> {
    buffer.clear();
    let Some((mode, id)) = entry else { return Ok(true) };
    if mode.is_commit() {
        buffer.extend_from_slice(format!("Subproject commit {id}\n").as_bytes());
        return Ok(true);
    }
    let size = repo.try_find_header(id).ok().flatten().map_or(0, |header| header.size());
    if size > MAX_COUNTED_BYTES {
        return Ok(false);
    }
    load(repository, repo, id, Kind::Blob, buffer)?;
    Ok(!buffer[..buffer.len().min(BINARY_PROBE_BYTES)].contains(&0))
}

/// Loads an object that must be there and of that kind.
fn load(
    repository: &GitRepository,
    repo: &gix::Repository,
    id: ObjectId,
    kind: Kind,
    buffer: &mut Vec<u8>,
) -> Result<(), SourceError> {
    match repository.try_load(repo, id, buffer)? {
        Some(data) if data.kind == kind => Ok(()),
        Some(_) => Err(repository.damaged(id, format!("should be a {kind} and is not"))),
        None => Err(repository.missing(repo, id)),
    }
}

/// The object database, and what was last asked of it: the library's error does not name it.
struct Watched<'a> {
    repo: &'a gix::Repository,
    last: RefCell<Option<(ObjectId, bool)>>,
}

impl Find for Watched<'_> {
    fn try_find<'a>(
        &self,
        id: &gix::oid,
        buffer: &'a mut Vec<u8>,
    ) -> gix::Result<Option<Data<'a>>> {
        self.last.replace(Some((id.to_owned(), true)));
        let found = self.repo.objects.try_find(id, buffer)?;
        self.last.replace(Some((id.to_owned(), found.is_some())));
        Ok(found)
    }
}
