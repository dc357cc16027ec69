//! Who did what: authors, co-authors, bots, merges, the mailmap.

use std::collections::BTreeMap;

use activity_sources::NoticeKind;
use activity_sources::git::GitOptions;
use serde_json::json;

use crate::repository::{ANN, BOB, START, TestRepository, all, collect, window};

/// A history with several people under several names, merges and dates out of order.
fn busy_history() -> String {
    let people = [
        "Ann <ann@example.org>",
        "ann <ANN@Example.org>",
        "Ann Old <ann@old.example>",
        "Bob <bob@example.org>",
        "Robert <bob@example.org>",
        "Zoë Ünal <zoe@example.org>",
        "x <shared@example.org>",
        "y <shared@example.org>",
    ];
    let mut stream = String::from("reset refs/heads/main\n");
    for number in 0..80_i64 {
        let who = people[usize::try_from(number * 7 % 8).expect("small")];
        let time = START + number * 100 + if number % 9 == 0 { -450 } else { 0 };
        let message = format!("change {number}\n");
        stream.push_str(&format!(
            "commit refs/heads/main\nmark :{}\nauthor {who} {} +0100\ncommitter C <c@c> {time} -0300\ndata {}\n{message}",
            number + 1,
            time - 1_000_000,
            message.len(),
        ));
        if number > 0 {
            stream.push_str(&format!("from :{number}\n"));
        }
        if number > 10 && number % 10 == 0 {
            stream.push_str(&format!("merge :{}\n", number - 6));
        }
        stream.push_str(&format!("M 100644 inline f{}\ndata 2\n{}\n\n", number % 5, number % 10));
    }
    stream
}

const MAILMAP: &str = "# people\n\
    Ann Smith <ann@example.org>\n\
    Ann Smith <ann@example.org> <ann@old.example>\n\
    Bob Jones <bob@jones.example> <BOB@example.org>\n\
    Xaver <xaver@example.org> x <shared@example.org>\n\
    a line without an address\n";

/// Author and count, as events have them and as `git shortlog -sne` prints them.
fn by_author(lines: &str) -> BTreeMap<(String, String), usize> {
    let parse = |line: &str| {
        let (count, who) = line.trim().split_once('\t').expect("count and author");
        let (name, email) = who.split_once(" <").expect("name and email");
        let email = email.trim_end_matches('>').to_lowercase();
        ((name.to_owned(), email), count.parse::<usize>().expect("a count"))
    };
    let mut counts = BTreeMap::new();
    for (who, count) in lines.lines().map(parse) {
        *counts.entry(who).or_default() += count;
    }
    counts
}

async fn assert_equals_shortlog(repository: &TestRepository, directory_has_mailmap: bool) {
    for (since, until) in [(0, 8_000), (1_000, 5_000), (1_050, 1_051), (4_950, 5_950)] {
        let run = collect(&repository.source(), None, window(since, until)).await;
        let mut found = BTreeMap::new();
        for event in run.events.iter().filter(|e| e.event_type.as_str() == "commit_authored") {
            let name = event.platform_login.clone().expect("a name");
            *found.entry((name, event.platform_user_id.to_string())).or_default() += 1;
        }
        let printed = repository.git(&[
            "shortlog",
            "-sne",
            "--no-merges",
            &format!("--since-as-filter={}", START + since),
            &format!("--until={}", START + until - 1),
            "main",
        ]);
        assert_eq!(found, by_author(&printed), "window {since} to {until}");
        let mapped = found.keys().any(|(name, _)| name == "Ann Smith" || name == "Xaver");
        assert!(found.len() < 3 || mapped == directory_has_mailmap);
    }
}

#[tokio::test]
async fn authors_and_counts_equal_git_shortlog() {
    let repository = TestRepository::new();
    repository.import(&busy_history());
    assert_equals_shortlog(&repository, false).await;
    // The work tree's mailmap counts, committed or not, as it does for git.
    std::fs::write(repository.path.join(".mailmap"), MAILMAP).expect("a file");
    assert_equals_shortlog(&repository, true).await;
}

#[tokio::test]
async fn a_bare_repository_has_the_mailmap_of_its_branch() {
    let repository = TestRepository::bare();
    let size = MAILMAP.len();
    let mailmap = format!(
        "commit refs/heads/main\nauthor C <c@c> {START} +0000\ncommitter C <c@c> {START} +0000\n\
         data 1\nm\nfrom :80\nM 100644 inline .mailmap\ndata {size}\n{MAILMAP}\n"
    );
    repository.import(&(busy_history() + &mailmap));
    assert_equals_shortlog(&repository, true).await;
}

