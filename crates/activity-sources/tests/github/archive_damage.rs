//! Archives with something wrong in them: it costs itself alone, and is told.

use activity_sources::CollectWindow;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive_lines::{
    Archives, acme, commented, comments, compressed, line, notices, read, text, told_twice,
};
use crate::payloads::{byte_changes, change_bytes, change_fields, field_changes};
use crate::stage::{Books, ORCHARD, at, week};

#[tokio::test]
async fn a_broken_line_is_told_by_its_number_and_loses_nothing_else() {
    let deep = format!("{{\"type\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let mut foreign = commented(77, 17);
    foreign["payload"]["comment"]["id"] = json!("seventy-seven");
    let broken: [(Vec<u8>, &str); 7] = [
        (b"{\"type\": \"PushEvent\"".to_vec(), "EOF while parsing"),
        (b"\xff\xfe".to_vec(), "expected value at column 1"),
        (b"{\"type\": \"\xff\"}".to_vec(), "invalid unicode code point"),
        (b"[]".to_vec(), "invalid length 0"),
        (b"{\"type\": \"PushEvent\", \"repository\": {}}".to_vec(), "missing field `repo`"),
        (deep.into_bytes(), "invalid type: sequence"),
        (foreign.to_string().into_bytes(), "the payload of the IssueCommentEvent: invalid type"),
    ];
    let mut content = Vec::new();
    for (bytes, line) in broken.iter().map(|(bytes, _)| bytes).zip(comments()) {
        content.extend([bytes, &b"\r\n\n"[..], &text(&[line])].concat());
    }
    let (_folder, path) = Archives::of(&compressed(&content));
    let mut books = read(&acme(&path)).await;
    assert_eq!(books.events.len(), broken.len());
    assert_eq!(books.tally.faulty, broken.len() as u64);
    for (at, (notice, (_, problem))) in notices(&books).iter().zip(&broken).enumerate() {
        let place = format!("{}, line {}: ", path.display(), at * 3 + 1);
        assert!(notice.starts_with(&place) && notice.contains(problem), "{notice}");
        assert!(notice.ends_with("; the line was left out") && !notice.contains('\n'), "{notice}");
    }
    books.collect(&acme(&path), week()).await.expect("it can be read");
    assert_eq!(books.tally.faulty, broken.len() as u64, "they were told once");
}

#[tokio::test]
async fn a_line_without_end_is_left_out() {
    let mut content = text(&[commented(1, 17)]);
    content.extend(std::iter::repeat_n(b'[', 17 * 1024 * 1024));
    content.push(b'\n');
    content.extend(text(&[commented(2, 17)]));
    let (_folder, path) = Archives::of(&compressed(&content));
    let books = read(&acme(&path)).await;
    assert_eq!(books.ids(), ["github:comment:1", "github:comment:2"]);
    let notices = notices(&books);
    assert!(notices[0].contains("line 2: is longer than 16777216 bytes"), "{notices:?}");
}

#[tokio::test]
async fn a_file_that_is_cut_short_gives_what_it_has_and_later_the_rest() {
    let whole = compressed(&text(&comments()));
    let (_folder, path) = Archives::of(&whole);
    let all = read(&acme(&path)).await.ids();
    let mut seen_early = false;
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).expect("the folder takes it");
        let mut books = read(&acme(&path)).await;
        let notices = notices(&books);
        let is_told = notices.iter().any(|one| one.contains("is cut short after line "));
        // One byte alone is no gzip file; it is a broken line.
        let is_told = is_told || notices.iter().any(|one| one.contains("is empty"));
        assert!(is_told || cut == 1 && notices.len() == 1, "{cut}: {notices:?}");
        let early = books.ids();
        seen_early |= !early.is_empty() && early.len() < all.len();
        assert!(early.iter().all(|id| all.contains(id)), "{cut}");
        std::fs::write(&path, &whole).expect("the folder takes it");
        books.collect(&acme(&path), week()).await.expect("it can be read");
        let mut ids = books.ids();
        ids.dedup();
        assert_eq!(ids, all, "{cut}");
    }
    assert!(seen_early, "some cut leaves some lines");
}

#[tokio::test]
async fn a_damaged_file_gives_what_stands_before_the_damage() {
    let first = compressed(&text(&comments()[..3]));
    let mut content = first.clone();
    content.extend(compressed(&text(&comments()[3..])));
    let (_folder, path) = Archives::of(&content);
    let all = read(&acme(&path)).await;
    assert_eq!((all.ids().len(), all.notices.len()), (8, 0), "gzip files may follow each other");
    content[first.len()] = 0;
    std::fs::write(&path, &content).expect("the folder takes it");
    let books = read(&acme(&path)).await;
    let notices = notices(&books);
    assert_eq!(books.ids().len(), 3);
    assert!(
        notices[0].contains("is damaged after line 3, and was read up to there"),
        "{notices:?}"
    );
}

#[tokio::test]
async fn what_a_flipped_bit_hid_comes_with_the_sound_file() {
    let whole = compressed(&text(&comments()));
    let (_folder, path) = Archives::of(&whole);
    let all = read(&acme(&path)).await.ids();
    // The length and the checksum at the end are those of the sound file.
    for at in 10..whole.len() - 8 {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&path, &flipped).expect("the folder takes it");
        let mut books = read(&acme(&path)).await;
        assert!(!books.notices.is_empty(), "{at}");
        std::fs::write(&path, &whole).expect("the folder takes it");
        books.collect(&acme(&path), week()).await.expect("it can be read");
        let ids = books.ids();
        assert!(all.iter().all(|id| ids.contains(id)), "{at}: {ids:?}");
    }
}

fn a_line() -> impl Strategy<Value = Value> {
    proptest::sample::select(told_twice()).prop_map(|(_, kind, mut body)| {
        if kind == "PullRequestReviewEvent" {
            body["action"] = json!("created");
        }
        line(kind, (ORCHARD, "acme/orchard"), &body)
    })
}

/// Reads the bytes between two sound lines. Those are there whatever the bytes are, and each other
/// event can be recorded.
fn holds_between(bytes: &[u8]) {
    let (before, after) = (text(&[commented(1, 17)]), text(&[commented(2, 17)]));
    let content = [&before, bytes, b"\n", &after].concat();
    let (_folder, path) = Archives::of(&content);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let window = CollectWindow { since: at("2001-01-01"), until: at("2100-01-01"), ..week() };
    let mut books = Books::default();
    runtime.block_on(books.collect(&acme(&path), window)).expect("the file can be read");
    for event in &books.events {
        assert_eq!(event.check(), Ok(()));
        assert_eq!(event.payload_hash, event.canonical_payload_hash());
    }
    let ids = books.ids();
    for id in ["github:comment:1", "github:comment:2"] {
        assert!(ids.iter().any(|one| one == id), "{id} is lost: {:?}", books.notices);
    }
    assert!(books.notices.iter().all(|notice| !notice.message.contains('\n')));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_changed_field_harms_its_neighbours(mut line in a_line(), changes in field_changes()) {
        change_fields(&mut line, changes);
        holds_between(line.to_string().as_bytes());
    }

    #[test]
    fn no_changed_byte_harms_its_neighbours(line in a_line(), changes in byte_changes()) {
        let mut bytes = line.to_string().into_bytes();
        change_bytes(&mut bytes, &changes);
        holds_between(&bytes);
    }

    #[test]
    fn no_bytes_harm_their_neighbours(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        holds_between(&bytes);
    }
}
