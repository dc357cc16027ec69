//! A branch that was rewritten, with the old commits still here and without.

use activity_sources::NoticeKind;

use crate::repository::{ANN, START, TestRepository, all, collect, window};

/// Three commits, read; then the last two are replaced by three others.
async fn rewritten() -> (TestRepository, String, String, String) {
    let repository = TestRepository::new();
    let root = repository.commit(START, ANN, "root\n", ("f", b"1"));
    repository.commit(START + 10, ANN, "one\n", ("f", b"2"));
    repository.commit(START + 20, ANN, "two\n", ("f", b"3"));
    let old = repository.tip();
    let run = collect(&repository.source(), None, all()).await;
    assert_eq!(run.events.len(), 3);
    repository.git(&["reset", "--quiet", "--hard", &root]);
    for time in [30, 40, 50] {
        let content = time.to_string();
        repository.commit(START + time, ANN, &content, ("f", content.as_bytes()));
    }
    (repository, run.cursor, old, root)
}

#[tokio::test]
async fn a_rewritten_branch_is_told_with_what_went_and_came() {
    let (repository, cursor, old, _) = rewritten().await;
    let new = repository.tip();
    let run = collect(&repository.source(), Some(&cursor), all()).await;
    assert_eq!(run.events.len(), 3, "what both histories share is not read again");
    assert_eq!(run.kinds(), [NoticeKind::HistoryRewritten]);
    let text = &run.notices[0].message;
    for part in [
        &format!("it was at {old} and is now at {new}"),
        "no longer on it: 2; they stay recorded. New commits: 3",
        "may be the same work again",
    ] {
        assert!(text.contains(part), "{part} in: {text}");
    }
    let again = collect(&repository.source(), Some(&run.cursor), all()).await;
    assert_eq!((again.events.len(), again.kinds()), (0, vec![]), "it is said once");
}

#[tokio::test]
async fn a_rewrite_is_noticed_while_commits_wait() {
    let repository = TestRepository::new();
    let root = repository.commit(START, ANN, "root\n", ("f", b"1"));
    repository.commit(START + 10, ANN, "one\n", ("f", b"2"));
    repository.commit(START + 100, ANN, "waits\n", ("f", b"3"));
    let first = collect(&repository.source(), None, window(0, 50)).await;
    assert_eq!((first.events.len(), first.tally.waiting), (2, 1));
    repository.git(&["reset", "--quiet", "--hard", &root]);
    let replaced = repository.commit(START + 20, ANN, "other\n", ("f", b"4"));
    let second = collect(&repository.source(), Some(&first.cursor), window(0, 50)).await;
    assert_eq!(second.commits().into_iter().collect::<Vec<_>>(), [replaced]);
    assert_eq!(second.kinds(), [NoticeKind::HistoryRewritten]);
    let gone = "no longer on it: 1; they stay recorded. New commits: 1";
    assert!(second.notices[0].message.contains(gone), "{}", second.notices[0]);
}

#[tokio::test]
async fn old_commits_that_are_gone_from_the_clone_are_told() {
    let (repository, cursor, old, _) = rewritten().await;
    repository.git(&["reflog", "expire", "--expire=now", "--all"]);
    repository.git(&["gc", "--quiet", "--prune=now"]);
    let run = collect(&repository.source(), Some(&cursor), all()).await;
    assert_eq!(run.kinds(), [NoticeKind::PlaceLost]);
    let text = &run.notices[0].message;
    assert!(text.contains(&old) && text.contains("from its beginning"), "{text}");
    assert_eq!(run.events.len(), 4, "everything is read again");
    let again = collect(&repository.source(), Some(&run.cursor), all()).await;
    assert_eq!((again.events.len(), again.kinds()), (0, vec![]));
}

#[tokio::test]
async fn an_older_commit_that_is_still_here_is_gone_on_from() {
    let repository = TestRepository::new();
    let root = repository.commit(START, ANN, "root\n", ("f", b"1"));
    repository.commit(START + 100, ANN, "waits\n", ("f", b"2"));
    let first = collect(&repository.source(), None, window(0, 50)).await;
    assert!(first.cursor.contains(&root), "the settled commit is remembered: {}", first.cursor);
    repository.git(&["reset", "--quiet", "--hard", &root]);
    let other = repository.commit(START + 20, ANN, "other\n", ("f", b"3"));
    repository.git(&["reflog", "expire", "--expire=now", "--all"]);
    repository.git(&["gc", "--quiet", "--prune=now"]);
    let run = collect(&repository.source(), Some(&first.cursor), window(0, 50)).await;
    assert_eq!(run.kinds(), [NoticeKind::PlaceLost]);
    assert!(run.notices[0].message.contains("from an older commit"), "{}", run.notices[0]);
    assert_eq!(run.commits().into_iter().collect::<Vec<_>>(), [other]);
}

#[tokio::test]
async fn a_fresh_clone_goes_on_where_the_old_one_stopped() {
    let repository = TestRepository::new();
    repository.commit(START, ANN, "one\n", ("f", b"1"));
    let clone = repository.cloned("project", &[]);
    let first = collect(&clone.source(), None, all()).await;
    repository.commit(START + 10, ANN, "two\n", ("f", b"2"));
    let fresh = repository.cloned("project", &["--bare"]);
    assert_eq!(clone.source().repository_name(), fresh.source().repository_name());
    let second = collect(&fresh.source(), Some(&first.cursor), all()).await;
    assert_eq!((second.events.len(), second.kinds()), (1, vec![]));
}

#[tokio::test]
async fn a_rewrite_that_is_taken_back_takes_nothing_twice_while_it_is_remembered() {
    let (repository, cursor, old, _) = rewritten().await;
    let source = repository.source().with_page_events(1);
    // The run over the rewritten branch is cut short, so its cursor still knows the old tip.
    let cut = crate::repository::collect_pages(&source, Some(&cursor), all(), 1).await;
    assert_eq!(cut.events.len(), 1);
    repository.git(&["reset", "--quiet", "--hard", &old]);
    let back = collect(&source, Some(&cut.cursor), all()).await;
    assert_eq!(back.events.len(), 0);
}