#[tokio::test]
async fn a_commit_is_one_event_with_everything_in_it() {
    let repository = TestRepository::new();
    repository.git(&["remote", "add", "origin", "git@github.com:Owner/Repo.git"]);
    repository.git(&["commit", "--quiet", "--allow-empty", "-m", "root"]);
    let id = repository.commit(START + 50, BOB, "Say hello\n\nAt length.\n", ("é/a", b"one\ntwo"));
    let run = collect(&repository.source(), None, all()).await;
    assert_eq!(run.events.len(), 2);
    let event = &run.events[1];
    assert_eq!(event.id.as_str(), format!("git:commit:github.com/owner/repo:{id}"));
    assert_eq!(event.source.as_str(), "git");
    assert_eq!(event.event_type.as_str(), "commit_authored");
    assert_eq!(event.platform_user_id.as_str(), "bob@example.org");
    assert_eq!(event.platform_login.as_deref(), Some("Bob"));
    assert_eq!(event.user_id, None);
    let link = format!("https://github.com/owner/repo/commit/{id}");
    assert_eq!(event.artifact_url.as_deref(), Some(link.as_str()));
    assert_eq!(event.event_time.unix_seconds(), START + 50);
    assert_eq!(event.producer, "epoch-ledger/activity-sources/git");
    assert_eq!(event.producer_version, env!("CARGO_PKG_VERSION"));
    assert_eq!(
        event.metadata,
        Some(json!({
            "subject": "Say hello",
            "author_time": "2023-11-14T22:14:10Z",
            "files_changed": 1,
            "insertions": 2,
            "deletions": 0,
            "uncounted_files": 0,
        }))
    );
}

#[tokio::test]
async fn co_authors_are_paid_once_and_as_git_finds_them() {
    let repository = TestRepository::new();
    let message = "Together\n\nCo-authored-by: Not This <paragraph@example.org>\n\n\
        Reviewed-by: R <r@example.org>\n\
        co-authored-BY: Bob <Bob@Example.org>\n\
        Co-authored-by: Bob again <bob@example.org>\n\
        Co-authored-by: The Author <ANN@example.org>\n\
        Co-authored-by: Ann as well <ann@old.example>\n\
        Co-authored-by: Zoë\n  Ünal <zoe@example.org>\n\
        Co-authored-by: dependabot[bot] <d@example.org>\n\
        Co-authored-by: Nobody\n";
    let id = repository.commit(START, ANN, message, ("a", b"1"));
    std::fs::write(repository.path.join(".mailmap"), "<ann@example.org> <ann@old.example>\n")
        .expect("a file");
    let run = collect(&repository.source(), None, all()).await;
    let found: Vec<_> = run
        .events
        .iter()
        .map(|e| (e.id.as_str(), e.event_type.as_str(), e.platform_login.as_deref().unwrap_or("")))
        .collect();
    let fact = format!("git:commit:project:{id}");
    let (bob, zoe) =
        (format!("{fact}:coauthor:bob@example.org"), format!("{fact}:coauthor:zoe@example.org"));
    assert_eq!(
        found,
        [
            (fact.as_str(), "commit_authored", "Ann"),
            (bob.as_str(), "commit_coauthored", "Bob"),
            (zoe.as_str(), "commit_coauthored", "Zoë Ünal"),
        ]
    );
    assert_eq!((run.tally.read, run.tally.bots, run.tally.faulty), (1, 1, 1));
    assert_eq!(
        run.notices[0].message,
        format!("commit {id} names a co-author without an email, \"Nobody\", who is left out")
    );
    let by_git =
        repository.git(&["log", "-1", "--format=%(trailers:key=co-authored-by,valueonly,unfold)"]);
    assert_eq!(by_git.trim().lines().count(), 7, "git sees the same block: {by_git}");
}

#[tokio::test]
async fn a_page_is_never_too_full_and_a_commit_never_split() {
    let repository = TestRepository::new();
    for time in 0..5 {
        let content = time.to_string();
        let message = "Two\n\nCo-authored-by: Bob <bob@example.org>\n";
        repository.commit(START + time, ANN, message, ("a", content.as_bytes()));
    }
    for (size, pages) in [(1, 5), (2, 5), (3, 5), (4, 3), (100, 1)] {
        let run = collect(&repository.source().with_page_events(size), None, all()).await;
        assert_eq!((run.events.len(), run.pages), (10, pages), "{size} events a page");
    }
}

#[tokio::test]
async fn more_co_authors_than_a_page_has_room_for_are_left_out_by_name() {
    let repository = TestRepository::new();
    let trailers: String =
        (0..130).map(|n| format!("Co-authored-by: P{n} <p{n}@example.org>\n")).collect();
    repository.commit(START, ANN, &format!("Many\n\n{trailers}"), ("a", b"1"));
    let run = collect(&repository.source(), None, all()).await;
    assert_eq!(run.events.len(), 101);
    assert_eq!(run.tally.faulty, 30);
    assert_eq!((run.notices.len(), run.notices_left_out), (20, 10));
    assert!(run.notices[0].message.contains("p100@example.org is left out"));
}

