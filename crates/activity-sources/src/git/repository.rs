//! An open git repository: its branch, its objects, and the errors that name them.

use std::path::Path;

use gix::ObjectId;
use gix::bstr::BStr;
use gix::mailmap::Snapshot;
use gix::objs::Find as _;
use gix::refs::FullName;

use super::open::{discover, find_branch, place_of};
use super::remote::Place;
use super::words::{HEAD, said, text_of};
use crate::SourceError;

/// The largest `.mailmap` that is read, in bytes.
const MAX_MAILMAP_BYTES: u64 = 8 * 1024 * 1024;

/// A repository and the branch that is read from it.
pub(super) struct GitRepository {
    handle: gix::ThreadSafeRepository,
    /// `None` when `HEAD` is detached.
    branch: Option<FullName>,
    /// What it is called.
    pub(super) place: Place,
}

impl GitRepository {
    /// Opens the repository that `path` is, or is inside of.
    pub(super) fn open(
        path: &Path,
        name: Option<&str>,
        branch: Option<&str>,
    ) -> Result<Self, SourceError> {
        let handle = discover(path)?;
        let repo = handle.to_thread_local();
        let place = place_of(&repo, path, name);
        let branch = find_branch(&repo, &place, branch)?;
        Ok(Self { handle, branch, place })
    }

    /// A handle for this thread.
    pub(super) fn local(&self) -> gix::Repository {
        self.handle.to_thread_local()
    }

    /// The full name of the branch, or `HEAD`.
    pub(super) fn stream(&self) -> String {
        self.branch.as_ref().map_or_else(|| HEAD.to_owned(), |name| text_of(name.as_bstr()))
    }

    /// The commit the branch stands on now; `None` when it has none.
    pub(super) fn tip(&self, repo: &gix::Repository) -> Result<Option<ObjectId>, SourceError> {
        let name = self.branch.as_ref().map_or(BStr::new(HEAD), |name| name.as_bstr());
        let found = repo.try_find_reference(name).map_err(|error| self.unreadable(&error))?;
        let Some(mut reference) = found else { return Ok(None) };
        let commit = reference.peel_to_commit();
        commit.map(|commit| Some(commit.id)).map_err(|error| self.unreadable(&error))
    }

    /// Where the history ends in a shallow clone; empty in a whole one. Sorted.
    pub(super) fn shallow_boundary(
        &self,
        repo: &gix::Repository,
    ) -> Result<Vec<ObjectId>, SourceError> {
        let commits = repo.shallow_commits().map_err(|error| self.unreadable(&error))?;
        Ok(commits.map(|sorted| sorted.iter().copied().collect()).unwrap_or_default())
    }

    /// The mailmap: the file in the work tree, as git reads it; where there is none (a bare
    /// repository, a clone without checkout) the one in the branch's newest tree. Settings that name
    /// other mailmaps are not followed: they differ between machines.
    pub(super) fn mailmap(
        &self,
        repo: &gix::Repository,
        tip: ObjectId,
    ) -> Result<Snapshot, SourceError> {
        let unusable = |problem: String| SourceError::Unreadable {
            place: format!("the .mailmap of {}", self.place.name),
            problem,
        };
        if let Some(root) = repo.workdir() {
            let file = read_plain_file(&root.join(".mailmap")).map_err(unusable)?;
            if let Some(bytes) = file {
                return Ok(Snapshot::from_bytes(&bytes));
            }
        }
        let said = |error| unusable(said(&error));
        let tree = repo.find_commit(tip).and_then(|commit| commit.tree()).map_err(said)?;
        let entry = tree.find_entry(".mailmap").filter(|entry| entry.mode().is_blob());
        let Some(id) = entry.map(|entry| entry.object_id()) else { return Ok(Snapshot::default()) };
        if repo.find_header(id).map_err(said)?.size() > MAX_MAILMAP_BYTES {
            return Err(unusable(too_large()));
        }
        Ok(Snapshot::from_bytes(&repo.find_blob(id).map_err(said)?.data))
    }

    /// Loads an object; `None` when it is not here.
    pub(super) fn try_load<'a>(
        &self,
        repo: &gix::Repository,
        id: ObjectId,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<gix::objs::Data<'a>>, SourceError> {
        repo.objects
            .try_find(&id, buffer)
            .map_err(|error| self.damaged(id, format!("cannot be read ({})", said(&error))))
    }

    /// The error of an object that must be there and is not.
    pub(super) fn missing(&self, repo: &gix::Repository, id: ObjectId) -> SourceError {
        if !is_partial(repo) {
            return self.damaged(id, "is missing".to_owned());
        }
        SourceError::Damaged {
            place: self.place.name.clone(),
            object: format!("object {id}"),
            problem: "is missing, because this is a partial clone (--filter)".to_owned(),
            advice: "Clone the repository again without --filter".to_owned(),
        }
    }

    /// The error of an object that cannot be used.
    pub(super) fn damaged(&self, id: ObjectId, problem: String) -> SourceError {
        SourceError::Damaged {
            place: self.place.name.clone(),
            object: format!("object {id}"),
            problem,
            advice: "Run `git fsck` in the repository, or clone it again".to_owned(),
        }
    }

    fn unreadable(&self, error: &gix::Error) -> SourceError {
        SourceError::Unreadable { place: self.place.name.clone(), problem: said(error) }
    }
}

/// Whether some remote has promised to keep what the clone left out.
fn is_partial(repo: &gix::Repository) -> bool {
    let snapshot = repo.config_snapshot();
    let mut remotes = snapshot.plumbing().sections_by_name("remote").into_iter().flatten();
    remotes.any(|remote| remote.value("promisor").is_some_and(|value| value == "true"))
}

fn too_large() -> String {
    format!("it is larger than {MAX_MAILMAP_BYTES} bytes")
}

/// The file's bytes, if there is one. Like git, not through a symbolic link.
fn read_plain_file(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match path.symlink_metadata() {
        Ok(about) if about.len() > MAX_MAILMAP_BYTES => Err(too_large()),
        Ok(about) if about.is_file() => {
            std::fs::read(path).map(Some).map_err(|error| error.to_string())
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
        _ => Ok(None),
    }
}
