//! Known answers of canonical JSON (RFC 8785) and of the hashes over it. The bytes are written out
//! by hand and the digests are of `sha256sum`, so that the ledger is not asked about itself.

use ledger_core::{NewActivityEvent, Sha256Hex, canonical_json};
use ledger_testkit::event;
use serde_json::{Value, json};

use crate::books::Books;
use ledger_testkit::reference::sha256_hex;

fn canonical(text: &str) -> String {
    let value: Value = serde_json::from_str(text).expect("JSON");
    String::from_utf8(canonical_json(&value)).expect("UTF-8")
}

/// RFC 8785, 3.2.2 and 3.2.4: the sample and its bytes.
#[test]
fn the_sample_of_the_rfc() {
    let found = canonical(
        r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#,
    );
    let hex = "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a\
               5b3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d\
               2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d";
    let bytes: String = found.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(bytes, hex);
}

/// RFC 8785, 3.2.3: keys sort by their UTF-16 code units, so the emoji comes before U+FB33.
#[test]
fn keys_sort_as_the_rfc_sorts_them() {
    let found = canonical(
        r#"{
            "\u20ac": "Euro Sign", "\r": "Carriage Return",
            "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#,
    );
    let expected = concat!(
        r#"{"\r":"Carriage Return","1":"One",""#,
        "\u{80}\":\"Control\",\"\u{f6}\":\"Latin Small Letter O With Diaeresis\",",
        "\"\u{20ac}\":\"Euro Sign\",\"\u{1f600}\":\"Emoji: Grinning Face\",",
        "\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
    );
    assert_eq!(found, expected);
}

#[test]
fn keys_sort_at_every_depth_and_lists_do_not() {
    for (text, expected) in [
        (r#"[56, {"d": true, "10": null, "1": [ ]}]"#, r#"[56,{"1":[],"10":null,"d":true}]"#),
        (
            r#"{"1": {"f": {"f": "hi", "F": 5}, "\n": 56.0}, "10": {}, "": "empty", "A": {}}"#,
            r#"{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"A":{}}"#,
        ),
        (r#"[{"b": 1, "a": 2}, {"b": 0}, 3, 1, 2]"#, r#"[{"a":2,"b":1},{"b":0},3,1,2]"#),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

/// French sorts péché before pêche before peach; bytes do not care, and nothing is normalized.
#[test]
fn no_locale_sorts_and_nothing_is_normalized() {
    assert_eq!(
        canonical(r#"{"sin": 1, "pêche": 2, "péché": 3, "peach": 4}"#),
        r#"{"peach":4,"péché":3,"pêche":2,"sin":1}"#
    );
    assert_eq!(canonical(r#""A\u030a""#), "\"A\u{30a}\"");
    assert_eq!(canonical(r#""\u00c5""#), "\"\u{c5}\"");
}

#[test]
fn only_what_must_be_escaped_is_escaped() {
    assert_eq!(canonical(r#""\b\t\n\f\r\"\\""#), r#""\b\t\n\f\r\"\\""#);
    assert_eq!(canonical(r#""\u0000\u001B\u001f""#), r#""\u0000\u001b\u001f""#);
    assert_eq!(canonical(r#""\u007f\/<>&\u2028""#), "\"\u{7f}/<>&\u{2028}\"");
}

fn pull_request() -> NewActivityEvent {
    event("github:pr:owner/repo:42")
        .from_source("github")
        .of_type("pr_merged")
        .by("583231")
        .with_metadata(json!({"title": "Résumé €", "labels": ["b", "a"], "additions": 12}))
        .build()
}

#[test]
fn the_payload_hash_of_a_pull_request() {
    let bytes = "{\"event_time\":\"2026-11-17T12:00:00Z\",\"event_type\":\"pr_merged\",\
        \"id\":\"github:pr:owner/repo:42\",\"metadata\":{\"additions\":12,\"labels\":[\"b\",\"a\"],\
        \"title\":\"Résumé €\"},\"platform_user_id\":\"583231\",\"source\":\"github\"}";
    let digest = "fa4f9d5f5598179aee6aea9ec92c628d58bf97cb6aec30d31959b19c5b43c75a";
    assert_eq!(sha256_hex(bytes.as_bytes()), digest);
    assert_eq!(pull_request().canonical_payload_hash().as_str(), digest);
}

#[test]
fn the_payload_hash_without_metadata_and_with_a_part_of_a_second() {
    let commit = event("git:1").at("2026-11-17T13:00:00.5+01:00").build();
    let digest = "7a242125d72de6c53177de6c904bc4e2b6b8c811b974b5feedc889885d71c98e";
    assert_eq!(commit.canonical_payload_hash().as_str(), digest);
}

/// Who is paid, what the display says and who read it when are not the fact.
#[test]
fn the_payload_hash_is_of_the_fact_and_of_nothing_else() {
    let same = event("github:pr:owner/repo:42")
        .from_source("github")
        .of_type("pr_merged")
        .by("583231")
        .with_metadata(json!({"additions": 12, "labels": ["b", "a"], "title": "Résumé €"}))
        .shown_as("octocat")
        .of_user("alice")
        .linked_to("https://example.org/42")
        .read_at("2026-12-24")
        .produced_by("another", "2")
        .build();
    assert_eq!(same.payload_hash, pull_request().payload_hash);
    let other: [fn(&mut NewActivityEvent); 6] = [
        |fact| fact.id = event("github:pr:owner/repo:43").build().id,
        |fact| fact.source = event("git:1").build().source,
        |fact| fact.event_type = event("git:1").build().event_type,
        |fact| fact.platform_user_id = event("git:1").build().platform_user_id,
        |fact| fact.event_time = event("git:1").at("2026-11-17T12:00:01Z").build().event_time,
        |fact| fact.metadata = None,
    ];
    for change in other {
        let mut fact = pull_request();
        change(&mut fact);
        assert_ne!(fact.canonical_payload_hash(), pull_request().payload_hash, "{fact:?}");
    }
}

#[test]
fn a_hash_of_nothing_is_the_published_one() {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Sha256Hex::of(b"").as_str(), digest);
    assert_eq!(sha256_hex(b""), digest);
}

/// The bytes that anyone can recompute: amounts are text, because a reader may keep numbers as
/// doubles.
#[test]
fn the_bytes_of_a_statement() {
    let statement = Books::new().statement;
    let row = |user_id: &str, units: &str, share: &str, amount: &str| {
        format!(
            r#"{{"amount_credits":"{amount}","share":"{share}","total_units":"{units}","user_id":"{user_id}"}}"#
        )
    };
    let rows = [
        row("alice", "3000", "0.300000", "300"),
        row("bob", "5000", "0.500000", "501"),
        row("carol", "0", "0.000000", "0"),
        row("dave", "2000", "0.200000", "200"),
    ];
    let expected = format!("[{}]", rows.join(","));
    assert_eq!(String::from_utf8(statement.canonical_payouts()).expect("UTF-8"), expected);
    let digest = "910c299d6aabfb1297ead530b6d0e1ce94b74c7df5fc326a324f1d6adc6a498b";
    assert_eq!(statement.payouts_hash().as_str(), digest);
    let digest = "634950b3a8808b77f8f4a6051c1e3c1f96974765a47dfeeff9dfcdce1df93d84";
    assert_eq!(statement.statement.allocation_set_hash.as_str(), digest);
}
