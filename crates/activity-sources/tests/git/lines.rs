//! How many lines a commit changes: what `git show --numstat` adds up to.

use serde_json::Value;

use crate::repository::{ANN, START, TestRepository, all, collect};

/// Files, insertions and deletions that git counts.
fn counted_by_git(repository: &TestRepository, id: &str) -> (u64, u64, u64) {
    let printed = repository.git(&["show", "--numstat", "--no-renames", "--format=", id]);
    let mut totals = (0, 0, 0);
    for line in printed.lines() {
        let mut parts = line.split('\t').map(|part| part.parse().unwrap_or(0));
        totals.0 += 1;
        totals.1 += parts.next().unwrap_or(0);
        totals.2 += parts.next().unwrap_or(0);
    }
    totals
}

fn counted(metadata: Option<&Value>) -> (u64, u64, u64) {
    let number = |field: &str| metadata.and_then(|m| m[field].as_u64()).expect("a count");
    (number("files_changed"), number("insertions"), number("deletions"))
}

/// Compares every commit of the branch with git; how many there were.
async fn assert_equals_numstat(repository: &TestRepository) -> usize {
    let run = collect(&repository.source(), None, all()).await;
    for id in run.commits() {
        let found = counted(run.event(&id).metadata.as_ref());
        let log = || repository.git(&["show", "--stat", &id]);
        assert_eq!(found, counted_by_git(repository, &id), "{}", log());
    }
    run.commits().len()
}

#[tokio::test]
async fn every_kind_of_change_counts_as_git_counts_it() {
    let repository = TestRepository::new();
    let mut time = START;
    let mut write = |files: &[(&str, &[u8])]| {
        for (name, content) in files {
            let path = repository.path.join(name);
            std::fs::create_dir_all(path.parent().expect("inside")).expect("folders");
            std::fs::write(path, content).expect("a file");
        }
        time += 1;
        repository.commit_all(time, ANN, "change\n")
    };
    write(&[("a", b"1\n2\n3\n"), ("empty", b""), ("no newline", b"1\n2"), ("dir/f", b"x\n")]);
    write(&[("a", b"1\nzwei\n3\n4\n"), ("no newline", b"1\n2\n")]);
    write(&[("crlf", b"1\r\n2\r\n"), ("binary", b"a\0b\n"), ("żółć/日本", "é\n".as_bytes())]);
    write(&[("crlf", b"1\n2\n"), ("binary", b"a\0c\n"), ("żółć/日本", b"e\nf\n")]);
    // NUL later than git looks is text.
    write(&[("late nul", &[&b"x".repeat(8_000)[..], b"\0\n"].concat())]);
    write(&[("a.up", b"lower\n"), ("a-", b"1\n"), ("a.b/c", b"1\n")]);
    repository.git(&["mv", "a", "renamed"]);
    write(&[("renamed", b"1\nzwei\n3\n4\n5\n")]);
    repository.git(&["update-index", "--chmod=+x", "crlf"]);
    repository.git_at(START + 99, ANN, &["commit", "--quiet", "-m", "mode"], "");
    repository.git(&["reset", "--quiet", "--hard"]);
    std::fs::remove_file(repository.path.join("dir/f")).expect("a file");
    std::fs::remove_dir(repository.path.join("dir")).expect("a folder");
    write(&[("dir", b"a file now\n")]);
    std::fs::remove_file(repository.path.join("dir")).expect("a file");
    write(&[("dir/again/f", b"a folder again\n")]);
    assert_eq!(assert_equals_numstat(&repository).await, 10);
}

#[tokio::test]
#[cfg(unix)]
async fn links_and_submodules_count_as_git_counts_them() {
    let repository = TestRepository::new();
    let other = TestRepository::new();
    let first = other.commit(START, ANN, "one\n", ("f", b"1\n"));
    let second = other.commit(START, ANN, "two\n", ("f", b"2\n"));
    repository.commit(START, ANN, "root\n", ("file", b"1\n2\n"));
    let link = |target: &str, name: &str| {
        let path = repository.path.join(name);
        drop(std::fs::remove_file(&path));
        std::os::unix::fs::symlink(target, path).expect("a link");
    };
    link("somewhere", "link");
    repository.commit_all(START + 1, ANN, "link\n");
    link("elsewhere", "link");
    link("elsewhere", "file");
    repository.commit_all(START + 2, ANN, "link\n");
    for (number, id) in [(3, &first), (4, &second)] {
        let entry = format!("160000,{id},module");
        repository.git(&["update-index", "--add", "--cacheinfo", &entry]);
        repository.git_at(START + number, ANN, &["commit", "--quiet", "-m", "module"], "");
    }
    let entry = format!("160000,{second},link");
    repository.git(&["update-index", "--add", "--cacheinfo", &entry]);
    repository.git(&["rm", "--quiet", "--cached", "module"]);
    repository.git_at(START + 5, ANN, &["commit", "--quiet", "-m", "all"], "");
    assert_eq!(assert_equals_numstat(&repository).await, 6);
    let run = collect(&repository.source(), None, all()).await;
    assert_eq!(counted(run.events[4].metadata.as_ref()), (1, 1, 1), "a submodule that moved");
}

