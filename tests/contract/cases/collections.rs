//! How far each configured source was collected into an epoch, and what is missing.

use ledger_core::{
    CollectionFailure, CollectionOutcome, EpochId, OneLine, SourceCollection, SourceId,
};
use ledger_testkit::{moment, parsed};

use crate::harness::{START, WEEK, World, assert_paged, open};

const EARLY: &str = "2026-11-17T00:00:00Z";
const LATE: &str = "2026-11-18T00:00:00.000001Z";

fn through(time: &str) -> CollectionOutcome {
    CollectionOutcome::Complete { through: moment(time) }
}

fn failed(error: &str) -> CollectionOutcome {
    CollectionOutcome::Failed { error: OneLine::of(error) }
}

fn collected(epoch_id: EpochId, source: &str, through: Option<&str>) -> SourceCollection {
    let mut none_yet = SourceCollection::none_yet(epoch_id, parsed(source));
    none_yet.collected_through = through.map(moment);
    none_yet
}

pub(crate) async fn a_run_that_came_to_its_end_is_recorded(world: &World) {
    let id = open(&world.store, WEEK).await.id;
    let main: SourceId = parsed("main");
    assert_paged(|page| world.store.list_collections_for_epoch(id, page), &[]).await;
    let expected = collected(id, "main", Some(LATE));
    for _ in 0..2 {
        let recorded = world.store.record_collection(id, &main, &through(LATE)).await.unwrap();
        assert_eq!(recorded, expected);
    }
    let listed = [expected];
    assert_paged(|page| world.store.list_collections_for_epoch(id, page), &listed).await;
}

pub(crate) async fn a_run_that_began_earlier_takes_nothing_back(world: &World) {
    let id = open(&world.store, WEEK).await.id;
    let main: SourceId = parsed("main");
    world.store.record_collection(id, &main, &through(LATE)).await.unwrap();
    let recorded = world.store.record_collection(id, &main, &through(EARLY)).await.unwrap();
    assert_eq!(recorded, collected(id, "main", Some(LATE)));
}

pub(crate) async fn a_failure_is_kept_with_its_time_until_a_run_succeeds(world: &World) {
    let id = open(&world.store, WEEK).await.id;
    let main: SourceId = parsed("main");
    let failure = |at: &str, error: &str| {
        Some(CollectionFailure { failed_at: moment(at), error: OneLine::of(error) })
    };
    let longest = "é".repeat(1_000);
    let mut expected = collected(id, "main", None);
    expected.failure = failure(START, &longest);
    let recorded = world.store.record_collection(id, &main, &failed(&longest)).await.unwrap();
    assert_eq!(recorded, expected);

    // A run that began before the failure says nothing about it.
    expected.collected_through = Some(moment(EARLY));
    let recorded = world.store.record_collection(id, &main, &through(EARLY)).await.unwrap();
    assert_eq!(recorded, expected);
    world.store.record_collection(id, &main, &through(START)).await.unwrap();
    let mended = [collected(id, "main", Some(START))];
    assert_paged(|page| world.store.list_collections_for_epoch(id, page), &mended).await;

    world.clock.set("2026-11-19T00:00:00Z");
    let recorded = world.store.record_collection(id, &main, &failed("no answer")).await.unwrap();
    let mut expected = collected(id, "main", Some(START));
    expected.failure = failure("2026-11-19T00:00:00Z", "no answer");
    assert_eq!(recorded, expected);
}

pub(crate) async fn each_epoch_and_source_has_a_record_of_its_own(world: &World) {
    let first = open(&world.store, WEEK).await.id;
    let theirs = open(&world.other, WEEK).await.id;
    let ids = ["zulu", "main", "main-2", "main_2", "a.b"];
    for id in ids {
        world.store.record_collection(first, &parsed(id), &through(EARLY)).await.unwrap();
    }
    world.other.record_collection(theirs, &parsed("main"), &failed("no answer")).await.unwrap();
    world.store.begin_review(first).await.unwrap();
    let second = open(&world.store, "2026-W48").await.id;
    world.store.record_collection(second, &parsed("main"), &through(LATE)).await.unwrap();
    // An epoch in review may still be collected into.
    world.store.record_collection(first, &parsed("main"), &through(LATE)).await.unwrap();

    let mut expected = ["a.b", "main", "main-2", "main_2", "zulu"]
        .map(|source| collected(first, source, Some(EARLY)));
    expected[1].collected_through = Some(moment(LATE));
    assert_paged(|page| world.store.list_collections_for_epoch(first, page), &expected).await;
    let expected = [collected(second, "main", Some(LATE))];
    assert_paged(|page| world.store.list_collections_for_epoch(second, page), &expected).await;
}
