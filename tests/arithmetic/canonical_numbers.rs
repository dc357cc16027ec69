//! Numbers in canonical JSON: RFC 8785, appendix B, bit pattern by bit pattern.

use ledger_core::canonical_json;
use ledger_testkit::event;
use serde_json::{Number, Value, json};

const APPENDIX_B: [(u64, &str); 24] = [
    (0x0000_0000_0000_0000, "0"),
    (0x8000_0000_0000_0000, "0"),
    (0x0000_0000_0000_0001, "5e-324"),
    (0x8000_0000_0000_0001, "-5e-324"),
    (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
    (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
    (0x4340_0000_0000_0000, "9007199254740992"),
    (0xc340_0000_0000_0000, "-9007199254740992"),
    (0x4430_0000_0000_0000, "295147905179352830000"),
    (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
    (0x44b5_2d02_c7e1_4af6, "1e+23"),
    (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
    (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
    (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
    (0x444b_1ae4_d6e2_ef50, "1e+21"),
    (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
    (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
    (0x41b3_de43_5555_5553, "333333333.3333332"),
    (0x41b3_de43_5555_5554, "333333333.33333325"),
    (0x41b3_de43_5555_5555, "333333333.3333333"),
    (0x41b3_de43_5555_5556, "333333333.3333334"),
    (0x41b3_de43_5555_5557, "333333333.33333343"),
    (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
    (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
];

fn canonical(value: &Value) -> String {
    String::from_utf8(canonical_json(value)).expect("UTF-8")
}

#[test]
fn every_number_of_appendix_b() {
    for (bits, expected) in APPENDIX_B {
        let number = Number::from_f64(f64::from_bits(bits)).expect("finite");
        assert_eq!(canonical(&Value::Number(number)), expected, "{bits:016x}");
    }
}

/// What is not a number of JSON cannot come so far as to be written.
#[test]
fn what_is_not_finite_is_no_value() {
    for bits in [0x7fff_ffff_ffff_ffff, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000] {
        assert_eq!(Number::from_f64(f64::from_bits(bits)), None, "{bits:016x}");
    }
    assert!(serde_json::from_str::<Value>("1e400").is_err());
}

/// One number has one form, however it was written.
#[test]
fn a_number_read_from_text_has_one_form() {
    for (text, expected) in [
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.0", "1"),
        ("10e-1", "1"),
        ("1E2", "100"),
        ("4.50", "4.5"),
        ("1e-7", "1e-7"),
        ("0.0000010", "0.000001"),
        ("333333333.33333329", "333333333.3333333"),
        ("9007199254740991", "9007199254740991"),
        ("-9007199254740991", "-9007199254740991"),
    ] {
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(canonical(&value), expected, "{text}");
    }
}

/// RFC 8785 knows doubles only, so this is the canonical form; that is why amounts are text.
#[test]
fn an_integer_beyond_a_double_is_written_as_its_nearest_double() {
    assert_eq!(canonical(&json!(9_007_199_254_740_993_u64)), "9007199254740992");
    assert_eq!(canonical(&json!(i64::MAX)), "9223372036854776000");
    assert_eq!(canonical(&json!(u64::MAX)), "18446744073709552000");
}

/// Two facts that differ are a conflict under one id (ACTIVITY_IDEMPOTENT), which only their hashes
/// can show: numbers that canonical JSON cannot tell apart must be refused.
#[test]
fn two_facts_that_the_ledger_takes_never_share_a_hash() {
    let fact = |number: Value| event("git:1").with_metadata(json!({"deep": [number]})).build();
    for (one, other) in [
        (json!(9_007_199_254_740_992_u64), json!(9_007_199_254_740_993_u64)),
        (json!(-9_007_199_254_740_993_i64), json!(-9_007_199_254_740_992_i64)),
        (json!(u64::MAX), json!(u64::MAX - 1)),
    ] {
        let (one, other) = (fact(one), fact(other));
        let told_apart = one.payload_hash != other.payload_hash;
        let refused = one.check().is_err() || other.check().is_err();
        assert!(told_apart || refused, "{:?} and {:?}", one.metadata, other.metadata);
    }
}