/// A small generator, so that the same files come every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % limit
    }
}

#[tokio::test]
async fn generated_edits_count_as_git_counts_them() {
    let repository = TestRepository::new();
    let mut random = Random(7);
    let mut stream = String::from("reset refs/heads/main\n");
    let mut text: Vec<String> = (0..400).map(|n| format!("line {n}")).collect();
    for number in 0..120_i64 {
        // Few different lines and many edits are what diff heuristics stumble on.
        for _ in 0..random.below(120) {
            let at = usize::try_from(random.below(text.len() as u64)).expect("small");
            match random.below(4) {
                0 => text.insert(at, format!("line {}", random.below(50))),
                1 if text.len() > 10 => drop(text.remove(at)),
                2 => text[at] = "}".to_owned(),
                _ => text[at] = format!("line {}", random.below(400)),
            }
        }
        let mut content = text.join("\n");
        content.push_str(if random.below(2) == 0 { "\n" } else { "" });
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter C <c@c> {} +0000\ndata 1\nx\nM 100644 inline f\ndata {}\n{content}\n",
            START + number,
            content.len(),
        ));
    }
    repository.import(&stream);
    assert_eq!(assert_equals_numstat(&repository).await, 120);
}

#[tokio::test]
async fn a_huge_file_counts_as_a_binary_one() {
    let repository = TestRepository::new();
    let limit = usize::try_from(activity_sources::git::MAX_COUNTED_BYTES).expect("fits");
    let huge = "a line of sixteen\n".repeat(limit / 18 + 1);
    repository.commit(START, ANN, "huge\n", ("huge", huge.as_bytes()));
    repository.commit(START + 1, ANN, "just\n", ("just", &huge.as_bytes()[..limit]));
    let run = collect(&repository.source(), None, all()).await;
    let metadata = |at: usize| run.events[at].metadata.clone().expect("metadata");
    assert_eq!(counted(Some(&metadata(0))), (1, 0, 0));
    assert_eq!(metadata(0)["uncounted_files"], 1);
    assert_eq!(counted(Some(&metadata(1))).1, (limit / 18 + 1) as u64);
    assert_eq!(metadata(1)["uncounted_files"], 0);
}

#[tokio::test]
async fn what_a_user_configures_changes_nothing() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"a\nb\nc\n"));
    repository.commit(START + 1, ANN, "two\n", ("f", b"b\nc\na\n"));
    let before = collect(&repository.source(), None, all()).await;
    for (key, value) in [
        ("diff.algorithm", "patience"),
        ("diff.renames", "copies"),
        ("diff.external", "false"),
        ("diff.up.textconv", "false"),
        ("mailmap.file", "elsewhere"),
        ("mailmap.blob", "HEAD:elsewhere"),
        ("core.attributesFile", "attributes"),
        ("log.mailmap", "false"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
        ("core.commitGraph", "true"),
    ] {
        repository.git(&["config", key, value]);
    }
    let elsewhere = repository.path.join("elsewhere");
    std::fs::write(elsewhere, "Somebody Else <else@example.org> <ann@example.org>\n").expect("ok");
    for file in ["attributes", ".gitattributes", ".git/info/attributes"] {
        std::fs::write(repository.path.join(file), "* -diff filter=up\n").expect("a file");
    }
    let by_git = repository.git(&["show", "--numstat", "--format=", "--no-ext-diff"]);
    assert!(by_git.starts_with('-'), "git looks at them: {by_git}");
    let after = collect(&repository.source(), None, all()).await;
    assert_eq!(before.events, after.events);
}
