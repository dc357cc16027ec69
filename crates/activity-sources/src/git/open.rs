//! Opening a repository so that it reads the same on every machine and runs nothing, and finding out
//! what it is called and which branch is meant.

use std::path::{Path, PathBuf};

use gix::bstr::BStr;
use gix::discover::upwards::{Options, TrustPolicy};
use gix::refs::FullName;
use gix::{open, sec};

use super::remote::Place;
use super::words::{HEAD, said, text_of};
use crate::SourceError;

/// How many branches an error lists.
const LISTED_BRANCHES: usize = 10;

/// Opens without the user's and the system's configuration, without `GIT_*` variables and without
/// replacement refs, which are one machine's own. Who owns the files does not matter: nothing that
/// a configuration names is ever run.
pub(super) fn discover(path: &Path) -> Result<gix::ThreadSafeRepository, SourceError> {
    let shown = path.display().to_string();
    if shown.contains("://") || shown.contains('@') && !path.exists() {
        return Err(not_a_path());
    }
    let refused = |problem: String, advice: &str| SourceError::NotThere {
        place: format!("{shown:?}"),
        problem,
        advice: advice.to_owned(),
    };
    let none = |problem: &str| {
        refused(problem.to_owned(), "Give the path of a clone, or make one with `git clone`")
    };
    // Looking upwards, the repository around it would be taken for the clone that should be here.
    if !path.exists() {
        return Err(none("does not exist"));
    }
    if path.read_dir().is_ok_and(|mut entries| entries.next().is_none()) {
        return Err(none("is not a git repository, but an empty folder"));
    }
    let options = || open::Options::isolated().config_overrides(["core.useReplaceRefs=false"]);
    let upwards = Options { trust: TrustPolicy::Assume(sec::Trust::Full), ..Options::default() };
    let trust = sec::trust::Mapping { full: options(), reduced: options() };
    let found = gix::ThreadSafeRepository::discover_opts(path, upwards, trust);
    let handle = found.map_err(|error| match error.is_not_found() {
        true => none("is not a git repository, and is not inside one"),
        false => none(&format!("cannot be opened as a git repository ({})", said(&error))),
    })?;
    // Without this check such a repository looks as if it had no commits.
    let storage = handle.to_thread_local().config_snapshot().string("extensions.refStorage");
    match storage.filter(|name| name != "files") {
        Some(name) => Err(refused(
            format!("keeps its branches in a format this program cannot read ({name})"),
            "Convert it with `git refs migrate --ref-format=files`",
        )),
        None => Ok(handle),
    }
}

/// A URL may hold a credential, so it is not shown.
fn not_a_path() -> SourceError {
    SourceError::NotThere {
        place: "the git repository".to_owned(),
        problem: "was given as a URL, and only clones on this machine are read".to_owned(),
        advice: "Make one with `git clone` and give its path".to_owned(),
    }
}

pub(super) fn place_of(repo: &gix::Repository, path: &Path, name: Option<&str>) -> Place {
    let remote = remote_url(repo).map(|url| Place::of_url(&url));
    let found = remote.filter(|place| !place.name.is_empty()).unwrap_or_else(|| {
        Place::of_directory(&main_directory(repo).unwrap_or_else(|| path.to_owned()))
    });
    match name {
        Some(name) => Place::named(name).or_link_of(&found),
        None => found,
    }
}

/// The directory that holds the repository: of a linked work tree, that of the main one.
fn main_directory(repo: &gix::Repository) -> Option<PathBuf> {
    let git = repo.common_dir().canonicalize().ok()?;
    if git.file_name().is_some_and(|name| name == ".git") {
        return git.parent().map(Path::to_owned);
    }
    Some(git)
}

/// The URL of `origin`, else of the first remote in the configuration. With several, git fetches
/// from the first.
fn remote_url(repo: &gix::Repository) -> Option<String> {
    let snapshot = repo.config_snapshot();
    let config = snapshot.plumbing();
    let url_of = |remote: &BStr| {
        let urls = config.strings_by("remote", Some(remote), "url")?;
        urls.first().map(|url| text_of(url.as_ref())).filter(|url| !url.is_empty())
    };
    url_of(BStr::new("origin")).or_else(|| {
        let sections = config.sections_by_name("remote").into_iter().flatten();
        sections.filter_map(|s| s.header().subsection_name().and_then(url_of)).next()
    })
}

/// The branch to read: the named one, or the one `HEAD` stands on (`None` when it stands on none).
pub(super) fn find_branch(
    repo: &gix::Repository,
    place: &Place,
    branch: Option<&str>,
) -> Result<Option<FullName>, SourceError> {
    let Some(branch) = branch.filter(|name| *name != HEAD) else {
        let head = repo.head().map_err(|error| SourceError::Unreadable {
            place: place.name.clone(),
            problem: said(&error),
        })?;
        let name = head.referent_name().map(ToOwned::to_owned);
        return match name {
            Some(name) if head.is_unborn() && !branches(repo).is_empty() => Err(no_such_branch(
                repo,
                place,
                &format!("commits on the branch HEAD names, {:?}", text_of(name.as_bstr())),
            )),
            name => Ok(name),
        };
    };
    for full in
        [branch.to_owned(), format!("refs/heads/{branch}"), format!("refs/remotes/{branch}")]
    {
        if !full.starts_with("refs/") {
            continue;
        }
        if let Ok(Some(found)) = repo.try_find_reference(full.as_str()) {
            return Ok(Some(found.name().to_owned()));
        }
    }
    Err(no_such_branch(repo, place, &format!("branch {branch:?}")))
}

fn no_such_branch(repo: &gix::Repository, place: &Place, stream: &str) -> SourceError {
    let names = branches(repo);
    let some = names.iter().take(LISTED_BRANCHES).cloned().collect::<Vec<_>>().join(", ");
    let known = match names.len() {
        0 => "It has no commits yet".to_owned(),
        few if few <= LISTED_BRANCHES => format!("It has: {some}. Name one of them"),
        many => format!("It has: {some} and {} more. Name one of them", many - LISTED_BRANCHES),
    };
    SourceError::NoSuchStream { place: place.name.clone(), stream: stream.to_owned(), known }
}

/// Every branch, local ones first, as one would name it.
fn branches(repo: &gix::Repository) -> Vec<String> {
    let Ok(references) = repo.references() else { return Vec::new() };
    let short = |reference: gix::Reference<'_>| text_of(reference.name().shorten());
    let local = references.local_branches().into_iter().flatten().flatten().map(short);
    let remote = references.remote_branches().into_iter().flatten().flatten().map(short);
    local.chain(remote.filter(|name| !name.ends_with("/HEAD"))).collect()
}
