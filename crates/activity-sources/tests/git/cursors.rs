//! What a cursor promises: nothing is lost, nothing is read twice, whatever happens in between.

use std::collections::BTreeSet;

use activity_sources::{ActivitySource, NoticeKind};
use ledger_core::{CursorKey, SourceCursor, Timestamp};
use serde_json::Value;

use crate::repository::{
    ANN, BOB, Run, START, TestRepository, all, collect, collect_pages, lines, window,
};

#[tokio::test]
async fn a_run_with_nothing_new_gives_its_cursor_again() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    repository.commit(START + 100, ANN, "two\n", ("f", b"2"));
    for until in [50, 200] {
        let first = collect(&repository.source(), None, window(0, until)).await;
        let again = collect(&repository.source(), Some(&first.cursor), window(0, until)).await;
        assert!(again.events.is_empty());
        assert_eq!(again.cursor, first.cursor);
        assert_eq!(again.pages, 1);
        assert_eq!(again.tally.read, 0);
        assert_eq!(again.tally.waiting, u64::from(until == 50), "still counted");
    }
}

#[tokio::test]
async fn commits_after_the_window_wait_and_late_ones_are_found() {
    let repository = TestRepository::new();
    let root = repository.commit(START + 10, ANN, "root\n", ("f", b"1"));
    repository.commit(START + 120, ANN, "early next week\n", ("f", b"2"));
    repository.commit(START + 90, ANN, "clock runs behind\n", ("f", b"3"));
    let first = collect(&repository.source(), None, window(0, 100)).await;
    assert_eq!(first.events.len(), 2);
    assert_eq!((first.tally.waiting, first.tally.before_since), (1, 0));
    // A side branch with old commits arrives by a merge after the first run.
    repository.git(&["checkout", "--quiet", "-b", "side", &root]);
    let late = repository.commit(START + 50, BOB, "late\n", ("g", b"1"));
    let too_old = repository.commit(START - 5, BOB, "before the books\n", ("g", b"2"));
    repository.git(&["checkout", "--quiet", "main"]);
    let merge = ["merge", "--quiet", "--no-ff", "-m", "merge", "side"];
    repository.git_at(START + 150, ANN, &merge, "");
    let second = collect(&repository.source(), Some(&first.cursor), window(0, 200)).await;
    assert_eq!(second.events.len(), 3);
    assert!(second.commits().contains(&late) && !second.commits().contains(&too_old));
    assert_eq!(second.tally.before_since, 1);
    assert_eq!(second.tally.waiting, 0);
    assert!(first.commits().is_disjoint(&second.commits()));
}

#[tokio::test]
async fn the_window_is_half_open_at_both_ends() {
    let repository = TestRepository::new();
    for time in [9, 10, 19, 20] {
        let content = time.to_string();
        repository.commit(START + time, ANN, &content, ("f", content.as_bytes()));
    }
    let run = collect(&repository.source(), None, window(10, 20)).await;
    let subject = |run: &Run| -> Vec<String> {
        let text = |m: &Value| m["subject"].as_str().expect("text").to_owned();
        run.events.iter().map(|e| text(e.metadata.as_ref().expect("metadata"))).collect()
    };
    assert_eq!(subject(&run), ["10", "19"]);
    assert_eq!((run.tally.before_since, run.tally.waiting), (1, 1));
    let next = collect(&repository.source(), Some(&run.cursor), window(10, 30)).await;
    assert_eq!(subject(&next), ["20"]);
    assert_eq!(next.tally.before_since, 0, "what is before the books is counted once");
}

/// A small generator, so that the same histories come every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        i64::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// A history with side branches, merges and dates that jump by up to `skew` seconds. Returns the
/// number of commits; commit `n` is tagged `cn`.
fn tangled(random: &mut Random, skew: i64) -> (String, i64) {
    let (mut stream, count) = (String::new(), 40 + random.below(20));
    for number in 1..=count {
        let time = START + number * 50 - random.below(skew);
        stream.push_str(&format!(
            "reset refs/heads/x\ncommit refs/heads/x\nmark :{number}\ncommitter C <c@c> {time} +0000\ndata 1\nx\n"
        ));
        if number > 1 {
            // Mostly on top of the newest, sometimes far back.
            let back = if random.below(4) == 0 { random.below(15) } else { 0 };
            let parent = (number - 1 - back).max(1);
            stream.push_str(&format!("from :{parent}\n"));
            let other = 1 + random.below(number - 1);
            if random.below(3) == 0 && other != parent {
                stream.push_str(&format!("merge :{other}\n"));
            }
        }
        stream.push_str(&format!("\nreset refs/tags/c{number}\nfrom :{number}\n\n"));
    }
    (stream, count)
}

