//! One worker, one ledger: epochs open, fill, go into review, whatever sources and clocks do.

use ledger_core::{Epoch, EpochStatus, OneLine};
use ledger_port::{
    AllocationStore as _, EpochStore as _, IdentityStore as _, JobKey, JobQueue as _, JobState,
    PageRequest, PoolStore as _, Task,
};
use ledger_testkit::{binding, credits, decision, new_epoch, parsed, user, weights, window};

use crate::orchard::{Orchard, PEOPLE};
use crate::stage::{Stage, git_source, one_ledger};

/// Monday, 2026-11-16.
const MONDAY: i64 = 1_794_787_200;
const WEEK: u64 = 7 * 24 * 60 * 60;

fn collect(id: &str) -> JobKey {
    JobKey { ledger: parsed("default"), task: Task::CollectSource(parsed(id)) }
}

fn windows(epochs: &[Epoch]) -> Vec<String> {
    epochs.iter().map(|epoch| format!("{} {}", epoch.period, epoch.status)).collect()
}

async fn pool_of(stage: &Stage, epoch: &Epoch) -> Vec<(String, i64)> {
    let page = stage.store.get_pool_components_for_epoch(epoch.id, PageRequest::first()).await;
    let parts = page.unwrap().items.into_iter().map(|part| part.component);
    parts.map(|part| (part.component_id.to_string(), part.amount.get())).collect()
}

async fn units_of(stage: &Stage, epoch: &Epoch) -> i64 {
    let page = stage.store.get_allocations_for_epoch(epoch.id, PageRequest::first()).await;
    page.unwrap().items.iter().map(|one| one.payable_units().get()).sum()
}

#[tokio::test]
async fn a_week_opens_fills_and_goes_into_review() {
    let stage = Stage::at("2026-11-18T12:00:00Z").await;
    let orchard = Orchard::grown(MONDAY, WEEK, 50, 1);
    let bindings = PEOPLE.map(|who| binding("git", &format!("{who}@example.org"), who));
    stage.store.bind_identities(&bindings).await.unwrap();
    let config = stage.configure(&one_ledger(&git_source("main", orchard.path())));
    let worker = stage.start(&config).await;
    stage.settled(&["main"]).await;
    let open = stage.store.get_open_epoch().await.unwrap().unwrap();
    assert_eq!(open.period.to_string(), "2026-11-16T00:00:00Z to 2026-11-23T00:00:00Z");
    assert_eq!(pool_of(&stage, &open).await, [("base_issuance".to_owned(), 10_000)]);
    // The history is a whole week's, whatever the clock says.
    assert_eq!(units_of(&stage, &open).await, 50_000);

    // An override stays, whatever is proposed again.
    let decided = decision(7, "agreed");
    stage.store.update_allocation(open.id, &user("ada"), Some(&decided)).await.unwrap();
    let with_override = units_of(&stage, &open).await;
    stage.set("2026-11-23T00:00:00Z");
    stage.settled(&["main"]).await;
    worker.stop().await;
    let epochs = stage.epochs().await;
    assert_eq!(
        windows(&epochs),
        [
            "2026-11-16T00:00:00Z to 2026-11-23T00:00:00Z review",
            "2026-11-23T00:00:00Z to 2026-11-30T00:00:00Z open",
        ]
    );
    assert_eq!(units_of(&stage, &epochs[0]).await, with_override);
    for epoch in &epochs {
        assert_eq!(pool_of(&stage, epoch).await, [("base_issuance".to_owned(), 10_000)]);
    }
}

