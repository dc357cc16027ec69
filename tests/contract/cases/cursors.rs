//! How far each stream has been read.

use ledger_core::{CursorKey, InvalidValue, SourceCursor};
use ledger_port::LedgerPortError;
use ledger_testkit::{cursor_key, moment, parsed};

use crate::harness::{START, World, assert_paged};

fn cursor(key: &CursorKey, value: &str, retrieved_at: &str) -> SourceCursor {
    SourceCursor { key: key.clone(), value: value.to_owned(), retrieved_at: moment(retrieved_at) }
}

pub(crate) async fn a_stream_that_was_never_read_has_no_cursor(world: &World) {
    assert_eq!(world.store.get_cursor(&cursor_key("main")).await.unwrap(), None);
}

pub(crate) async fn a_cursor_is_kept_with_the_time_it_was_set(world: &World) {
    let key = cursor_key("main");
    let expected = cursor(&key, "0123abcd", START);
    assert_eq!(world.store.upsert_cursor(&key, "0123abcd").await.unwrap(), expected);
    assert_eq!(world.store.get_cursor(&key).await.unwrap(), Some(expected));
}

pub(crate) async fn the_last_value_wins(world: &World) {
    let key = cursor_key("main");
    world.store.upsert_cursor(&key, "2").await.unwrap();
    // The value is the source's own: what looks like a step back is none of the ledger's business.
    world.clock.set("2026-11-19T00:00:00.000001Z");
    let expected = cursor(&key, "1", "2026-11-19T00:00:00.000001Z");
    assert_eq!(world.store.upsert_cursor(&key, "1").await.unwrap(), expected);
    assert_eq!(world.store.get_cursor(&key).await.unwrap(), Some(expected));
}

pub(crate) async fn the_same_value_again_says_when_it_was_read_last(world: &World) {
    let key = cursor_key("main");
    let once = world.store.upsert_cursor(&key, "1").await.unwrap();
    assert_eq!(world.store.upsert_cursor(&key, "1").await.unwrap(), once);
    world.clock.set("2026-11-19T00:00:00Z");
    let again = world.store.upsert_cursor(&key, "1").await.unwrap();
    assert_eq!(again, cursor(&key, "1", "2026-11-19T00:00:00Z"));
}

pub(crate) async fn each_source_stream_and_scope_has_a_cursor_of_its_own(world: &World) {
    let keys = [
        ("git", "main", "owner/repo"),
        ("github", "main", "owner/repo"),
        ("git", "Main", "owner/repo"),
        ("git", "main", "owner/repo2"),
        ("git", "owner/repo", "main"),
        ("git", "main ", "owner/repo"),
        ("git", "větev", "🦀"),
    ]
    .map(|(source, stream, scope)| CursorKey::new(parsed(source), stream, scope).unwrap());
    for (number, key) in keys.iter().enumerate() {
        world.store.upsert_cursor(key, &number.to_string()).await.unwrap();
    }
    for (number, key) in keys.iter().enumerate() {
        let stored = world.store.get_cursor(key).await.unwrap();
        assert_eq!(stored, Some(cursor(key, &number.to_string(), START)));
    }
}

pub(crate) async fn any_value_up_to_the_longest_is_kept(world: &World) {
    let longest = "x".repeat(SourceCursor::MAX_VALUE_BYTES);
    let key = cursor_key("main");
    for value in ["", " ", "a\nb\t\u{1}", "{\"page\": \"2\"}", "žluťoučký 🦀", &longest] {
        world.store.upsert_cursor(&key, value).await.unwrap();
        let stored = world.store.get_cursor(&key).await.unwrap().unwrap();
        assert_eq!(stored.value, value);
    }
    let (long, source) = ("é".repeat(256), "s".repeat(64));
    let key = CursorKey::new(parsed(&source), long.clone(), long).unwrap();
    let stored = world.store.upsert_cursor(&key, "1").await.unwrap();
    assert_eq!(world.store.get_cursor(&key).await.unwrap(), Some(stored));
}

pub(crate) async fn a_value_that_cannot_be_kept_is_refused_and_the_last_one_stays(world: &World) {
    let key = cursor_key("main");
    world.store.upsert_cursor(&key, "1").await.unwrap();
    let too_long = "x".repeat(SourceCursor::MAX_VALUE_BYTES + 1);
    for (value, problem) in [
        (too_long.as_str(), "it is longer than 65536 bytes"),
        ("\0", "it holds the character U+0000"),
    ] {
        let expected = InvalidValue::new("cursor value", value, problem);
        assert_refused!(
            world,
            world.store.upsert_cursor(&key, value),
            LedgerPortError::InvalidValue(invalid) if *invalid == expected
        );
    }
}

pub(crate) async fn cursors_are_listed_by_source_stream_and_scope(world: &World) {
    assert_paged(|page| world.store.list_cursors(page), &[]).await;
    let keys = [
        ("git", "HEAD", "b"),
        ("git", "HEAD", "č"),
        ("git", "main", "B"),
        ("git", "main", "a"),
        ("github", "HEAD", "a"),
    ]
    .map(|(source, stream, scope)| CursorKey::new(parsed(source), stream, scope).unwrap());
    for key in keys.iter().rev() {
        world.store.upsert_cursor(key, key.scope()).await.unwrap();
    }
    let expected = keys.each_ref().map(|key| cursor(key, key.scope(), START));
    assert_paged(|page| world.store.list_cursors(page), &expected).await;
}