/// Reads a tangled history in many runs: the branch moves on, windows move on, runs are cut short.
async fn read_in_many_runs(seed: u64, skew: i64) -> (BTreeSet<String>, BTreeSet<String>, usize) {
    let mut random = Random(seed);
    let repository = TestRepository::bare();
    let (stream, count) = tangled(&mut random, skew);
    repository.import(&stream);
    let since = random.below(300) - 100;
    let (mut cursor, mut until, mut newest) = (None::<String>, since, 1);
    let (mut found, mut given) = (BTreeSet::new(), 0);
    loop {
        let is_last = newest == count && until > count * 50;
        newest = (newest + random.below(12)).min(count);
        until += random.below(500);
        // Only a tip that reaches the one before it is a branch that moved on.
        let step = repository.git(&["rev-parse", &format!("c{newest}")]);
        let moved = ["merge-base", "--is-ancestor", "main", &format!("c{newest}")];
        let on = cursor.is_none() || is_ancestor(&repository, &moved);
        if on {
            repository.git(&["update-ref", "refs/heads/main", step.trim()]);
        }
        let size = usize::try_from(1 + random.below(6)).expect("small");
        let pages = match is_last {
            true => usize::MAX,
            false => usize::try_from(random.below(5)).expect("small"),
        };
        let source = repository.source().with_page_events(size);
        let run = collect_pages(&source, cursor.as_deref(), window(since, until), pages).await;
        let commits = run.commits();
        given += commits.len();
        found.extend(commits);
        cursor = Some(run.cursor).filter(|text| !text.is_empty());
        if is_last {
            break;
        }
    }
    let since = format!("--since-as-filter={}", START + since);
    let expected = lines(&repository.git(&["rev-list", "main", &since]));
    (found, expected, given)
}

fn is_ancestor(repository: &TestRepository, arguments: &[&str]) -> bool {
    let mut git = std::process::Command::new("git");
    git.args(arguments).current_dir(&repository.path).status().expect("git runs").success()
}

#[tokio::test]
async fn every_commit_is_read_exactly_once_whatever_the_runs() {
    for seed in 0..25 {
        let (found, expected, given) = read_in_many_runs(seed, 400).await;
        assert_eq!(found, expected, "seed {seed}");
        assert_eq!(given, found.len(), "seed {seed}: read twice");
    }
}

#[tokio::test]
async fn no_commit_is_lost_when_dates_run_wild() {
    for seed in 100..110 {
        let (found, expected, _) = read_in_many_runs(seed, 1_000_000).await;
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[tokio::test]
async fn a_run_cut_short_after_any_page_goes_on_from_there() {
    let repository = TestRepository::bare();
    let (stream, count) = tangled(&mut Random(3), 400);
    repository.import(&stream);
    repository.git(&["update-ref", "refs/heads/main", &format!("c{count}")]);
    let source = repository.source().with_page_events(3);
    let whole = collect(&source, None, all()).await;
    assert!(whole.pages > 6, "{}", whole.pages);
    for pages in 0..=whole.pages {
        let first = collect_pages(&source, None, all(), pages).await;
        let cursor = Some(first.cursor.as_str()).filter(|text| !text.is_empty());
        let rest = collect(&source, cursor, all()).await;
        let together: Vec<_> = first.events.iter().chain(&rest.events).collect();
        assert_eq!(together, whole.events.iter().collect::<Vec<_>>(), "after {pages} pages");
        assert_eq!(rest.cursor, whole.cursor, "after {pages} pages");
    }
}

#[tokio::test]
async fn an_interrupted_run_goes_on_into_a_later_window_on_a_branch_that_moved() {
    let repository = TestRepository::new();
    for time in 0..6 {
        let content = time.to_string();
        repository.commit(START + time * 10, ANN, &content, ("f", content.as_bytes()));
    }
    let source = repository.source().with_page_events(2);
    let first = collect_pages(&source, None, window(0, 45), 1).await;
    assert_eq!(first.events.len(), 2);
    repository.commit(START + 70, ANN, "later\n", ("f", b"later"));
    let second = collect(&source, Some(&first.cursor), window(0, 60)).await;
    assert_eq!((second.events.len(), second.tally.waiting), (4, 1));
    let third = collect(&source, Some(&second.cursor), window(0, 100)).await;
    assert_eq!(third.events.len(), 1);
}

#[tokio::test]
async fn a_window_that_moves_back_takes_nothing_twice() {
    let repository = TestRepository::new();
    for time in 0..6 {
        let content = time.to_string();
        repository.commit(START + time * 10, ANN, &content, ("f", content.as_bytes()));
    }
    let source = repository.source();
    let first = collect(&source, None, window(0, 45)).await;
    let back = collect(&source, Some(&first.cursor), window(0, 15)).await;
    assert_eq!((back.events.len(), back.tally.waiting), (0, 1));
    assert_eq!(back.cursor, first.cursor, "what is done stays done");
    let on = collect(&source, Some(&back.cursor), window(0, 100)).await;
    assert_eq!(on.events.len(), 1);
    assert_eq!(on.tally.waiting, 0);
}

#[tokio::test]
async fn books_that_begin_earlier_are_read_from_there() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "old\n", ("f", b"1"));
    repository.commit(START + 100, ANN, "new\n", ("f", b"2"));
    let source = repository.source();
    let first = collect(&source, None, window(50, 200)).await;
    assert_eq!((first.events.len(), first.tally.before_since), (1, 1));
    let later = collect(&source, Some(&first.cursor), window(60, 200)).await;
    assert_eq!((later.events.len(), later.kinds()), (0, vec![]));
    let earlier = collect(&source, Some(&later.cursor), window(0, 200)).await;
    assert_eq!(earlier.kinds(), [NoticeKind::StartedOver]);
    assert_eq!(earlier.events.len(), 2);
    assert_eq!(earlier.events[1].payload_hash, first.events[0].payload_hash);
    let again = collect(&source, Some(&earlier.cursor), window(0, 200)).await;
    assert_eq!((again.events.len(), again.kinds()), (0, vec![]));
}