#[tokio::test]
async fn a_source_that_fails_holds_the_week_back_for_the_grace_and_stops_no_other() {
    let stage = Stage::at("2026-11-18T12:00:00Z").await;
    let (orchard, nowhere) = (Orchard::grown(MONDAY, WEEK, 20, 2), tempfile::tempdir().unwrap());
    let config = stage.configure(&one_ledger(&format!(
        "last_collection_grace = \"6h\"\n{}{}",
        git_source("broken", nowhere.path()),
        git_source("main", orchard.path())
    )));
    let worker = stage.start(&config).await;
    let is_set_aside = async || {
        stage
            .jobs()
            .await
            .iter()
            .any(|job| job.key == collect("broken") && job.state == JobState::SetAside)
    };
    stage.until("the broken source is set aside", is_set_aside).await;
    stage
        .until("the other source is read", async || {
            let open = stage.store.get_open_epoch().await.unwrap().unwrap();
            let collections = stage.collections(&open).await;
            collections.iter().any(|one| one.source_id.as_str() == "main" && one.failure.is_none())
        })
        .await;

    // Within the grace it gets one more chance, and the epoch waits.
    stage.set("2026-11-23T05:59:59Z");
    stage
        .until("the advance waits for it", async || {
            stage
                .jobs()
                .await
                .iter()
                .any(|job| job.waits_for == Some(OneLine::of("the last collection of broken")))
        })
        .await;
    assert_eq!(stage.epochs().await.len(), 1);
    stage.set("2026-11-23T06:00:00Z");
    stage.until("the grace is over", async || stage.epochs().await.len() == 2).await;
    worker.stop().await;

    let epochs = stage.epochs().await;
    assert_eq!(epochs[0].status, EpochStatus::Review);
    assert_eq!(pool_of(&stage, &epochs[0]).await.len(), 1, "it can be paid all the same");
    let collections = stage.collections(&epochs[0]).await;
    let broken = collections.iter().find(|one| one.source_id.as_str() == "broken").unwrap();
    assert!(!broken.covers(epochs[0].period.end()));
    let failure = broken.failure.as_ref().unwrap();
    assert!(failure.failed_at >= epochs[0].period.end(), "it was tried once more");
    assert!(failure.error.as_str().contains("is not a git repository"), "{}", failure.error);
    let main = collections.iter().find(|one| one.source_id.as_str() == "main").unwrap();
    assert!(main.covers(epochs[0].period.end()));
}

#[tokio::test]
async fn whoever_slept_through_windows_covers_each_once() {
    let stage = Stage::at("2026-11-18T12:00:00Z").await;
    let orchard = Orchard::grown(MONDAY, 4 * WEEK, 200, 3);
    let config = stage.configure(&one_ledger(&git_source("main", orchard.path())));
    let worker = stage.start(&config).await;
    stage.settled(&["main"]).await;
    worker.stop().await;
    stage.set("2026-12-09T00:00:00Z");
    let worker = stage.start(&config).await;
    stage.settled(&["main"]).await;
    // A clock that goes back opens nothing, and what was opened stays.
    stage.set("2026-11-18T12:00:00Z");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    worker.stop().await;
    assert_eq!(
        windows(&stage.epochs().await),
        [
            "2026-11-16T00:00:00Z to 2026-11-23T00:00:00Z review",
            "2026-11-23T00:00:00Z to 2026-11-30T00:00:00Z review",
            "2026-11-30T00:00:00Z to 2026-12-07T00:00:00Z review",
            "2026-12-07T00:00:00Z to 2026-12-14T00:00:00Z open",
        ]
    );
    let mut counts = Vec::new();
    for epoch in stage.epochs().await {
        use ledger_port::ActivityStore as _;
        let events =
            ledger_port::all_pages(|page| stage.store.get_activity_for_epoch(epoch.id, page));
        let events = events.await.unwrap();
        assert!(events.iter().all(|one| epoch.period.contains(one.event.event_time)));
        counts.push(events.len());
    }
    assert_eq!(counts.iter().sum::<usize>(), 200, "{counts:?}");
}

