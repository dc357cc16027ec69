//! Large histories in little time.

use std::fmt::Write as _;
use std::time::Instant;

use activity_sources::ActivitySource;

use crate::repository::{START, TestRepository, all, collect, window};

const COMMITS: i64 = 100_000;

/// A hundred thousand commits, a merge every hundred.
fn large_history() -> String {
    let mut stream = String::with_capacity(40_000_000);
    for number in 1..=COMMITS {
        let time = START + number * 60;
        let author = number * 31 % 997;
        write!(
            stream,
            "commit refs/heads/main\nmark :{number}\nauthor P{author} <p{author}@example.org> {time} +0000\n\
             committer C <c@c> {time} +0000\ndata 12\nA change {:03}\n",
            number % 1_000
        )
        .expect("a String takes any text");
        if number > 1 {
            writeln!(stream, "from :{}", number - 1).expect("a String takes any text");
        }
        if number > 200 && number % 100 == 0 {
            writeln!(stream, "merge :{}", number - 50).expect("a String takes any text");
        }
        if number % 10 == 1 {
            write!(
                stream,
                "M 100644 inline d{}/f{}\ndata 7\n{:06}\n\n",
                number % 7,
                number % 97,
                number
            )
            .expect("a String takes any text");
        } else {
            stream.push('\n');
        }
    }
    stream
}

#[tokio::test]
async fn a_hundred_thousand_commits_are_walked_in_about_a_second() {
    let repository = TestRepository::bare();
    repository.import(&large_history());
    let source = repository.source();

    let begun = Instant::now();
    let list = source.streams().await.expect("streams");
    let mut reader = source.read(&list.streams[0], None, all()).await.expect("a reader");
    println!("100,000 commits walked in {:?}", begun.elapsed());
    assert_eq!(reader.expected_facts(), Some(100_000));
    assert!(begun.elapsed().as_secs() < 30, "slow even for a debug build on a busy machine");

    let begun = Instant::now();
    for _ in 0..3 {
        let page = reader.next_page().await.expect("a page").expect("more");
        assert_eq!(page.events.len(), 1_000);
    }
    println!("3 pages of 1,000 events in {:?}", begun.elapsed());

    // The last 1,000 commits in an epoch of their own: nearly everything is before the books.
    let since = (COMMITS - 1_000) * 60;
    let bounds = window(since, since + 30_000);
    let week = collect(&source, None, bounds).await;
    assert_eq!(week.tally.waiting, 501);
    assert_eq!(week.tally.before_since, 98_999);
    let begun = Instant::now();
    let next = collect(&source, Some(&week.cursor), window(since, since + 100_000)).await;
    println!("the run after it, with {} events, in {:?}", next.events.len(), begun.elapsed());
    assert_eq!(next.events.len(), 501);
    assert!(begun.elapsed().as_secs() < 2, "a run over new commits walks only those");
}
