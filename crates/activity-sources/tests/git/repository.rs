//! Repositories to read, and readers of them.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use activity_sources::git::{GitOptions, GitSource};
use activity_sources::{ActivitySource, CollectWindow, Notice, NoticeKind, SourcePage, Tally};
use ledger_core::{NewActivityEvent, Timestamp};
use tempfile::TempDir;

/// When the histories of these tests begin: 2023-11-14T22:13:20Z.
pub(crate) const START: i64 = 1_700_000_000;

pub(crate) const ANN: &str = "Ann <ann@example.org>";
pub(crate) const BOB: &str = "Bob <bob@example.org>";

/// A repository in a folder that goes away with it.
pub(crate) struct TestRepository {
    folder: TempDir,
    pub(crate) path: PathBuf,
}

impl TestRepository {
    /// An empty one with a work tree, on branch `main`, called `project`.
    pub(crate) fn new() -> Self {
        Self::init(&["--initial-branch=main"])
    }

    /// An empty one without a work tree.
    pub(crate) fn bare() -> Self {
        Self::init(&["--initial-branch=main", "--bare"])
    }

    fn init(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("project");
        std::fs::create_dir(&path).expect("a folder");
        let repository = Self { folder, path };
        repository.git(&[&["init", "--quiet"], options].concat());
        repository
    }

    /// A clone of it, next to it, made with these options.
    pub(crate) fn cloned(&self, name: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        let url = format!("file://{}", self.path.display());
        let target = path.display().to_string();
        self.git(&[&["clone", "--quiet"], options, &[&url, &target]].concat());
        Self { folder, path }
    }

    /// A path next to the repository.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs git in the repository; what it prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_at(START, ANN, arguments, "")
    }

    /// Runs git as somebody at some time, with input.
    pub(crate) fn git_at(&self, time: i64, who: &str, arguments: &[&str], input: &str) -> String {
        run_git(&self.path, time, who, arguments, input.as_bytes())
    }

    /// Writes a file and commits everything.
    pub(crate) fn commit(
        &self,
        time: i64,
        who: &str,
        message: &str,
        file: (&str, &[u8]),
    ) -> String {
        let path = self.path.join(file.0);
        std::fs::create_dir_all(path.parent().expect("inside")).expect("folders");
        std::fs::write(path, file.1).expect("a file");
        self.commit_all(time, who, message)
    }

    /// Commits what is in the work tree.
    pub(crate) fn commit_all(&self, time: i64, who: &str, message: &str) -> String {
        self.git(&["add", "--all"]);
        let arguments = ["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "--file=-"];
        self.git_at(time, who, &arguments, message);
        self.tip()
    }

    /// The id of `HEAD`.
    pub(crate) fn tip(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Feeds `git fast-import`, then makes the work tree look like the branch.
    pub(crate) fn import(&self, stream: &str) {
        self.git_at(START, ANN, &["fast-import", "--quiet", "--force"], stream);
    }

    /// Writes a commit object as it is, whatever is wrong with it, and moves `main` there.
    pub(crate) fn commit_object(&self, object: &[u8]) -> String {
        let id = self.write_object("commit", object);
        self.git(&["update-ref", "refs/heads/main", &id]);
        id
    }

    /// Writes an object as it is; its id.
    pub(crate) fn write_object(&self, kind: &str, object: &[u8]) -> String {
        let arguments = ["hash-object", "-t", kind, "-w", "--stdin", "--literally"];
        run_git(&self.path, START, ANN, &arguments, object).trim().to_owned()
    }

    pub(crate) fn source(&self) -> GitSource {
        self.source_with(GitOptions::default())
    }

    pub(crate) fn source_with(&self, options: GitOptions) -> GitSource {
        GitSource::open(&self.path, options).expect("a repository")
    }
}

fn run_git(folder: &Path, time: i64, who: &str, arguments: &[&str], input: &[u8]) -> String {
    let (name, email) = who.split_once(" <").expect("Name <email>");
    let (email, date) = (email.trim_end_matches('>'), format!("{time} +0000"));
    let mut child = Command::new("git")
        .args(["-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false"])
        .args(arguments)
        .current_dir(folder)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")])
        .envs([("GIT_AUTHOR_NAME", name), ("GIT_COMMITTER_NAME", name)])
        .envs([("GIT_AUTHOR_EMAIL", email), ("GIT_COMMITTER_EMAIL", email)])
        .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = {
        let input = input.to_owned();
        // Git may end before it reads everything; its exit code says what was wrong.
        std::thread::spawn(move || drop(stdin.write_all(&input)))
    };
    let output = child.wait_with_output().expect("git ends");
    writer.join().expect("the writer ends");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {problem}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).expect("a time")
}