#[tokio::test]
async fn too_many_missed_windows_are_not_opened_without_asking() {
    let stage = Stage::at("2026-11-18T12:00:00Z").await;
    let old = window("2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z");
    let epoch = stage.store.create_epoch(&new_epoch(old, weights(&[]))).await.unwrap();
    let config = stage.configure(&one_ledger("max_catch_up = 8"));
    let config = std::fs::read_to_string(&config)
        .unwrap()
        .replace("max_attempts = 1000", "max_attempts = 2");
    let config = stage.configure(&config);
    let worker = stage.start(&config).await;
    let advance = JobKey { ledger: parsed("default"), task: Task::AdvanceEpochs };
    stage
        .until("somebody has to look", async || {
            stage
                .jobs()
                .await
                .iter()
                .any(|job| job.key == advance && job.state == JobState::SetAside)
        })
        .await;
    worker.stop().await;
    let job = stage.jobs().await.into_iter().find(|job| job.key == advance).unwrap();
    let error = job.last_error.unwrap();
    assert!(error.as_str().starts_with("the last window ended at 2026-01-12T00:00:00Z"), "{error}");
    assert_eq!(stage.epochs().await.len(), 1);
    assert_eq!(stage.store.get_open_epoch().await.unwrap().unwrap().id, epoch.id);
}

#[tokio::test]
async fn another_length_begins_where_the_last_window_ended() {
    let stage = Stage::at("2026-11-18T12:00:00Z").await;
    let config = stage.configure(&one_ledger(""));
    let worker = stage.start(&config).await;
    stage.settled(&[]).await;
    worker.stop().await;
    let config = stage.configure(&one_ledger("epoch_length = \"2d\""));
    let worker = stage.start(&config).await;
    stage.set("2026-11-24T00:00:00Z");
    stage.settled(&[]).await;
    worker.stop().await;
    let epochs = stage.epochs().await;
    assert_eq!(epochs[0].period.to_string(), "2026-11-16T00:00:00Z to 2026-11-23T00:00:00Z");
    assert!(epochs.windows(2).all(|two| two[0].period.end() == two[1].period.start()));
    assert!(epochs.last().unwrap().period.contains(parsed("2026-11-24T00:00:00Z")));
}

#[tokio::test]
async fn an_operators_base_issuance_is_left_as_it_is() {
    let stage = Stage::at("2026-11-18T12:00:00Z").await;
    let by_hand = window("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z");
    let epoch = stage.store.create_epoch(&new_epoch(by_hand, weights(&[]))).await.unwrap();
    let base = ledger_testkit::pool_component("base_issuance", 7);
    stage.store.insert_pool_component(epoch.id, &base).await.unwrap();
    let config = stage.configure(&one_ledger(""));
    let worker = stage.start(&config).await;
    stage.settled(&[]).await;
    stage.set("2026-11-23T00:00:00Z");
    stage.settled(&[]).await;
    worker.stop().await;
    let epochs = stage.epochs().await;
    assert_eq!(pool_of(&stage, &epochs[0]).await, [("base_issuance".to_owned(), credits(7).get())]);
    assert_eq!(pool_of(&stage, &epochs[1]).await, [("base_issuance".to_owned(), 10_000)]);
}

#[tokio::test]
async fn an_operator_cancels_and_retries_while_a_worker_runs() {
    let stage = Stage::at("2026-11-18T12:00:00Z").await;
    let nowhere = tempfile::tempdir().unwrap();
    let place = nowhere.path().join("later");
    let config = stage.configure(&one_ledger(&git_source("late", &place)));
    let worker = stage.start(&config).await;
    let state = async || {
        stage.jobs().await.into_iter().find(|job| job.key == collect("late")).map(|job| job.state)
    };
    stage.until("it is set aside", async || state().await == Some(JobState::SetAside)).await;
    let orchard = Orchard::grown(MONDAY, WEEK, 5, 4);
    std::fs::rename(orchard.path(), &place).unwrap();
    stage.queue.retry_job(&collect("late")).await.unwrap();
    stage.settled(&["late"]).await;
    worker.stop().await;
}
