//! How long a text may be, to the byte, and what it may hold.

use ledger_core::{
    AllocationOverride, ComponentId, CursorKey, DisplayName, EventId, EventType, IdempotencyKey,
    LedgerName, PlatformUserId, Sha256Hex, SourceCursor, SourceId, SourceName, TokenName, Units,
    UserId, WorkerName,
};
use ledger_testkit::event;

/// A text of `most` bytes is taken and one of one more is not, and of each of the others as is said.
fn takes<E>(
    what: &str,
    most: usize,
    make: impl Fn(&str) -> Result<(), E>,
    taken: &[&str],
    refused: &[&str],
) {
    assert!(make(&"a".repeat(most)).is_ok(), "{what} of {most} bytes");
    assert!(make(&"a".repeat(most + 1)).is_err(), "{what} of {} bytes", most + 1);
    for text in taken {
        assert!(make(text).is_ok(), "{what} {text:?}");
    }
    for text in refused {
        assert!(make(text).is_err(), "{what} {text:?}");
    }
}

macro_rules! takes {
    ($type:ident, $most:literal, $taken:expr, $refused:expr) => {
        assert_eq!($type::MAX_BYTES, $most);
        takes(stringify!($type), $most, |text| text.parse::<$type>().map(drop), $taken, $refused);
        let one: $type = "abc".parse().expect("three letters are always taken");
        assert_eq!((one.as_str(), one.to_string().as_str()), ("abc", "abc"));
    };
}

#[test]
fn an_id_of_a_person_or_a_thing_is_printable() {
    let taken = ["a b", " a", "é", "ada@example.org", "a:b"];
    let refused = ["", "a\n", "\0", "\u{7f}", "\u{85}"];
    takes!(UserId, 256, &taken, &refused);
    takes!(EventId, 512, &taken, &refused);
    takes!(PlatformUserId, 256, &taken, &refused);
    takes!(WorkerName, 256, &taken, &refused);
    assert!("é".repeat(128).parse::<UserId>().is_ok());
    assert!("é".repeat(129).parse::<UserId>().is_err(), "bytes are counted, not letters");
}

#[test]
fn a_name_of_the_operators_is_a_slug() {
    let taken = ["a", "a-b_c.d9", "z"];
    let refused = ["", "A", "9a", "-a", "_a", ".a", "a b", "a:b", "a/b", "é", "aé", "a\n"];
    takes!(SourceName, 64, &taken, &refused);
    takes!(SourceId, 64, &taken, &refused);
    takes!(EventType, 64, &taken, &refused);
    takes!(ComponentId, 64, &taken, &refused);
    takes!(LedgerName, 64, &taken, &refused);
}

#[test]
fn a_name_for_people_does_not_begin_or_end_with_a_space() {
    let taken = ["a b", "É", "a\u{a0}"];
    let refused = ["", " ", " a", "a ", "a\nb"];
    takes!(TokenName, 128, &taken, &refused);
    takes!(DisplayName, 128, &taken, &refused);
    assert!("ada@example.org".parse::<TokenName>().is_ok());
    assert!("ada@example.org".parse::<DisplayName>().is_err(), "everybody sees it");
}

#[test]
fn a_key_is_visible_ascii() {
    takes!(IdempotencyKey, 255, &["~", "!", "a-1"], &["", "a b", "é", "\u{7f}", "a\t"]);
}

#[test]
fn a_cursor_has_its_limits() {
    let of = |stream: &str, scope: &str| {
        CursorKey::new("git".parse().expect("a source"), stream, scope).map(drop)
    };
    takes("a stream", 512, |text| of(text, "scope"), &["a b", "é"], &["", "a\n"]);
    takes("a scope", 512, |text| of("stream", text), &["a b", "é"], &["", "a\n"]);
    takes("a value", 65_536, SourceCursor::check_value, &["", "a\nb", "\u{1}"], &["a\0b"]);
}

#[test]
fn an_override_says_why() {
    let of = |reason: &str| AllocationOverride::new(Units::ZERO, reason).map(drop);
    takes("a reason", 2_000, of, &["a\n\tb", "é"], &["", " ", "\n\t", "a\u{1b}b", "a\rb"]);
    let units = Units::new(7).expect("units");
    let decision = AllocationOverride::new(units, "paired on it").expect("a decision");
    assert_eq!((decision.final_units(), decision.reason()), (units, "paired on it"));
}

#[test]
fn an_events_texts_have_their_limits() {
    let taken = ["a b", "é"];
    let refused = ["", "a\nb", "\0"];
    let producer = |text: &str| {
        let mut event = event("git:1").build();
        text.clone_into(&mut event.producer);
        event.check()
    };
    takes("producer", 2_048, producer, &taken, &refused);
    let version = |text: &str| {
        let mut event = event("git:1").build();
        text.clone_into(&mut event.producer_version);
        event.check()
    };
    takes("producer_version", 2_048, version, &taken, &refused);
    let login = |text: &str| {
        let mut event = event("git:1").build();
        event.platform_login = Some(text.to_owned());
        event.check()
    };
    takes("platform_login", 2_048, login, &taken, &refused);
    let url = |text: &str| {
        let mut event = event("git:1").build();
        event.artifact_url = Some(text.to_owned());
        event.check()
    };
    takes("artifact_url", 2_048, url, &taken, &refused);
}

#[test]
fn a_hash_is_64_lower_case_digits() {
    let hash = Sha256Hex::of(b"abc");
    // FIPS 180-4's example.
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((hash.as_str(), hash.to_string().as_str()), (known, known));
    assert_eq!(known.parse(), Ok(hash.clone()));
    assert_eq!(String::from(hash), known);
    for wrong in [&known[1..], &format!("{known}0"), &known.to_uppercase(), &"g".repeat(64), ""] {
        assert!(wrong.parse::<Sha256Hex>().is_err(), "{wrong}");
        assert!(Sha256Hex::try_from(wrong.to_owned()).is_err(), "{wrong}");
    }
}