#[tokio::test]
async fn a_cursor_that_cannot_be_used_is_refused() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let source = repository.source();
    let stream = source.streams().await.expect("streams").streams.remove(0);
    for (cursor, problem) in [
        ("not json", "it is damaged"),
        (r#"{"version":9}"#, "version 9 wrote it and this program knows 1. Update the program"),
    ] {
        let error = source.read(&stream, Some(cursor), all()).await.err().expect("refused");
        let text = error.to_string();
        let start = "the cursor of git refs/heads/main in project cannot be used: ";
        assert!(text.starts_with(start) && text.contains(problem), "{text}");
    }
}

#[tokio::test]
async fn the_cursor_stays_small_however_long_it_is_used() {
    let repository = TestRepository::new();
    let mut cursor = None::<String>;
    for time in 0..30 {
        let content = time.to_string();
        repository.commit(START + time * 10, ANN, &content, ("f", content.as_bytes()));
        repository.commit(START + time * 10 + 15, ANN, &content, ("g", content.as_bytes()));
        let bounds = window(0, time * 10 + 5);
        let run = collect(&repository.source(), cursor.as_deref(), bounds).await;
        assert_eq!(run.tally.waiting, 1 + u64::from(time > 0), "at {time}");
        assert!(claims(&run) <= 2, "{}", run.cursor);
        cursor = Some(run.cursor);
    }
    // Runs that never get beyond one page do not make it grow either.
    let source = repository.source().with_page_events(1);
    let mut cursor = None::<String>;
    for _ in 0..20 {
        let run = collect_pages(&source, cursor.as_deref(), all(), 1).await;
        assert_eq!((run.events.len(), claims(&run)), (1, 1), "{}", run.cursor);
        cursor = Some(run.cursor);
    }
}

fn claims(run: &Run) -> usize {
    let value: Value = serde_json::from_str(&run.cursor).expect("JSON");
    value["done"].as_array().expect("claims").len()
}

/// A place that was renamed, moved or cloned would give the same commits other ids.
#[tokio::test]
async fn a_history_that_was_read_under_another_name_is_known() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let other_name = SourceCursor {
        key: CursorKey::new("git".parse().unwrap(), "refs/heads/main", "other").unwrap(),
        value: collect(&repository.source(), None, all()).await.cursor,
        retrieved_at: Timestamp::from_unix_seconds(START).unwrap(),
    };
    repository.commit(START + 1, ANN, "two\n", ("f", b"2"));
    assert!(repository.source().shares_history_with(&other_name).await.unwrap());
    let clone = repository.cloned("elsewhere", &[]);
    assert!(clone.source().shares_history_with(&other_name).await.unwrap());
    let stranger = TestRepository::new();
    stranger.commit(START, BOB, "something else\n", ("f", b"1"));
    assert!(!stranger.source().shares_history_with(&other_name).await.unwrap());
    let damaged = SourceCursor { value: "?".to_owned(), ..other_name };
    assert!(stranger.source().shares_history_with(&damaged).await.is_err());
}