/// From `since` up to `until`, in seconds after [`START`], read an hour after both.
pub(crate) fn window(since: i64, until: i64) -> CollectWindow {
    CollectWindow {
        since: at(START + since),
        until: at(START + until),
        retrieved_at: at(START + since.max(until) + 3_600),
    }
}

/// Everything that ever happens in these tests.
pub(crate) fn all() -> CollectWindow {
    window(-START, START)
}

/// What a run gave.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) events: Vec<NewActivityEvent>,
    pub(crate) cursor: String,
    pub(crate) tally: Tally,
    pub(crate) notices: Vec<Notice>,
    pub(crate) notices_left_out: u64,
    pub(crate) pages: usize,
}

impl Run {
    pub(crate) fn add(&mut self, page: SourcePage) {
        self.events.extend(page.events);
        self.cursor = page.next_cursor;
        self.tally += page.tally;
        self.notices.extend(page.notices);
        self.notices_left_out += page.notices_left_out;
        self.pages += 1;
    }

    /// The ids of the commits that events speak of, and that none speaks twice.
    pub(crate) fn commits(&self) -> BTreeSet<String> {
        let ids: Vec<_> = self.events.iter().map(|event| event.id.to_string()).collect();
        let unique: BTreeSet<_> = ids.iter().cloned().collect();
        assert_eq!(unique.len(), ids.len(), "an event was given twice");
        let commits = ids.iter().filter(|id| !id.contains(":coauthor:"));
        commits.map(|id| id.rsplit(':').next().expect("a part").to_owned()).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<NoticeKind> {
        self.notices.iter().map(|notice| notice.kind).collect()
    }

    pub(crate) fn event(&self, id_end: &str) -> &NewActivityEvent {
        let mut found = self.events.iter().filter(|event| event.id.as_str().ends_with(id_end));
        found.next().unwrap_or_else(|| panic!("no event ends in {id_end}"))
    }
}

/// Reads to the end.
pub(crate) async fn collect(
    source: &GitSource,
    cursor: Option<&str>,
    window: CollectWindow,
) -> Run {
    collect_pages(source, cursor, window, usize::MAX).await
}

/// Reads so many pages and then stops as if the program was killed.
pub(crate) async fn collect_pages(
    source: &GitSource,
    cursor: Option<&str>,
    window: CollectWindow,
    pages: usize,
) -> Run {
    let list = source.streams().await.expect("streams");
    let mut reader = source.read(&list.streams[0], cursor, window).await.expect("a reader");
    let mut run = Run { cursor: cursor.unwrap_or_default().to_owned(), ..Run::default() };
    while run.pages < pages {
        match reader.next_page().await.expect("a page") {
            Some(page) => run.add(page),
            None => break,
        }
    }
    for event in &run.events {
        assert_eq!(event.check(), Ok(()));
        assert_eq!(event.payload_hash, event.canonical_payload_hash());
        assert_eq!(event.retrieved_at, window.retrieved_at);
    }
    run
}

/// Lines of what git printed.
pub(crate) fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
}
