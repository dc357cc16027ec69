//! Every list is read to its end, and goes on where it was left.

use std::collections::BTreeSet;

use activity_sources::{ActivitySource as _, CollectWindow, SourceError};
use source_testkit::{FakeGithub, account, comment, issue, pull_request, release, review};

use crate::stage::{Books, ORCHARD, at, on, options, orchard, source, week};

#[tokio::test]
async fn every_page_of_every_list_is_read() {
    let fake = orchard().await;
    let by = || account(583_231, "octocat");
    // More than a page in one second, so that going on by time alone would stand still.
    for number in 1..=250 {
        let closed = on(17 + u32::from(number > 240), "10:00:00");
        fake.put_issue(ORCHARD, issue(number, &by(), Some(&closed), &closed));
        fake.put_comment(ORCHARD, comment(number, &by(), &closed));
        fake.put_release(ORCHARD, release(number, &by(), Some(&closed)));
    }
    let merged = on(19, "10:00:00");
    fake.put_issue(ORCHARD, pull_request(251, &by(), Some(&merged), &merged));
    for id in 1..=230 {
        fake.add_review(ORCHARD, 251, review(id, &account(2, "eve"), Some(&merged)));
    }
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.unwrap();
    assert_eq!(books.events.len(), 250 * 3 + 1 + 230);
    assert_eq!(books.ids().into_iter().collect::<BTreeSet<_>>().len(), books.events.len());
    assert_eq!(books.tally.read, 981);
}

#[tokio::test]
async fn a_second_run_hands_out_nothing_and_a_third_asks_only_whether_anything_changed() {
    let fake = orchard().await;
    for number in 1..=5 {
        let closed = on(17, &format!("10:00:0{number}"));
        fake.put_issue(ORCHARD, issue(number, &account(1, "ada"), Some(&closed), &closed));
        fake.put_comment(ORCHARD, comment(number, &account(1, "ada"), &closed));
        fake.put_release(ORCHARD, release(number, &account(1, "ada"), Some(&closed)));
    }
    let (source, mut books) = (source(&fake), Books::default());
    books.collect(&source, week()).await.unwrap();
    assert_eq!(books.events.len(), 15);
    books.collect(&source, week()).await.unwrap();
    assert_eq!(books.events.len(), 15, "the second run");
    let cursors = books.cursors.clone();
    fake.asked();
    books.collect(&source, week()).await.unwrap();
    assert_eq!((books.events.len(), &books.cursors), (15, &cursors), "the third run");
    let statuses: Vec<_> = fake.asked().iter().map(|asked| asked.status).collect();
    assert_eq!(statuses, [200, 304, 304, 304]);

    let closed = on(18, "10:00:00");
    fake.put_issue(ORCHARD, issue(6, &account(1, "ada"), Some(&closed), &closed));
    books.collect(&source, week()).await.unwrap();
    assert_eq!(books.events.len(), 16, "what is new is not hidden by the tag");
}

#[tokio::test]
async fn what_shows_late_within_the_last_seconds_is_not_lost() {
    let fake = orchard().await;
    let closed = on(17, "10:00:30");
    fake.put_issue(ORCHARD, issue(1, &account(1, "ada"), Some(&closed), &closed));
    let (source, mut books) = (source(&fake), Books::default());
    for (number, second) in [(2, "10:00:30"), (3, "10:00:29"), (4, "09:59:31")] {
        books.collect(&source, week()).await.unwrap();
        let closed = on(17, second);
        fake.put_issue(ORCHARD, issue(number, &account(1, "ada"), Some(&closed), &closed));
    }
    books.collect(&source, week()).await.unwrap();
    assert_eq!(books.events.len(), 4, "{:?}", books.ids());
}

/// Reads the issues, with something happening after the first page; the ids, each once.
async fn issues_read(
    fake: &FakeGithub,
    happens: impl FnOnce(),
) -> Result<BTreeSet<String>, SourceError> {
    let (source, mut books) = (source(fake), Books::default());
    let streams = source.streams().await?.streams;
    let mut reader = books.reader(&source, &streams[0], week()).await?;
    let mut happens = Some(happens);
    while let Some(page) = reader.next_page().await? {
        books.events.extend(page.events);
        happens.take().into_iter().for_each(|happens| happens());
    }
    Ok(books.ids().into_iter().collect())
}

#[tokio::test]
async fn what_changes_while_it_is_read_moves_and_is_not_lost() {
    let fake = orchard().await;
    for number in 1..=220 {
        let closed = on(17, &format!("10:{:02}:{:02}", number / 60, number % 60));
        fake.put_issue(ORCHARD, issue(number, &account(1, "ada"), Some(&closed), &closed));
    }
    let ids = issues_read(&fake, || {
        // Ten of the first page get a comment, so that all pages after it move by ten.
        for number in 1..=10 {
            let closed = on(17, &format!("10:00:{number:02}"));
            let changed = on(18, "10:00:00");
            let changed = issue(number, &account(1, "ada"), Some(&closed), &changed);
            fake.put_issue(ORCHARD, changed);
        }
    })
    .await
    .unwrap();
    assert_eq!(ids.len(), 220);
}

