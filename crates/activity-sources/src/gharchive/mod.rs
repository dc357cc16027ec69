//! Activity on GitHub, from files of [GH Archive](https://www.gharchive.org): what was told in
//! public, an hour in a file.
//!
//! The facts are those that `github` polls and that its webhooks deliver, with the same ids and the
//! same hashes, so that a ledger may begin with archives and go on with either. Each file is a stream
//! of its own. It is read once, as it is decompressed: an hour of all of GitHub is never in memory.
//! A line that cannot be read is told and left out, for the file is not the operator's to mend.

mod cursor;
mod reader;
mod text;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::mem::{replace, take};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use ledger_core::{CursorKey, SourceName};
use serde::Deserialize;

use self::cursor::ArchiveCursor;
use self::reader::{ArchiveReader, Job, Progress};
use self::text::identity;
use self::wanted::Wanted;
use crate::blocking::run_blocking;
use crate::bots::Bots;
use crate::cursor::Terms;
use crate::file::Place;
use crate::registry::settings_of;
use crate::text::shown;
use crate::{
    ActivitySource, CollectWindow, MAX_PAGE_EVENTS, Notice, NoticeKind, SourceError, SourceKind,
    SourceStream, StreamList, StreamReader, github,
};

/// What the source is called in settings, and the stream of each file.
const NAME: &str = "gharchive";

/// How much of a file's name is shown.
const MAX_NAME_CHARS: usize = 200;

/// How the files of a folder end.
const ENDINGS: [&str; 2] = [".json.gz", ".json"];

/// The source of archives, as the registry has it.
pub const KIND: SourceKind = SourceKind {
    name: NAME,
    about: "Pull requests, reviews, issues, comments and releases from files of GH Archive",
    events_of: Some(github::NAME),
    takes_bots: true,
    open: |settings| {
        let options: ArchiveOptions = settings_of(NAME, settings)?;
        Ok(Arc::new(ArchiveSource::open(options)?))
    },
};

/// What an operator says about archives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArchiveOptions {
    /// Files, folders of them, or `-` for standard input, compressed or not.
    pub files: Vec<PathBuf>,
    /// The repositories that are wanted: `owner/name` in any case, or their numbers. A line has the
    /// name that a repository had then.
    pub repos: Vec<String>,
    /// The owners whose repositories are wanted, in any case.
    pub orgs: Vec<String>,
    /// Whether all repositories are wanted.
    pub all: bool,
    /// Whose work is left out besides that of bots: whole logins, in any case, with `*` for any text.
    pub bots: Vec<String>,
}

/// Some files of GH Archive.
pub struct ArchiveSource {
    name: SourceName,
    files: BTreeMap<String, Arc<Place>>,
    folders: Vec<PathBuf>,
    wanted: Arc<Wanted>,
    bots: Arc<Bots>,
    page_events: usize,
}

impl fmt::Debug for ArchiveSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveSource")
            .field("files", &self.files.keys())
            .field("folders", &self.folders)
            .finish_non_exhaustive()
    }
}

impl ArchiveSource {
    /// Finds the files. Standard input is read to its end here.
    ///
    /// # Errors
    /// When an option cannot be used, or a file is not there.
    pub fn open(options: ArchiveOptions) -> Result<Self, SourceError> {
        let ArchiveOptions { files: paths, repos, orgs, all, bots } = options;
        let wanted = Arc::new(Wanted::new(&repos, &orgs, all)?);
        let bots = Arc::new(Bots::new(NAME, &bots)?);
        if paths.is_empty() {
            return Err(SourceError::settings(NAME, "no file is named; name files, or a folder"));
        }
        let name = SourceName::new(github::NAME).expect("the name is a slug");
        let (mut files, mut folders) = (BTreeMap::new(), Vec::new());
        for path in paths {
            if path.is_dir() {
                folders.push(path.canonicalize().map_err(|error| unreadable(&path, &error))?);
                continue;
            }
            let place = Place::find(&path, None)?;
            if files.insert(place.name.clone(), Arc::new(place)).is_some() {
                let problem = format!("{} is named twice", path.display());
                return Err(SourceError::settings(NAME, problem));
            }
        }
        Ok(Self { name, files, folders, wanted, bots, page_events: MAX_PAGE_EVENTS })
    }

    /// Makes pages smaller, for tests.
    #[must_use]
    pub fn with_page_events(mut self, page_events: usize) -> Self {
        self.page_events = page_events.clamp(1, MAX_PAGE_EVENTS);
        self
    }

    fn key(&self, name: &str) -> Result<CursorKey, SourceError> {
        CursorKey::new(self.name.clone(), NAME, name).map_err(|error| {
            let problem = format!("{error}. Give the file a shorter, plainer name");
            SourceError::settings(NAME, problem)
        })
    }

