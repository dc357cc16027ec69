//! The GitHub source keeps to what every source keeps to.

use activity_sources::github::GithubSource;
use source_testkit::{
    FakeGithub, account, check_source, comment, issue, pull_request, release, review,
};

use crate::stage::{ORCHARD, at, on, orchard, source, week};

/// Things whose order of changes is not that of what happened.
async fn a_busy_week() -> FakeGithub {
    let fake = orchard().await;
    for (number, (happened, changed)) in
        [(17, 22), (21, 21), (18, 18), (22, 22), (17, 17), (20, 21), (16, 22)].iter().enumerate()
    {
        let number = number as u64 + 1;
        let (happened, changed) = (on(*happened, "10:00:00"), on(*changed, "12:00:00"));
        let by = account(number % 3 + 1, "ada");
        let merged = pull_request(number, &by, Some(&happened), &changed);
        fake.put_issue(ORCHARD, merged);
        fake.put_issue(ORCHARD, issue(number + 50, &by, Some(&happened), &changed));
        fake.put_comment(ORCHARD, comment(number, &by, &happened));
        fake.put_release(ORCHARD, release(number, &by, Some(&happened)));
        for id in 0..3 {
            let by = account(9, "eve");
            fake.add_review(ORCHARD, number, review(number * 10 + id, &by, Some(&happened)));
        }
    }
    fake
}

#[tokio::test]
async fn github_conforms() {
    let fake = a_busy_week().await;
    for page_events in [1, 2, 5] {
        let open = || -> GithubSource { source(&fake).with_page_events(page_events) };
        assert_eq!(check_source(open, week(), at("2026-11-20")).await, Ok(()), "{page_events}");
    }
}
