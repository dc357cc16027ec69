//! Commits that no git would write, each on top of the one before.

use std::path::Path;

use activity_sources::git::{GitOptions, GitSource};
use fastrand::Rng;
use gix::ObjectId;
use gix::objs::{Kind, Write as _};
use tempfile::TempDir;

use super::reading::{any_cursor, has, read_all};
use super::tally::Tally;
use super::texts::{largest, text_below, touched_bytes};
use crate::{Failure, Outcome, broken, ensure};

/// How many commits one repository has besides the first and the last, which are sound.
const COMMITS: u64 = 40;
/// One in so many has a very large message.
const LARGEST_IN: u32 = 4_000;
/// The number of the last one.
const LAST: u64 = COMMITS + 1;
const NAME: &str = "acme/orchard";
/// What a commit says after its tree and its parent.
const SAID: &str = "author Ada <ada@example.org> 1763373600 +0000\ncommitter Bob <bob@example.org> 1763373600 +0100\nencoding ISO-8859-1\n\nPlant a tree\n\nIt was time.\n\nSigned-off-by: Ada <ada@example.org>\nCo-authored-by: Eve <eve@example.org>\nCo-authored-by: Ivo [bot] <ivo@example.org>\n";
const MAILMAP: &str = "Ada Lovelace <ada@example.org> <lady@example.org>\n<bob@example.org> Robert <robert@example.org>\n# nobody\n";

/// Reads one repository that nobody should have.
pub(crate) async fn ask(dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
    let folder = tempfile::Builder::new().prefix("ledger-torture-git-").tempdir()?;
    let [first, last] = plant(dice, &folder)?;
    let options = GitOptions {
        repository_name: Some(NAME.to_owned()),
        branch: Some("main".to_owned()),
        ..GitOptions::default()
    };
    let source = GitSource::open(folder.path(), options)?;
    let cursor = any_cursor("git", &source, dice).await?;
    tally.add("cursor of a repository", cursor);
    let events = match read_all("git", &source).await? {
        Ok(events) => events,
        Err(error) => broken!("an odd commit keeps all out: {error}"),
    };
    for id in [first, last] {
        let id = id_of(id);
        ensure!(has(&events, &id), "the sound commit {id} is lost among others");
    }
    // Its first event is that of who wrote it, which one by a bot or without a date lacks.
    let written = events.iter().filter(|event| event.event_type.as_str() != "commit_coauthored");
    let written = u64::try_from(written.count())?;
    tally.add_many("git commit", written, (LAST + 1).saturating_sub(written));
    Ok(())
}

fn id_of(commit: ObjectId) -> String {
    format!("git:commit:{NAME}:{commit}")
}

/// Makes the repository; answers its first commit and its last.
fn plant(dice: &mut Rng, folder: &TempDir) -> Outcome<[ObjectId; 2]> {
    let repo = gix::init_bare(folder.path()).map_err(unable)?;
    let write = |kind: Kind, object: &[u8]| repo.objects.write_buf(kind, object).map_err(unable);
    let mailmap = write(Kind::Blob, &touched_bytes(dice, MAILMAP.as_bytes(), MAILMAP.as_bytes()))?;
    let mut parent: Option<ObjectId> = None;
    let mut first = None;
    for number in 0..=LAST {
        let file = write(Kind::Blob, text_below(dice, 2_048).as_bytes())?;
        let entries = [(".mailmap", mailmap), ("file", file)];
        let entry = |(name, id): (&str, ObjectId)| {
            [b"100644 ", name.as_bytes(), b"\0", id.as_slice()].concat()
        };
        let tree = write(Kind::Tree, &entries.map(entry).concat())?;
        let said = match number {
            0 | LAST => SAID.as_bytes().to_vec(),
            _ if dice.u32(..LARGEST_IN) == 0 => [SAID, &largest(dice)].concat().into_bytes(),
            _ => touched_bytes(dice, SAID.as_bytes(), SAID.as_bytes()),
        };
        let begins = match parent {
            Some(parent) => format!("tree {tree}\nparent {parent}\n"),
            None => format!("tree {tree}\n"),
        };
        let commit = write(Kind::Commit, &[begins.as_bytes(), &said].concat())?;
        first.get_or_insert(commit);
        parent = Some(commit);
    }
    let (Some(first), Some(last)) = (first, parent) else { unreachable!("it has commits") };
    point(folder.path(), last)?;
    Ok([first, last])
}

/// By hand: who may be asked to write a reference wants to know who does it.
fn point(repository: &Path, at: ObjectId) -> Outcome<()> {
    let heads = repository.join("refs/heads");
    std::fs::create_dir_all(&heads)?;
    std::fs::write(heads.join("main"), format!("{at}\n"))?;
    std::fs::write(repository.join("HEAD"), "ref: refs/heads/main\n")?;
    Ok(())
}

/// Errors of `gix` are no `Error` of the standard library's.
fn unable(error: impl std::fmt::Display) -> Failure {
    Failure::Unable(error.to_string())
}