#[tokio::test]
async fn bots_are_left_out_and_counted() {
    let repository = TestRepository::new();
    let who = |number: i64, who: &str| {
        let content = number.to_string();
        repository.commit(START + number, who, "change\n", ("a", content.as_bytes()))
    };
    who(1, "renovate[bot] <29139614+renovate@users.noreply.example>");
    who(2, "Build <ci@Bots.example>");
    who(3, "Release Robot <r@example.org>");
    who(4, "Deploy <deploy@example.org>");
    let human = who(5, "Bottom <bottom@example.org>");
    let helped = "By a bot\n\nCo-authored-by: Ann <ann@example.org>\n";
    repository.commit(START + 6, "x[bot] <x@example.org>", helped, ("a", b"6"));
    let bots = ["*@bots.EXAMPLE", "release robot", "deploy@example.org"];
    let options = GitOptions { bots: bots.map(str::to_owned).to_vec(), ..GitOptions::default() };
    let run = collect(&repository.source_with(options), None, all()).await;
    assert_eq!((run.tally.read, run.tally.bots), (6, 5));
    assert_eq!(run.commits().into_iter().collect::<Vec<_>>(), [human]);
    assert_eq!(run.events.len(), 2, "whoever helped a bot is recorded");
    assert_eq!(run.events[1].platform_user_id.as_str(), "ann@example.org");
}

#[tokio::test]
async fn merges_are_told_apart_however_many_parents_they_have() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "root\n", ("a", b"1\n"));
    for (number, branch) in ["one", "two", "three"].iter().enumerate() {
        repository.git(&["checkout", "--quiet", "-b", branch, "main"]);
        let time = START + 10 + i64::try_from(number).expect("small");
        repository.commit(time, BOB, "side\n", (branch, b"1\n2\n"));
    }
    repository.git(&["checkout", "--quiet", "main"]);
    let merge = ["merge", "--quiet", "--no-ff", "-m", "pair", "one"];
    repository.git_at(START + 20, ANN, &merge, "");
    let pair = repository.tip();
    let merge = ["merge", "--quiet", "--no-ff", "-m", "octopus", "two", "three"];
    repository.git_at(START + 21, ANN, &merge, "");
    let octopus = repository.tip();
    let run = collect(&repository.source(), None, all()).await;
    assert_eq!(run.commits().len(), 6);
    for (id, subject) in [(pair, "pair"), (octopus, "octopus")] {
        let event = run.event(&id);
        assert_eq!(event.event_type.as_str(), "merge_committed");
        let metadata = event.metadata.as_ref().expect("metadata");
        assert_eq!(metadata["subject"], subject);
        for field in ["files_changed", "insertions", "deletions", "uncounted_files"] {
            assert!(metadata[field].is_null() && metadata.get(field).is_some(), "{field}");
        }
    }
}

#[tokio::test]
async fn events_are_the_same_on_every_run_and_for_every_page_size() {
    let repository = TestRepository::new();
    repository.import(&busy_history());
    let whole = collect(&repository.source(), None, all()).await;
    let again = collect(&repository.source().with_page_events(7), None, all()).await;
    assert_eq!(whole.events, again.events);
    assert_eq!(whole.cursor, again.cursor);
    assert_eq!((whole.pages, again.pages), (1, 12));
    let order: Vec<_> = whole.events.iter().map(|e| (e.event_time, e.id.clone())).collect();
    assert!(order.is_sorted(), "oldest first, then by id");
}

/// Whoever was taken for a bot by mistake is read when the list is put right.
#[tokio::test]
async fn another_list_of_bots_reads_the_branch_again() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    repository.commit(START + 1, BOB, "two\n", ("f", b"2"));
    let without = |bots: &[&str]| {
        let bots = bots.iter().map(ToString::to_string).collect();
        repository.source_with(GitOptions { bots, ..GitOptions::default() })
    };
    let first = collect(&without(&["*"]), None, all()).await;
    assert_eq!((first.events.len(), first.tally.bots), (0, 2));
    let second = collect(&without(&["bob*"]), Some(&first.cursor), all()).await;
    assert_eq!((second.events.len(), second.kinds()), (1, vec![NoticeKind::StartedOver]));
    // The order and the case of the list are no difference.
    let two = collect(&without(&["x", "Y"]), None, all()).await;
    let same = collect(&without(&["y", "x", "x"]), Some(&two.cursor), all()).await;
    assert_eq!((same.events.len(), same.kinds()), (0, vec![]));
    let third = collect(&repository.source(), Some(&second.cursor), all()).await;
    assert_eq!((third.events.len(), third.kinds()), (2, vec![NoticeKind::StartedOver]));
}
