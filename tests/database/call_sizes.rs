//! What a call carries: its future is made, moved and freed each time, with room for whatever the call may come
//! to. What is seldom (opening a connection, a transaction of many statements) once made that eighteen kilobytes
//! for one event.

use ledger_testkit::event;

use crate::arena::{Arena, open};

/// The most that glibc's allocator keeps at hand for each thread (`tcache`): beyond that, each call takes the slow
/// way through it.
const MOST: usize = 1_032;

#[tokio::test]
async fn a_call_carries_no_more_than_the_allocator_keeps_at_hand() {
    let arena = Arena::new().await;
    let store = &arena.stores(0, 1).await[0];
    let epoch = open(store).await.id;
    let events = [event("a").build()];
    let sizes = [
        ("insert_activity_events", size_of_val(&*store.insert_activity_events(epoch, &events))),
        ("get_epoch", size_of_val(&*store.get_epoch(epoch))),
        ("get_open_epoch", size_of_val(&*store.get_open_epoch())),
    ];
    for (call, size) in sizes {
        assert!(size <= MOST, "{call} carries {size} bytes");
    }
}
