//! The git source keeps to what every source keeps to.

use activity_sources::CollectWindow;
use ledger_core::Timestamp;
use source_testkit::check_source;

use crate::repository::{ANN, BOB, START, TestRepository};

#[tokio::test]
async fn git_conforms() {
    let repository = TestRepository::new();
    for at in 0..7 {
        let (who, content) = (if at % 2 == 0 { ANN } else { BOB }, at.to_string());
        let message = format!("{at}\n\nCo-authored-by: {BOB}\n");
        repository.commit(START + at * 60, who, &message, ("f", content.as_bytes()));
    }
    let moment = |seconds| Timestamp::from_unix_seconds(START + seconds).expect("a time");
    let window =
        CollectWindow { since: moment(0), until: moment(360), retrieved_at: moment(86_400) };
    let checked =
        check_source(|| repository.source().with_page_events(2), window, moment(180)).await;
    assert_eq!(checked, Ok(()));
}
