//! Where a repository is and what it is called.

use activity_sources::git::{GitOptions, GitSource};
use activity_sources::{ActivitySource, NoticeKind, SourceError, SourceStream, open_source};
use ledger_core::CursorKey;
use serde_json::json;

use crate::repository::{ANN, BOB, START, TestRepository, all, at, collect};

fn refused(path: &str, options: GitOptions) -> String {
    GitSource::open(path, options).expect_err("refused").to_string()
}

fn on_branch(branch: &str) -> GitOptions {
    GitOptions { branch: Some(branch.to_owned()), ..GitOptions::default() }
}

fn called(name: &str) -> GitOptions {
    GitOptions { repository_name: Some(name.to_owned()), ..GitOptions::default() }
}

#[test]
fn what_is_no_repository_is_refused_with_what_to_do() {
    let advice = "Give the path of a clone, or make one with `git clone`";
    let (around, nowhere) = (TestRepository::new(), tempfile::tempdir().expect("a folder"));
    // Not even where there is a repository around it.
    for folder in [around.path.as_path(), nowhere.path()] {
        let folder = folder.join("folder");
        let text = refused(&folder.display().to_string(), GitOptions::default());
        assert!(text.ends_with(&format!("folder\" does not exist. {advice}")), "{text}");
        std::fs::create_dir(&folder).expect("a folder");
        let text = refused(&folder.display().to_string(), GitOptions::default());
        let said = "is not a git repository, but an empty folder";
        assert!(text.ends_with(&format!("folder\" {said}. {advice}")), "{text}");
    }
    let text = refused(&nowhere.path().display().to_string(), GitOptions::default());
    let said = "is not a git repository, and is not inside one";
    assert!(text.ends_with(&format!("\" {said}. {advice}")), "{text}");
    for url in ["https://me:s3cret@github.com/o/r", "me:s3cret@github.com:o/r"] {
        let text = refused(url, GitOptions::default());
        assert!(text.contains("was given as a URL") && !text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn a_repository_without_commits_is_no_error() {
    for repository in [TestRepository::new(), TestRepository::bare()] {
        let source = repository.source();
        let list = source.streams().await.expect("no error");
        assert_eq!(list.streams, []);
        assert_eq!(list.notices[0].kind, NoticeKind::NothingYet);
        let text = "project has no commits yet on refs/heads/main";
        assert_eq!(list.notices[0].message, text);
        assert_eq!(source.newest_commit_time(at(START)).await, Ok(None));
        let stream = SourceStream {
            key: CursorKey::new(source.name().clone(), "refs/heads/main", "project").expect("ok"),
        };
        let error = source.read(&stream, None, all()).await.err().expect("refused");
        assert!(matches!(error, SourceError::NoSuchStream { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_branch_is_found_by_any_name_or_refused_with_what_there_is() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    repository.git(&["branch", "feature/x"]);
    repository.commit(START + 1, ANN, "two\n", ("f", b"2"));
    let clone = repository.cloned("project", &[]);
    for (branch, full, events) in
        [("feature/x", "refs/heads/feature/x", 1), ("refs/heads/main", "refs/heads/main", 2)]
    {
        let source = repository.source_with(on_branch(branch));
        assert_eq!(source.branch(), full);
        assert_eq!(collect(&source, None, all()).await.events.len(), events);
    }
    let source = clone.source_with(on_branch("origin/feature/x"));
    assert_eq!(source.branch(), "refs/remotes/origin/feature/x");
    let path = repository.path.display().to_string();
    assert_eq!(
        refused(&path, on_branch("trunk")),
        "project has no branch \"trunk\". It has: feature/x, main. Name one of them"
    );
    for number in 0..20 {
        repository.git(&["branch", &format!("b{number}")]);
    }
    assert!(refused(&path, on_branch("trunk")).contains("and 12 more. Name one of them"));
    repository.git(&["symbolic-ref", "HEAD", "refs/heads/never"]);
    let text = refused(&path, GitOptions::default());
    let start = "project has no commits on the branch HEAD names, \"refs/heads/never\". It has: ";
    assert!(text.starts_with(start), "{text}");
}

#[tokio::test]
async fn every_way_to_keep_a_repository_gives_the_same_events() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("ünïcode/f", b"1"));
    repository.commit(START + 1, BOB, "two\n", ("ünïcode/f", b"2"));
    let expected = collect(&repository.source(), None, all()).await;
    let linked = repository.beside("linked");
    let linked_path = linked.display().to_string();
    repository.git(&["worktree", "add", "--quiet", "--detach", &linked_path]);
    let bare = repository.cloned("project.git", &["--bare"]);
    repository.git(&["pack-refs", "--all"]);
    for (path, branch) in [
        (repository.path.join("ünïcode"), "refs/heads/main"),
        (repository.path.join(".git"), "refs/heads/main"),
        (bare.path.clone(), "refs/heads/main"),
        (linked, "HEAD"),
    ] {
        let source = GitSource::open(&path, GitOptions::default()).expect("a repository");
        assert_eq!(source.branch(), branch, "{path:?}");
        assert_eq!(source.repository_name(), "project", "{path:?}");
        assert_eq!(collect(&source, None, all()).await.events, expected.events, "{path:?}");
    }
}

#[test]
fn formats_that_cannot_be_read_are_refused_and_not_taken_for_empty() {
    let repository = TestRepository::new();
    repository.git(&["config", "core.repositoryFormatVersion", "1"]);
    repository.git(&["config", "extensions.refStorage", "reftable"]);
    let error = refused(&repository.path.display().to_string(), GitOptions::default());
    let text = "keeps its branches in a format this program cannot read (reftable). Convert it";
    assert!(error.contains(text), "{error}");
    let folder = repository.beside("sha256").display().to_string();
    TestRepository::new().git(&["init", "--quiet", "--object-format=sha256", &folder]);
    let error = refused(&folder, GitOptions::default());
    assert!(error.contains("cannot be opened as a git repository"), "{error}");
}

#[tokio::test]
async fn a_mailmap_that_cannot_be_read_is_an_error() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let large = std::fs::File::create(repository.path.join(".mailmap")).expect("a file");
    large.set_len(9 * 1024 * 1024).expect("a length");
    let source = repository.source();
    let stream = source.streams().await.expect("streams").streams.remove(0);
    let error = source.read(&stream, None, all()).await.err().expect("refused").to_string();
    let text = "the .mailmap of project cannot be read: it is larger than 8388608 bytes";
    assert_eq!(error, text);
}

#[tokio::test]
async fn a_tip_that_moves_is_seen_by_a_source_that_stays_open() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let source = repository.source();
    let first = collect(&source, None, all()).await;
    repository.commit(START + 1, ANN, "two\n", ("f", b"2"));
    repository.git(&["gc", "--quiet"]);
    let second = collect(&source, Some(&first.cursor), all()).await;
    assert_eq!((first.events.len(), second.events.len()), (1, 1));
}

#[test]
fn the_name_comes_from_origin_then_the_first_remote_then_the_folder() {
    let repository = TestRepository::new();
    let name = || repository.source().repository_name().to_owned();
    assert_eq!(name(), "project");
    repository.git(&["remote", "add", "upstream", "https://git.example.org:8443/A/B.git"]);
    assert_eq!(name(), "git.example.org/A/B");
    repository.git(&["remote", "add", "origin", "ssh://git@GitHub.com/Owner/Repo.git"]);
    assert_eq!(name(), "github.com/owner/repo");
    repository.git(&["config", "--add", "remote.origin.url", "https://example.org/second"]);
    assert_eq!(name(), "github.com/owner/repo", "git fetches from the first");
    let source = repository.source_with(called("tools"));
    assert_eq!(source.repository_name(), "tools");
    let path = repository.path.display().to_string();
    for name in ["https://me:s3cret@github.com/o/r", "me:s3cret@host:o/r", "", " x", "a\nb"] {
        let text = refused(&path, called(name));
        assert!(text.contains("must be like github.com/owner/repo"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test]
async fn a_credential_of_the_remote_shows_nowhere() {
    let repository = TestRepository::new();
    let url = "https://me:s3cret@github.com/Owner/Repo.git";
    repository.git(&["remote", "add", "origin", url]);
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let source = repository.source();
    let mut run = collect(&source, None, all()).await;
    repository.git(&["checkout", "--quiet", "--orphan", "other"]);
    repository.commit(START + 1, ANN, "two\n", ("f", b"2"));
    repository.git(&["branch", "--force", "main", "other"]);
    let rewritten = collect(&source, Some(&run.cursor), all()).await;
    assert_eq!(rewritten.notices.len(), 1);
    run.notices.extend(rewritten.notices);
    let path = repository.path.display().to_string();
    let errors = [refused(&path, on_branch("x")), refused(&path, called("a@b"))];
    let shown = format!("{source:?} {run:?} {errors:?} {:?}", source.streams().await);
    assert!(shown.contains("github.com/owner/repo"));
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_shallow_clone_is_read_with_a_notice_and_later_the_rest() {
    let repository = TestRepository::new();
    for time in 0..6 {
        let content = time.to_string();
        repository.commit(START + time, ANN, &content, ("f", content.as_bytes()));
    }
    let whole = collect(&repository.source(), None, all()).await;
    let clone = repository.cloned("project", &["--depth=2"]);
    let first = collect(&clone.source(), None, all()).await;
    assert_eq!(first.events.len(), 2);
    assert_eq!(first.kinds(), [NoticeKind::PartOfHistory]);
    let files =
        |at: usize| first.events[at].metadata.as_ref().expect("some")["files_changed"].clone();
    assert_eq!(
        (files(0), files(1)),
        (json!(null), json!(1)),
        "the parent of the first is not here"
    );
    let again = collect(&clone.source(), Some(&first.cursor), all()).await;
    assert_eq!((again.events.len(), &again.cursor), (0, &first.cursor));
    // Deepening brings older commits, and cutting the run short loses none of them.
    clone.git(&["fetch", "--quiet", "--depth=4"]);
    let source = clone.source().with_page_events(1);
    let deeper = crate::repository::collect_pages(&source, Some(&first.cursor), all(), 1).await;
    assert_eq!(deeper.events.len(), 1);
    clone.git(&["fetch", "--quiet", "--unshallow"]);
    let rest = collect(&source, Some(&deeper.cursor), all()).await;
    assert_eq!((rest.events.len(), rest.kinds()), (3, vec![]));
    let ids = |runs: &[&crate::repository::Run]| {
        let mut ids: Vec<_> = runs.iter().flat_map(|r| r.commits()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&[&first, &deeper, &rest]), ids(&[&whole]), "each exactly once");
}

#[tokio::test]
async fn a_shallow_clone_with_many_ends_is_read_again_each_time() {
    let repository = TestRepository::bare();
    let mut stream = String::new();
    let mut commit = |mark: i64, parents: &[i64]| {
        stream.push_str(&format!(
            "reset refs/heads/main\ncommit refs/heads/main\nmark :{mark}\n\
             committer C <c@c> {} +0000\ndata 1\nx\n",
            START + mark
        ));
        for (number, parent) in parents.iter().enumerate() {
            stream.push_str(if number == 0 { "from" } else { "merge" });
            stream.push_str(&format!(" :{parent}\n"));
        }
        stream.push('\n');
    };
    for pair in 1..=70 {
        commit(pair * 2, &[]);
        commit(pair * 2 + 1, &[pair * 2]);
    }
    let sides: Vec<_> = (1..=70).map(|pair| pair * 2 + 1).collect();
    commit(999, &sides);
    repository.import(&stream);
    let clone = repository.cloned("project", &["--depth=2"]);
    let first = collect(&clone.source().with_page_events(50), None, all()).await;
    assert_eq!(first.events.len(), 71);
    assert!(first.notices[0].message.contains("every run reads all of it again"));
    let again = collect(&clone.source(), Some(&first.cursor), all()).await;
    assert_eq!(again.events, first.events);
}

#[tokio::test]
async fn a_shallow_clone_that_moves_on_does_not_claim_a_rewrite() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let clone = repository.cloned("project", &["--depth=1"]);
    let first = collect(&clone.source(), None, all()).await;
    for time in [1, 2, 3] {
        let content = time.to_string();
        repository.commit(START + time, ANN, &content, ("f", content.as_bytes()));
    }
    clone.git(&["fetch", "--quiet", "--depth=1"]);
    clone.git(&["reset", "--quiet", "--hard", "origin/main"]);
    let second = collect(&clone.source(), Some(&first.cursor), all()).await;
    assert_eq!(second.events.len(), 1);
    assert_eq!(second.kinds(), [NoticeKind::PartOfHistory, NoticeKind::HistoryRewritten]);
    assert!(second.notices[1].message.contains("cannot be seen in a shallow clone"));
}

#[tokio::test]
async fn replacements_and_grafts_are_one_clones_own_and_ignored() {
    let repository = TestRepository::new();
    let root = repository.commit(START, ANN, "one\n", ("f", b"1"));
    let second = repository.commit(START + 1, ANN, "two\n", ("f", b"2"));
    repository.commit(START + 2, ANN, "three\n", ("f", b"3"));
    let before = collect(&repository.source(), None, all()).await;
    repository.git(&["replace", &second, &root]);
    assert_eq!(repository.git(&["rev-list", "--count", "HEAD"]).trim(), "2", "git follows it");
    assert_eq!(collect(&repository.source(), None, all()).await.events, before.events);
    repository.git(&["replace", "--delete", &second]);
    std::fs::write(repository.path.join(".git/info/grafts"), format!("{second}\n")).expect("ok");
    assert_eq!(collect(&repository.source(), None, all()).await.events, before.events);
}

#[tokio::test]
async fn somebody_elses_repository_can_be_read() {
    let repository = TestRepository::new();
    repository.git(&["remote", "add", "origin", "https://example.org/a/b"]);
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let path = repository.path.display().to_string();
    let changed = std::process::Command::new("chown").args(["-R", "65534", &path]).status();
    if !changed.is_ok_and(|status| status.success()) {
        return; // Only root can give files away.
    }
    assert_eq!(repository.source().repository_name(), "example.org/a/b");
    assert_eq!(collect(&repository.source(), None, all()).await.events.len(), 1);
}

#[tokio::test]
async fn the_newest_commit_up_to_a_moment_is_known() {
    let repository = TestRepository::new();
    for time in [10, 30, 20, 50] {
        let content = time.to_string();
        repository.commit(START + time, ANN, &content, ("f", content.as_bytes()));
    }
    let source = repository.source();
    for (moment, newest) in [(100, 50), (50, 50), (49, 30), (30, 30), (29, 20), (5, 50)] {
        let found = source.newest_commit_time(at(START + moment)).await;
        assert_eq!(found, Ok(Some(at(START + newest))), "not after {moment}");
    }
}

#[tokio::test]
async fn a_registered_source_opens_from_settings() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let settings = json!({"path": repository.path, "branch": "main", "bots": ["x"]});
    let source = open_source("git", &settings).await.expect("a source");
    assert_eq!(source.name().as_str(), "git");
    assert_eq!(source.streams().await.expect("streams").streams.len(), 1);
    for (name, settings, text) in [
        (
            "svn",
            json!({}),
            "the settings of source \"svn\" cannot be used: there is no such source; known are: csv, gharchive, git, github, ndjson",
        ),
        ("git", json!({}), "the settings of source git cannot be used: missing field `path`"),
        ("git", json!({"path": ".", "brunch": "x"}), "unknown field `brunch`"),
        (
            "git",
            json!({"path": ".", "bots": [" "]}),
            "a bot's name or email is empty; leave it out",
        ),
    ] {
        let error = open_source(name, &settings).await.err().expect("refused").to_string();
        assert!(error.contains(text), "{error}");
    }
}