#[tokio::test]
async fn names_and_letter_case_make_no_second_fact() {
    let fake = orchard().await;
    let closed = on(17, "10:00:00");
    fake.put_issue(ORCHARD, issue(1, &account(1, "ada"), Some(&closed), &closed));
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.unwrap();
    fake.name(ORCHARD, "fruit/Orchard2");
    let mut both = options(&fake);
    both.repositories = vec!["Acme/ORCHARD".to_owned(), "fruit/orchard2".to_owned()];
    let both = activity_sources::github::GithubSource::open(both).unwrap();
    assert_eq!(both.streams().await.unwrap().streams.len(), 3, "one repository has three");
    books.collect(&both, week()).await.unwrap();
    assert_eq!(books.ids(), [format!("github:issue:127.0.0.1/{ORCHARD}:1")]);
}

#[tokio::test]
async fn an_organization_is_all_its_repositories() {
    let fake = orchard().await;
    for id in 1..=120 {
        fake.name(id, &format!("acme/seed{id}"));
    }
    fake.name(500, "other/seed");
    let mut options = options(&fake);
    options.repositories.clear();
    options.organization = Some("acme".to_owned());
    let source = activity_sources::github::GithubSource::open(options.clone()).unwrap();
    assert_eq!(source.streams().await.unwrap().streams.len(), 121 * 3);
    options.organization = Some("nobody".to_owned());
    let nobody = activity_sources::github::GithubSource::open(options).unwrap();
    let list = nobody.streams().await.unwrap();
    assert!(matches!(list.faults[..], [SourceError::NotThere { .. }]), "{list:?}");
    assert_eq!((list.streams.len(), list.notices.len()), (0, 0), "{list:?}");
}

#[tokio::test]
async fn a_repository_without_issues_has_the_rest() {
    let fake = orchard().await;
    fake.switch_issues(ORCHARD, false);
    let time = on(17, "10:00:00");
    fake.put_release(ORCHARD, release(1, &account(1, "ada"), Some(&time)));
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.unwrap();
    assert_eq!(books.ids(), ["github:release:127.0.0.1/1"]);
    assert!(books.notices[0].message.contains("/issues is switched off"), "{:?}", books.notices);
    fake.put_issue(ORCHARD, issue(1, &account(1, "ada"), Some(&time), &time));
    fake.switch_issues(ORCHARD, true);
    books.collect(&source(&fake), week()).await.unwrap();
    assert_eq!(books.events.len(), 2, "they are read when they are back");
}

#[tokio::test]
async fn an_earlier_beginning_of_the_books_starts_over() {
    let fake = orchard().await;
    for (number, day) in [(1, 10), (2, 17)] {
        let closed = on(day, "10:00:00");
        fake.put_issue(ORCHARD, issue(number, &account(1, "ada"), Some(&closed), &closed));
    }
    let (source, mut books) = (source(&fake), Books::default());
    books.collect(&source, week()).await.unwrap();
    assert_eq!(books.events.len(), 1);
    let later = CollectWindow { since: at("2026-11-18"), ..week() };
    books.collect(&source, later).await.unwrap();
    books.notices.clear();
    let earlier = CollectWindow { since: at("2026-11-09"), ..week() };
    books.collect(&source, earlier).await.unwrap();
    assert_eq!(books.events.len(), 3, "both, and one of them again");
    assert!(books.notices[0].message.contains("the books now begin at 2026-11-09"));
}

#[tokio::test]
async fn what_moves_within_one_second_is_not_lost() {
    let fake = orchard().await;
    let second = on(17, "10:00:00");
    for number in 1..=250 {
        fake.put_issue(ORCHARD, issue(number, &account(1, "ada"), Some(&second), &second));
    }
    let ids = issues_read(&fake, || {
        for number in 1..=10 {
            let changed = on(18, "10:00:00");
            let changed = issue(number, &account(1, "ada"), Some(&second), &changed);
            fake.put_issue(ORCHARD, changed);
        }
    })
    .await
    .unwrap();
    assert_eq!(ids.len(), 250);
}

#[tokio::test]
async fn what_was_closed_before_the_books_and_again_within_them_is_not_lost() {
    let fake = orchard().await;
    let ada = account(1, "ada");
    fake.put_issue(ORCHARD, issue(1, &ada, Some(&on(10, "10:00:00")), &on(17, "10:00:00")));
    let (source, mut books) = (source(&fake), Books::default());
    books.collect(&source, week()).await.unwrap();
    let again = on(17, "10:00:30");
    fake.put_issue(ORCHARD, issue(1, &ada, Some(&again), &again));
    fake.put_issue(ORCHARD, issue(2, &ada, Some(&on(18, "10:00:00")), &on(18, "10:00:00")));
    books.collect(&source, week()).await.unwrap();
    assert_eq!(books.events.len(), 2);
}

#[tokio::test]
async fn a_clock_that_is_ahead_hides_nothing() {
    let fake = orchard().await;
    let ada = account(1, "ada");
    fake.put_issue(ORCHARD, issue(1, &ada, Some(&on(17, "10:00:00")), "9999-01-01T00:00:00Z"));
    let (source, mut books) = (source(&fake), Books::default());
    books.collect(&source, week()).await.unwrap();
    let now = on(22, "18:00:01");
    fake.put_issue(ORCHARD, issue(2, &ada, Some(&now), &now));
    books.collect(&source, week()).await.unwrap();
    let ids: BTreeSet<_> = books.ids().into_iter().collect();
    assert_eq!(ids.len(), 2);
}
