//! Files of GH Archive: the same facts as GitHub's own, of the repositories that are wanted.

use activity_sources::gharchive::{ArchiveOptions, ArchiveSource};
use activity_sources::github::{Delivery, Received, WebhookReader};
use activity_sources::{ActivitySource as _, CollectWindow, NoticeKind, SourceError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger_core::NewActivityEvent;
use serde_json::{Value, json};
use sha2::Sha256;
use source_testkit::{account, check_source, pull_request, review};

use crate::archive_lines::{
    Archives, acme, commented, commented_in, comments, compressed, line, notices, read, text,
    told_twice,
};
use crate::stage::{Books, ORCHARD, at, on, week};

#[tokio::test]
async fn archives_conform() {
    for content in [compressed(&text(&comments())), text(&comments())] {
        let (_folder, path) = Archives::of(&content);
        for page_events in [1, 2, 5] {
            let open = || acme(&path).with_page_events(page_events);
            assert_eq!(check_source(open, week(), at("2026-11-20")).await, Ok(()), "{page_events}");
        }
    }
}

fn delivered(event: &str, body: &Value) -> NewActivityEvent {
    let body = body.to_string().into_bytes();
    let mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("any key will do");
    let signature = hex::encode(mac.chain_update(&body).finalize().into_bytes());
    let signature = format!("sha256={signature}");
    let delivery = Delivery { event, signature: Some(&signature), body: &body };
    let reader = WebhookReader::new(b"secret", None, &[]).expect("the secret is one");
    match reader.read(delivery, week().retrieved_at) {
        Ok(Received::Event(event)) => *event,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_line_is_the_same_fact_as_a_delivery() {
    let told = told_twice();
    let lines: Vec<_> = told
        .iter()
        .map(|(_, kind, body)| {
            let mut payload = body.clone();
            if *kind == "PullRequestReviewEvent" {
                payload["action"] = json!("created");
            }
            line(kind, (186_853_002, "Codertocat/Hello-World"), &payload)
        })
        .collect();
    let (_folder, path) = Archives::of(&compressed(&text(&lines)));
    let options = ArchiveOptions { files: vec![path], all: true, ..ArchiveOptions::default() };
    let source = ArchiveSource::open(options).expect("the options can be used");
    let window = CollectWindow { since: at("2019-05-13"), ..week() };
    let mut books = Books::default();
    books.collect(&source, window).await.expect("it can be read");
    let hooked: Vec<_> = told.iter().map(|(event, _, body)| delivered(event, body)).collect();
    assert_eq!(books.events, hooked);
    assert!(books.notices.is_empty(), "{:?}", books.notices);
}

#[tokio::test]
async fn what_says_too_little_is_left_out_and_told() {
    let (ada, bob) = (account(1, "ada"), account(2, "bob"));
    let time = on(17, "10:00:00");
    let mut whole = pull_request(1, &ada, Some(&time), &time);
    whole["merged_at"] = json!(time);
    // What GitHub's Events API says of a pull request since October 2025.
    let trimmed = json!({ "id": 1, "number": 2, "url": "https://api.github.com/x", "head": {} });
    let gone = json!({ "number": 3, "user": null, "merged_at": time, "html_url": "https://x.y" });
    let told = |action: &str, of: &Value| json!({ "action": action, "pull_request": of });
    let by_bob = |action: &str, id: u64, of: &Value| {
        let one = review(id, &bob, Some(&time));
        json!({ "action": action, "review": one, "pull_request": of })
    };
    let here = (ORCHARD, "acme/orchard");
    let lines = [
        line("PullRequestEvent", here, &told("closed", &whole)),
        line("PullRequestEvent", here, &told("merged", &trimmed)),
        line("PullRequestEvent", here, &told("closed", &trimmed)),
        line("PullRequestEvent", here, &told("opened", &trimmed)),
        line("PullRequestEvent", here, &told("closed", &gone)),
        line("PullRequestReviewEvent", here, &by_bob("created", 5, &whole)),
        line("PullRequestReviewEvent", here, &by_bob("created", 6, &trimmed)),
        line("PullRequestReviewEvent", here, &by_bob("dismissed", 7, &whole)),
    ];
    let (_folder, path) = Archives::of(&compressed(&text(&lines)));
    let books = read(&acme(&path)).await;
    assert_eq!(books.ids(), ["github:pr:1296269:1", "github:review:5"]);
    assert_eq!(books.tally.faulty, 4);
    let notices = notices(&books);
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("line 5: github:pr:1296269:3: GitHub does not say whose it is"));
    assert!(notices[1].contains("3 events of pull requests do not say who opened them"));
}

#[tokio::test]
async fn texts_of_one_length_and_one_ending_are_two() {
    let (_folder, path) = Archives::of(&text(&[commented(3, 17)]));
    let mut books = read(&acme(&path)).await;
    std::fs::write(&path, text(&[commented(4, 17)])).expect("the folder takes it");
    books.collect(&acme(&path), week()).await.expect("it can be read");
    assert_eq!(books.ids(), ["github:comment:3", "github:comment:4"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_of_links_is_read_hour_by_hour_whatever_else_is_there() {
    let (elsewhere, archives) = (Archives::new(), Archives::new());
    for (hour, id) in [(10, 3), (9, 2), (0, 1)] {
        let name = format!("2026-11-17-{hour}.json.gz");
        let target = elsewhere.put(&name, &compressed(&text(&[commented(id, 17)])));
        std::os::unix::fs::symlink(target, archives.folder().join(name)).expect("a link");
    }
    let gone = archives.folder().join("2026-11-17-11.json.gz");
    std::os::unix::fs::symlink("nowhere", gone).expect("a link");
    archives.put(&format!("{}\n.json.gz", "odd"), b"");
    let books = read(&acme(archives.folder())).await;
    let ids: Vec<_> = books.events.iter().map(|event| event.id.to_string()).collect();
    assert_eq!(ids, ["github:comment:1", "github:comment:2", "github:comment:3"]);
}

#[tokio::test]
async fn an_archive_that_was_read_is_not_read_again() {
    let whole = compressed(&text(&comments()));
    let (_folder, path) = Archives::of(&whole);
    let mut books = read(&acme(&path)).await;
    let before = (books.ids(), books.cursors.clone());
    // The same length and the same checksum: only who decompresses it sees the difference.
    let mut hollow = vec![0; whole.len()];
    hollow[..10].copy_from_slice(&whole[..10]);
    hollow[whole.len() - 8..].copy_from_slice(&whole[whole.len() - 8..]);
    std::fs::write(&path, &hollow).expect("the folder takes it");
    books.collect(&acme(&path), week()).await.expect("it can be read");
    assert_eq!((books.ids(), books.cursors.clone()), before);
    assert!(books.notices.is_empty(), "{:?}", books.notices);

    let other = compressed(&text(&[commented(99, 17)]));
    std::fs::write(&path, &other).expect("the folder takes it");
    books.collect(&acme(&path), week()).await.expect("it can be read");
    assert!(books.ids().contains(&"github:comment:99".to_owned()));
    assert_eq!(books.notices[0].kind, NoticeKind::PlaceLost);
}

#[tokio::test]
async fn other_repositories_or_bots_start_over() {
    let lines = [commented(1, 17), commented_in((7, "Other/Place"), 2, 17)];
    let (_folder, path) = Archives::of(&compressed(&text(&lines)));
    let mut books = read(&acme(&path)).await;
    assert_eq!(books.ids(), ["github:comment:1"]);
    let with = |options: ArchiveOptions| {
        let options = ArchiveOptions { files: vec![path.clone()], ..options };
        ArchiveSource::open(options).expect("the options can be used")
    };
    let both = vec!["acme".to_owned(), "OTHER".to_owned()];
    let wider = with(ArchiveOptions { orgs: both.clone(), ..ArchiveOptions::default() });
    books.collect(&wider, week()).await.expect("it can be read");
    assert_eq!(books.ids(), ["github:comment:1", "github:comment:1", "github:comment:2"]);
    let bots = vec!["ada".to_owned()];
    let none = with(ArchiveOptions { orgs: both, bots, ..ArchiveOptions::default() });
    books.collect(&none, week()).await.expect("it can be read");
    let said: Vec<_> = books.notices.iter().map(|one| one.kind).collect();
    assert_eq!(said, [NoticeKind::StartedOver; 2]);
    assert_eq!((books.events.len(), books.tally.bots), (3, 2));
}

#[tokio::test]
async fn repositories_are_wanted_by_name_by_number_or_by_owner() {
    let lines = [
        commented_in((1, "acme/orchard"), 1, 17),
        commented_in((1, "acme/old-orchard"), 2, 17),
        commented_in((2, "Acme/Docs"), 3, 17),
        commented_in((3, "acme2/docs"), 4, 17),
    ];
    let (_folder, path) = Archives::of(&compressed(&text(&lines)));
    for (repos, orgs, expected) in [
        (&["ACME/orchard"][..], &[][..], &["1"][..]),
        (&["1"], &[], &["1", "2"]),
        (&["acme/docs"], &[], &["3"]),
        (&[], &["acme"], &["1", "2", "3"]),
        (&["acme2/docs"], &["ACME"], &["1", "2", "3", "4"]),
    ] {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let files = vec![path.clone()];
        let (repos, orgs) = (owned(repos), owned(orgs));
        let options = ArchiveOptions { files, repos, orgs, ..ArchiveOptions::default() };
        let shown = format!("{options:?}");
        let books = read(&ArchiveSource::open(options).expect("the options can be used")).await;
        let expected: Vec<_> = expected.iter().map(|id| format!("github:comment:{id}")).collect();
        assert_eq!(books.ids(), expected, "{shown}");
    }
}

#[tokio::test]
async fn a_folder_is_read_as_it_fills() {
    let archives = Archives::new();
    let open = || acme(archives.folder());
    let list = open().streams().await.expect("it can be looked at");
    assert!(list.streams.is_empty() && list.notices[0].message.contains("no archive"));
    archives.put("2026-11-17-10.json.gz", &compressed(&text(&[commented(1, 17)])));
    archives.put(".2026-11-17-11.json.gz", b"a download that is not done");
    archives.put("2026-11-17-11.json.gz.part", b"another");
    let mut books = read(&open()).await;
    archives.put("2026-11-17-9.json.gz", &compressed(&text(&[commented(2, 17)])));
    books.collect(&open(), week()).await.expect("it can be read");
    assert_eq!(books.ids(), ["github:comment:1", "github:comment:2"]);
    assert!(books.notices.is_empty(), "{:?}", books.notices);
}

#[tokio::test]
async fn options_that_cannot_be_used_are_refused() {
    let (_folder, path) = Archives::of(b"");
    let open = |change: fn(&mut ArchiveOptions)| {
        let mut options = ArchiveOptions { files: vec![path.clone()], ..ArchiveOptions::default() };
        change(&mut options);
        ArchiveSource::open(options).map(|_| ()).expect_err("it is refused").to_string()
    };
    for (error, says) in [
        (open(|_| {}), "name the repositories (repos) or their owners (orgs)"),
        (open(|one| one.repos.push("orchard".into())), "\"orchard\" is no repository"),
        (open(|one| one.repos.push("a/b/c".into())), "\"a/b/c\" is no repository"),
        (open(|one| one.orgs.push("acme/".into())), "\"acme/\" is no owner"),
        (
            open(|one| (one.all, one.orgs) = (true, vec!["acme".into()])),
            "all is wanted, and some are named",
        ),
        (
            open(|one| {
                one.all = true;
                one.files.push(one.files[0].clone());
            }),
            "is named twice",
        ),
        (open(|one| (one.all, one.files) = (true, Vec::new())), "no file is named"),
        (open(|one| (one.all, one.files) = (true, vec!["/nowhere".into()])), "does not exist"),
    ] {
        assert!(error.contains(says), "{error}");
    }
    let source = acme(&path);
    let stream = source.streams().await.expect("it can be looked at").streams.remove(0);
    let (other, _other_path) = Archives::of(b"");
    let elsewhere = acme(other.folder());
    let error = elsewhere.read(&stream, None, week()).await.map(|_| ()).expect_err("another file");
    assert!(matches!(error, SourceError::NoSuchStream { .. }), "{error}");
}