    /// The file that a key means.
    fn place_of(&self, key: &CursorKey) -> Result<Arc<Place>, SourceError> {
        let unknown = || {
            let known = "It is none of the files that are named".to_owned();
            SourceError::no_such_stream(NAME, key, known)
        };
        if let Some(place) = self.files.get(key.scope()) {
            return (self.key(&place.name)? == *key).then(|| Arc::clone(place)).ok_or_else(unknown);
        }
        let path = Path::new(key.scope());
        if !self.folders.iter().any(|folder| path.parent() == Some(folder)) {
            return Err(unknown());
        }
        let place = Place::find(path, Some(key.scope().to_owned()))?;
        (self.key(&place.name)? == *key).then(|| Arc::new(place)).ok_or_else(unknown)
    }
}

/// The archives in a folder.
fn archives_in(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| unreadable(folder, &error))?;
    let is_archive = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending))
    };
    let mut paths: Vec<_> = entries.iter().map(fs::DirEntry::path).filter(is_archive).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    Ok(paths)
}

/// Sorts names by the numbers in them: the hours of GH Archive are 0 to 23, without a leading zero.
fn in_time(name: &str) -> Vec<(u64, String)> {
    let (mut parts, mut number, mut text) = (Vec::new(), 0_u64, String::new());
    for character in name.chars() {
        match character.to_digit(10).map(u64::from) {
            Some(digit) if text.is_empty() => {
                number = number.saturating_mul(10).saturating_add(digit);
            }
            Some(digit) => parts.push((replace(&mut number, digit), take(&mut text))),
            None => text.push(character),
        }
    }
    parts.push((number, text));
    parts
}

fn unreadable(path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::unreadable(&path.display().to_string(), error)
}

#[async_trait]
impl ActivitySource for ArchiveSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    async fn streams(&self) -> Result<StreamList, SourceError> {
        let mut names: BTreeSet<String> = self.files.keys().cloned().collect();
        for folder in self.folders.clone() {
            let found = run_blocking(folder.display().to_string(), move || archives_in(&folder));
            names.extend(found.await?.iter().map(|path| path.display().to_string()));
        }
        let mut names = Vec::from_iter(names);
        names.sort_by_cached_key(|name| in_time(name));
        let mut list = StreamList::default();
        for name in names {
            match self.key(&name) {
                Ok(key) => list.streams.push(SourceStream { key }),
                // One file that cannot be named keeps no other from being read.
                Err(error) => {
                    let message = format!("{}: {error}", shown(&name, MAX_NAME_CHARS));
                    list.notices.push(Notice::new(NoticeKind::FaultyFact, message));
                }
            }
        }
        if list.streams.is_empty() {
            let folders: Vec<_> =
                self.folders.iter().map(|one| one.display().to_string()).collect();
            let message = format!("no archive (*.json.gz) is in {}", folders.join(", "));
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
        let place = self.place_of(key)?;
        let cursor = cursor.map(|value| ArchiveCursor::parse(key, value)).transpose()?;
        let (name, source) = (place.name.clone(), self.name.clone());
        let terms = Terms { since: window.since, bots: self.bots.fingerprint() };
        let (wanted, bots) = (Arc::clone(&self.wanted), Arc::clone(&self.bots));
        let page_events = self.page_events;
        run_blocking(name.clone(), move || {
            let snapshot = place.snapshot()?;
            let file = identity(&snapshot);
            let file = file.map_err(|error| SourceError::unreadable(&name, &error))?;
            let fresh = ArchiveCursor::new(terms, wanted.fingerprint(), file);
            let (cursor, opening) = go_on(&place, fresh, cursor);
            let progress = Progress::new(cursor, opening, window);
            let job = Job { place: name, snapshot, source, wanted, bots, window, page_events };
            Ok(Box::new(ArchiveReader::new(job, progress)) as Box<dyn StreamReader>)
        })
        .await
    }
}

/// Where to go on, and what to say where the file is read from its beginning.
fn go_on(
    place: &Place,
    fresh: ArchiveCursor,
    stored: Option<ArchiveCursor>,
) -> (ArchiveCursor, Option<Notice>) {
    // A file that broke off was told to be, and whatever is there now is read.
    let Some(stored) = stored.filter(|stored| !stored.is_broken) else { return (fresh, None) };
    let is_another = stored.file != fresh.file;
    let why = if is_another {
        Some("it is another file than the one that was read".to_owned())
    } else if stored.wanted != fresh.wanted {
        Some("other repositories are wanted than the last time".to_owned())
    } else {
        fresh.terms().why_anew(&stored.terms())
    };
    let Some(why) = why else {
        // A later beginning is kept, so that an earlier one after it starts over.
        return (stored.with_since(fresh.since), None);
    };
    if is_another && place.is_nameless_input {
        return (fresh, None);
    }
    let kind = if is_another { NoticeKind::PlaceLost } else { NoticeKind::StartedOver };
    let message = format!(
        "{}: {why}, so it is read from its beginning; what is recorded already is skipped by its id",
        place.name
    );
    (fresh, Some(Notice::new(kind, message)))
}
