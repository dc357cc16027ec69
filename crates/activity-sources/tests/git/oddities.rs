//! Commits that should not exist and do: odd dates, broken text, missing objects.

use activity_sources::{ActivitySource, NoticeKind, SourceError};

use crate::repository::{ANN, START, TestRepository, all, collect, window};

/// A commit object with these header lines after its tree and parent.
fn object(repository: &TestRepository, parent: &str, rest: &[u8]) -> String {
    let tree = repository.git(&["rev-parse", &format!("{parent}^{{tree}}")]);
    let header = format!("tree {}\nparent {parent}\n", tree.trim());
    repository.commit_object(&[header.as_bytes(), rest].concat())
}

#[tokio::test]
async fn impossible_dates_cost_one_commit_and_are_told_once() {
    let repository = TestRepository::new();
    let mut parent = repository.commit(START, ANN, "root\n", ("f", b"1"));
    let mut faulty = Vec::new();
    for date in ["99999999999999 +0000", "99999999999999999999999 +0000", "noon +0000", ""] {
        let rest = format!("author A <a@b> {START} +0000\ncommitter C <c@c> {date}\n\nodd\n");
        parent = object(&repository, &parent, rest.as_bytes());
        faulty.push(parent.clone());
    }
    let no_committer = format!("author A <a@b> {START} +0000\n\nodd\n");
    parent = object(&repository, &parent, no_committer.as_bytes());
    faulty.push(parent.clone());
    let good = format!("author A <a@b> long ago\ncommitter C <c@c> {} -9999\n\ngood\n", START + 9);
    let good = object(&repository, &parent, good.as_bytes());
    let run = collect(&repository.source(), None, all()).await;
    assert_eq!(run.events.len(), 2, "the rest is not lost");
    let event = run.event(&good);
    assert!(event.metadata.as_ref().expect("some")["author_time"].is_null());
    assert_eq!((run.tally.faulty, run.tally.read, run.tally.waiting), (5, 2, 0));
    assert!(run.kinds().iter().all(|kind| *kind == NoticeKind::FaultyFact));
    for id in &faulty {
        let found = run.notices.iter().filter(|notice| notice.message.contains(id)).count();
        assert_eq!(found, 1, "{id}");
    }
    let year = "its committer date \"99999999999999\" is outside the years 1 to 9999";
    assert!(run.notices.iter().any(|notice| notice.message.ends_with(year)));
    let again = collect(&repository.source(), Some(&run.cursor), all()).await;
    assert_eq!((again.notices.len(), again.tally.faulty), (0, 0));
}

#[tokio::test]
async fn a_fault_is_told_once_while_other_commits_wait() {
    let repository = TestRepository::new();
    let root = repository.commit(START, ANN, "root\n", ("f", b"1"));
    let odd = "author A <a@b> 1 +0000\ncommitter C <c@c> never\n\nodd\n";
    let odd = object(&repository, &root, odd.as_bytes());
    let waits = format!("author A <a@b> 1 +0000\ncommitter C <c> {} +0000\n\nw\n", START + 90);
    let waits = object(&repository, &odd, waits.as_bytes());
    let above = "author A <a@b> 1 +0000\ncommitter C <c@c> never\n\nabove\n";
    object(&repository, &waits, above.as_bytes());
    let first = collect(&repository.source(), None, window(0, 50)).await;
    assert_eq!((first.tally.faulty, first.tally.waiting), (2, 1));
    let second = collect(&repository.source(), Some(&first.cursor), window(0, 50)).await;
    assert_eq!((second.tally.faulty, second.tally.waiting), (0, 1));
}

#[tokio::test]
async fn many_faults_are_bounded_and_the_rest_counted() {
    let repository = TestRepository::new();
    let mut parent = repository.commit(START, ANN, "root\n", ("f", b"1"));
    for number in 0..25 {
        let rest = format!("author A <a@b> 1 +0000\ncommitter C <c@c> never\n\n{number}\n");
        parent = object(&repository, &parent, rest.as_bytes());
    }
    let run = collect(&repository.source(), None, all()).await;
    assert_eq!((run.notices.len(), run.notices_left_out, run.tally.faulty), (20, 5, 25));
}

#[tokio::test]
async fn encodings_are_honoured_and_broken_text_is_marked() {
    let repository = TestRepository::new();
    let mut parent = repository.commit(START, ANN, "root\n", ("f", b"1"));
    let cases: [(&[u8], &[u8], &str, &str); 4] = [
        (b"encoding ISO-8859-1\n", b"J\xfcrgen", "Jürgen", "J\u{fc}rgen"),
        (b"encoding Shift_JIS\n", b"\x93\xfa\x96\x7b", "日本", "日本"),
        (b"encoding no-such\n", b"J\xfcrgen", "J\u{fffd}rgen", "J\u{fffd}rgen"),
        (b"", b"a\x01b\xff", "a\u{fffd}b\u{fffd}", "a\u{fffd}b\u{fffd}"),
    ];
    let time =
        |number: usize| format!("{} +0000", START + 1 + i64::try_from(number).expect("small"));
    for (number, (encoding, text, _, _)) in cases.iter().enumerate() {
        let time = time(number);
        let rest = [
            b"author ",
            *text,
            b" <",
            *text,
            b"@B> ",
            time.as_bytes(),
            b"\ncommitter C <c> ",
            time.as_bytes(),
            b"\n",
            encoding,
            b"\n",
            text,
            b"\n",
        ]
        .concat();
        parent = object(&repository, &parent, &rest);
    }
    let run = collect(&repository.source(), None, all()).await;
    for (event, (_, _, name, subject)) in run.events[1..].iter().zip(cases) {
        assert_eq!(event.platform_login.as_deref(), Some(name));
        assert_eq!(event.platform_user_id.as_str(), format!("{}@b", name.to_lowercase()));
        assert_eq!(event.metadata.as_ref().expect("some")["subject"], subject);
    }
    assert_eq!(run.events.len(), 5);
}

