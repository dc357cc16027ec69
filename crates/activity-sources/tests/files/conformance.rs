//! Every file source keeps to what every source keeps to.

use crate::file::{TestFile, at, line, week};
use ledger_testkit::check_source;

/// Days in no order, so that what waits lies between what does not.
const DAYS: [u32; 11] = [21, 2, 22, 17, 18, 21, 3, 20, 22, 17, 19];

#[tokio::test]
async fn ndjson_conforms() {
    let lines = DAYS.iter().enumerate().map(|(at, day)| line(&at.to_string(), *day));
    let file = TestFile::new(lines.collect::<Vec<_>>().join("\n"));
    let checked = check_source(|| file.ndjson(false), week(), at("2026-11-20")).await;
    assert_eq!(checked, Ok(()));
}
