//! Events one by one.

use futures_util::{StreamExt as _, TryStreamExt as _};
use ledger_core::{ActivityEvent, EpochId};
use ledger_port::{EpochNotFoundPortError, LedgerPortError};
use ledger_testkit::event;

use crate::harness::{WEEK, World, all, commits, insert, open, unresolved};

async fn streamed(world: &World, epoch_id: EpochId) -> Vec<ActivityEvent> {
    let events = world.store.stream_activity_for_epoch(epoch_id).await.unwrap();
    events.try_collect().await.unwrap()
}

pub(crate) async fn a_stream_shows_what_the_pages_show(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let times = ["2026-11-17T12:00:00Z", "2026-11-17T12:00:00.000001Z", "2026-11-16T00:00:00Z"];
    let events = (0..1_500).zip(times.into_iter().cycle());
    let events = events.map(|(number, time)| event(&format!("{number}")).at(time));
    insert(&world.store, epoch.id, events).await;
    let listed = all(|page| world.store.get_activity_for_epoch(epoch.id, page)).await;
    assert_eq!(listed.len(), 1_500);
    assert_eq!(streamed(world, epoch.id).await, listed);
}

pub(crate) async fn a_stream_of_an_epoch_without_events_ends_at_once(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    assert_eq!(streamed(world, epoch.id).await, []);
}

pub(crate) async fn a_stream_of_an_unknown_epoch_is_refused_before_it_begins(world: &World) {
    let unknown = EpochId(open(&world.store, WEEK).await.id.0 + 1);
    assert_refused!(
        world,
        world.store.stream_activity_for_epoch(unknown),
        LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }) if *epoch_id == unknown
    );
}

pub(crate) async fn a_stream_is_of_the_moment_of_the_call(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, commits(epoch.id, "alice", 3)).await;
    let before = streamed(world, epoch.id).await;
    let events = world.store.stream_activity_for_epoch(epoch.id).await.unwrap();
    insert(&world.store, epoch.id, commits(epoch.id, "bob", 3)).await;
    let shown: Vec<_> = events.try_collect().await.unwrap();
    assert_eq!(shown, before);
    assert_eq!(streamed(world, epoch.id).await.len(), 6);
}

pub(crate) async fn two_streams_do_not_disturb_each_other(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let mut other_way: Vec<_> = (0..600).map(|number| unresolved(&format!("{number}"))).collect();
    other_way.reverse();
    world.store.insert_activity_events(epoch.id, &other_way).await.unwrap();
    let one = world.store.stream_activity_for_epoch(epoch.id).await.unwrap();
    let other = world.store.stream_activity_for_epoch(epoch.id).await.unwrap();
    let pairs: Vec<_> = one.zip(other).collect().await;
    assert_eq!(pairs.len(), 600);
    assert!(pairs.iter().all(|(one, other)| one.as_ref().unwrap() == other.as_ref().unwrap()));
}

/// More often than any adapter has connections: whoever leaves early gives back what the stream held.
pub(crate) async fn a_stream_may_be_left_early(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, commits(epoch.id, "alice", 3_000)).await;
    for _ in 0..20 {
        let mut events = world.store.stream_activity_for_epoch(epoch.id).await.unwrap();
        assert!(events.next().await.unwrap().is_ok());
    }
    assert_eq!(streamed(world, epoch.id).await.len(), 3_000);
}
