//! JSON that a record carries: how large, how deep, with which numbers, and when two say the same.

use ledger_core::{Credits, MAX_JSON_BYTES, MAX_JSON_DEPTH, NewPoolComponent};
use ledger_testkit::{event, moment};
use serde_json::{Value, json};

fn component(inputs: Value) -> NewPoolComponent {
    NewPoolComponent {
        component_id: "bonus".parse().expect("a slug"),
        algorithm_version: "1".to_owned(),
        inputs,
        amount: Credits::new(5).expect("credits"),
        evidence_ref: None,
        computed_at: moment("2026-11-20"),
    }
}

fn nested(depth: usize) -> Value {
    (1..depth).fold(json!([]), |inner, _| json!([inner]))
}

fn nested_objects(depth: usize) -> Value {
    (1..depth).fold(json!({}), |inner, _| json!({ "k": inner }))
}

/// A document of so many bytes.
fn of_bytes(bytes: usize) -> Value {
    Value::String("a".repeat(bytes - 2))
}

/// The problem with an event of that metadata, and with a pool component of those inputs.
fn problems(document: &Value) -> [Option<String>; 2] {
    let mut event = event("git:1").build();
    event.metadata = Some(document.clone());
    let of_event = event.check().err().map(|fault| {
        assert_eq!(fault.field, "metadata");
        fault.problem
    });
    let of_pool = component(document.clone()).check().err().map(|error| error.to_string());
    [of_event, of_pool]
}

#[test]
fn a_document_ends_at_its_limits() {
    for taken in [
        nested(MAX_JSON_DEPTH),
        nested_objects(MAX_JSON_DEPTH),
        of_bytes(MAX_JSON_BYTES),
        json!({"a": ["\u{1}", null, true, 1.5]}),
    ] {
        assert_eq!(problems(&taken), [None, None]);
    }
    for (refused, why) in [
        (nested(MAX_JSON_DEPTH + 1), "nests deeper than 32"),
        (nested_objects(MAX_JSON_DEPTH + 1), "nests deeper than 32"),
        (of_bytes(MAX_JSON_BYTES + 1), "is larger than 65536 bytes"),
        (json!({"a": [{"b\0": 1}]}), "holds the character U+0000"),
        (json!({"a": [{"b": "\0"}]}), "holds the character U+0000"),
    ] {
        for problem in problems(&refused) {
            let problem = problem.expect("it is refused");
            assert!(problem.contains(why), "{problem}");
        }
    }
}

#[test]
fn whole_numbers_are_those_that_every_reader_keeps() {
    let exact: i64 = 9_007_199_254_740_991;
    for taken in [json!([exact, -exact]), json!({"a": {"b": 0}}), json!([1e300, 0.5])] {
        assert_eq!(problems(&taken), [None, None], "{taken}");
    }
    for refused in
        [json!([exact + 1]), json!({"a": [-exact - 1]}), json!(u64::MAX), json!(i64::MIN)]
    {
        for problem in problems(&refused) {
            assert!(problem.is_some_and(|why| why.contains("beyond 2^53-1")), "{refused}");
        }
    }
}

#[test]
fn a_pool_components_texts_have_their_limits() {
    let most = NewPoolComponent::MAX_TEXT_BYTES;
    assert_eq!(most, 2_048);
    for (text, is_taken) in [
        ("a".repeat(most), true),
        ("a".repeat(most + 1), false),
        (String::new(), false),
        ("a\n".to_owned(), false),
    ] {
        let versioned =
            NewPoolComponent { algorithm_version: text.clone(), ..component(json!({})) };
        assert_eq!(versioned.check().is_ok(), is_taken, "{} bytes", text.len());
        let with_evidence = NewPoolComponent { evidence_ref: Some(text), ..component(json!({})) };
        assert_eq!(with_evidence.check().is_ok(), is_taken, "{with_evidence:?}");
    }
}

#[test]
fn components_say_the_same_however_their_numbers_are_written() {
    let number = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let same = |one: &Value, other: &Value| {
        let (one, other) = (component(one.clone()), component(other.clone()));
        assert_eq!(one.says_the_same_as(&other), other.says_the_same_as(&one));
        one.says_the_same_as(&other)
    };
    for (one, other) in [
        ("1e17", "100000000000000000"),
        ("-0.0", "0"),
        ("2.0", "2"),
        ("-3.0", "-3"),
        ("[1.0, {\"a\": 2}]", "[1, {\"a\": 2.0}]"),
        ("{\"a\": 1, \"b\": 2}", "{\"b\": 2, \"a\": 1}"),
        ("0.1", "0.1"),
    ] {
        assert!(same(&number(one), &number(other)), "{one} and {other}");
    }
    for (one, other) in [
        ("1", "2"),
        ("0.5", "0"),
        ("0.25", "0.5"),
        ("1.5", "2"),
        ("[1]", "[1, 1]"),
        ("[1, 2]", "[2, 1]"),
        ("{\"a\": 1}", "{\"b\": 1}"),
        ("{\"a\": 1}", "{\"a\": 2}"),
        ("{\"a\": 1}", "{\"a\": 1, \"b\": 1}"),
        ("1", "\"1\""),
        ("null", "false"),
        ("[]", "{}"),
    ] {
        assert!(!same(&number(one), &number(other)), "{one} and {other}");
    }
}

#[test]
fn when_it_was_computed_is_no_part_of_what_a_component_says() {
    let one = component(json!({}));
    let later = NewPoolComponent { computed_at: moment("2026-11-21"), ..one.clone() };
    assert!(one.says_the_same_as(&later));
    let more = NewPoolComponent { amount: Credits::new(6).expect("credits"), ..one.clone() };
    let of_another_rule = NewPoolComponent { algorithm_version: "2".to_owned(), ..one.clone() };
    let with_evidence = NewPoolComponent { evidence_ref: Some("a vote".to_owned()), ..one.clone() };
    let another = NewPoolComponent { component_id: "base".parse().expect("a slug"), ..one.clone() };
    for other in [more, of_another_rule, with_evidence, another] {
        assert!(!one.says_the_same_as(&other), "{other:?}");
    }
}