#[tokio::test]
async fn nobody_and_everybody_has_an_identity() {
    let repository = TestRepository::new();
    let mut parent = repository.commit(START, ANN, "root\n", ("f", b"1"));
    let long = "x".repeat(5_000);
    let cases = [
        ("Only Name <>".to_owned(), "name:only name"),
        (" <>".to_owned(), "unknown"),
        ("no brackets".to_owned(), "unknown"),
        (format!("{long} <{long}1@b>"), "xxx"),
        (format!("{long} <{long}2@b>"), "xxx"),
    ];
    for (number, (author, _)) in cases.iter().enumerate() {
        let rest = format!(
            "author {author} {START} +0000\ncommitter C <c> {} +0000\n\n{long}\n",
            START + 1 + i64::try_from(number).expect("small")
        );
        parent = object(&repository, &parent, rest.as_bytes());
    }
    let run = collect(&repository.source(), None, all()).await;
    for (event, (author, expected)) in run.events[1..].iter().zip(&cases) {
        assert!(event.platform_user_id.as_str().starts_with(expected), "{author:.20}");
    }
    assert_ne!(run.events[4].platform_user_id, run.events[5].platform_user_id);
    let subject = run.events[1].metadata.as_ref().expect("some")["subject"].clone();
    assert_eq!(subject.as_str().expect("text").chars().count(), 201);
}

/// Removes a loose object from the repository.
fn remove_object(repository: &TestRepository, id: &str) {
    let path = repository.path.join(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
    std::fs::remove_file(path).expect("a loose object");
}

#[tokio::test]
async fn a_missing_object_is_named_with_what_to_do() {
    for what in ["HEAD^", "HEAD~1^{tree}", "HEAD~1:d", "HEAD~1:d/f"] {
        let copy = TestRepository::new();
        for (time, content) in [(0, b"1"), (1, b"2"), (2, b"3")] {
            copy.commit(START + time, ANN, "change\n", ("d/f", content));
        }
        let id = copy.git(&["rev-parse", what]).trim().to_owned();
        remove_object(&copy, &id);
        let source = copy.source();
        let stream = source.streams().await.expect("streams").streams.remove(0);
        let error = match source.read(&stream, None, all()).await {
            Ok(_) if what == "HEAD^" => panic!("the walk needs every commit"),
            Ok(mut reader) => reader.next_page().await.expect_err("refused"),
            Err(error) => error,
        };
        assert!(matches!(error, SourceError::Damaged { .. }), "{what}: {error}");
        let text = error.to_string();
        assert!(
            text.contains(&format!("object {id} is missing. Run `git fsck`")),
            "{what}: {text}"
        );
    }
}

#[tokio::test]
async fn a_corrupt_object_is_named() {
    let repository = TestRepository::new();
    let first = repository.commit(START, ANN, "one\n", ("f", b"1"));
    repository.commit(START + 1, ANN, "two\n", ("f", b"2"));
    remove_object(&repository, &first);
    let path = repository.path.join(format!(".git/objects/{}/{}", &first[..2], &first[2..]));
    std::fs::write(path, b"not zlib").expect("a file");
    let source = repository.source();
    let stream = source.streams().await.expect("streams").streams.remove(0);
    let error = source.read(&stream, None, all()).await.err().expect("refused").to_string();
    assert!(error.contains(&format!("object {first} cannot be read")), "{error}");
    assert!(error.ends_with("Run `git fsck` in the repository, or clone it again"), "{error}");
}

#[tokio::test]
async fn a_partial_clone_says_what_it_lacks() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    repository.commit(START + 1, ANN, "two\n", ("f", b"2"));
    repository.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = repository.cloned("project", &["--filter=blob:none", "--no-checkout"]);
    let source = clone.source();
    let stream = source.streams().await.expect("streams").streams.remove(0);
    let mut reader = source.read(&stream, None, all()).await.expect("a reader");
    let error = reader.next_page().await.expect_err("refused").to_string();
    assert!(error.contains("this is a partial clone (--filter). Clone"), "{error}");
}

#[tokio::test]
async fn modes_of_very_old_commits_are_no_change() {
    let repository = TestRepository::new();
    let parent = repository.commit(START, ANN, "root\n", ("f", b"1\n"));
    let blob = repository.git(&["rev-parse", "HEAD:f"]);
    let entry = [b"100664 f\0", &hex(blob.trim())[..]].concat();
    let tree = repository.write_object("tree", &entry);
    let rest = format!("author A <a@b> {START} +0000\ncommitter C <c> {} +0000\n\nm\n", START + 1);
    let object = format!("tree {tree}\nparent {parent}\n{rest}");
    let id = repository.commit_object(object.as_bytes());
    assert_eq!(repository.git(&["show", "--numstat", "--format=", &id]), "");
    let run = collect(&repository.source(), None, all()).await;
    let metadata = run.event(&id).metadata.as_ref().expect("some");
    assert_eq!(metadata["files_changed"], 0);
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(digit).collect()
}
