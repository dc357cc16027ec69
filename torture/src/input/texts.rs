//! Texts that nobody should send, out of the dice: what breaks parsers, what looks like something else,
//! what is just too long, and what was right before somebody touched it.

use fastrand::Rng;

/// Texts that some parser takes, or nearly takes.
pub(crate) const WHOLE: &[&str] = &[
    "",
    " ",
    "alice",
    "\u{430}lice",
    "alice@example.org",
    "git",
    "github",
    "commit_authored",
    "git:commit_authored",
    "github:pr:owner/repo:42",
    "base_issuance",
    "postgres://me:hun%74er2@db.example:5433/books?sslmode=verify-full&sslrootcert=%2Fca.pem",
    "host=db.example password='it\\'s' sslmode = require sslcert=/own.pem sslkey='/own key.pem'",
    "open",
    "review",
    "closed",
    "admin",
    "read",
    "private",
    "public",
    "0",
    "-0",
    "+1",
    "1.5",
    "1e400",
    "0x10",
    "\u{661}\u{662}\u{663}",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "0001-01-01T00:00:00Z",
    "0000-12-31T23:59:59Z",
    "-0001-01-01T00:00:00Z",
    "+2026-11-16",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:60Z",
    "9999-12-31T23:59:59-00:01",
    "0001-01-01T00:00:00+00:01",
    "10000-01-01T00:00:00Z",
    "+262143-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z",
    "2016-12-31T23:59:60.999999999Z",
    "2026-11-16T12:34:60+05:30",
    "2026-11-16T00:00:00+24:00",
    "2026-11-16t00:00:00z",
    "2026-02-29",
    "2026-11-16",
    "2026-W47",
    "0001-W01",
    "9999-W52",
    "9999-W53",
    "0000-W01",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    "00000000-0000-0000-0000-000000000001",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "{00000000-0000-0000-0000-000000000001}",
    concat!(
        "elt_",
        "00000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffff",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ),
    "null",
    "true",
    "[]",
    "{}",
    "\"\\ud800\"",
    "{\"git:commit_authored\":1000}",
    "{\"git:commit_authored\":1e3,\"git:commit_authored\":-1}",
    "{\"user_id\":\"alice\",\"total_units\":\"1\",\"share\":\"1.000000\",\"amount_credits\":\"100\"}",
    "NaN",
    "infinity",
    "'; DROP TABLE activity_events; --",
    "%s%n%00",
    "../../etc/passwd",
    "=cmd|' /C calc'!A0",
];

/// Pieces that go into texts.
const PIECES: &[&str] = &[
    "\0",
    "\u{1}",
    "\n",
    "\r\n",
    "\t",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{9f}",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{2066}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{10ffff}",
    "\u{1f469}\u{200d}\u{1f680}",
    "e\u{301}\u{301}\u{301}\u{301}",
    "\u{e9}",
    "\u{df}",
    "\u{130}",
    "\u{430}",
    "\u{ff21}",
    "'",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "%",
    "_",
    "$1",
    ";",
    ":",
    "@",
    "-",
    ",",
    "{",
    "}",
    "[",
    "]",
    " ",
    "9",
    "a",
    "Z",
];

/// Lengths next to which some rule changes its mind.
const LENGTHS: &[usize] = &[1, 64, 128, 132, 255, 256, 512, 2_000, 2_048, 65_536];

/// The largest text, and how seldom it comes: it is slow.
const LARGEST: usize = 10_000_000;
const LARGEST_IN: u32 = 20_000;

fn one_of<'a>(dice: &mut Rng, of: &[&'a str]) -> &'a str {
    dice.choice(of).copied().unwrap_or_default()
}

/// Some text. Of [`LARGEST_IN`] one is very large.
pub(crate) fn text(dice: &mut Rng) -> String {
    if dice.u32(..LARGEST_IN) == 0 {
        return largest(dice);
    }
    text_below(dice, usize::MAX)
}

/// The largest text.
pub(crate) fn largest(dice: &mut Rng) -> String {
    let piece = one_of(dice, &["a", "\u{430}", "[", "\\", "9", "\0"]);
    piece.repeat(LARGEST / piece.len())
}

/// Some text, where a long one is at most so long, give or take a few bytes.
pub(crate) fn text_below(dice: &mut Rng, most: usize) -> String {
    match dice.u8(..8) {
        0..=2 => one_of(dice, WHOLE).to_owned(),
        3 | 4 => {
            let whole = one_of(dice, WHOLE);
            touched(dice, whole)
        }
        5 => (0..dice.usize(..6)).map(|_| one_of(dice, PIECES)).collect(),
        6 => (0..dice.usize(..12)).map(|_| dice.char(..)).collect(),
        _ => around_a_length(dice, most),
    }
}

/// A text as long as a rule allows, or a little longer or shorter.
fn around_a_length(dice: &mut Rng, most: usize) -> String {
    let lengths: Vec<usize> = LENGTHS.iter().copied().filter(|one| *one <= most).collect();
    // The longest are rarely worth their time.
    let sorted = dice.usize(..lengths.len().max(1)).min(dice.usize(..lengths.len().max(1)));
    let length = lengths.get(sorted).copied().unwrap_or(1) + dice.usize(..3);
    let piece = one_of(dice, &["a", "a", "\u{e9}", "\u{430}", "\u{1f469}", "'", "\\"]);
    let mut text = "a".repeat(length.saturating_sub(1) % piece.len());
    text.push_str(
        &piece.repeat((length.saturating_sub(1)).saturating_sub(text.len()) / piece.len()),
    );
    if dice.u8(..8) == 0 { touched(dice, &text) } else { text }
}

/// A text after somebody put something in, took something out, or turned something round.
pub(crate) fn touched(dice: &mut Rng, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=dice.u8(..3) {
        let at = dice.usize(..=chars.len());
        match dice.u8(..4) {
            0 => chars.truncate(at),
            1 if at < chars.len() => chars[at] = dice.char(..),
            2 if at < chars.len() => drop(chars.remove(at)),
            _ => drop(chars.splice(at..at, one_of(dice, PIECES).chars())),
        }
    }
    chars.into_iter().collect()
}

/// Bytes after some of them were flipped, cut, doubled or mixed with others.
pub(crate) fn touched_bytes(dice: &mut Rng, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.u8(..3) {
        let at = dice.usize(..=bytes.len());
        match dice.u8(..6) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << dice.u8(..8),
            2 if at < bytes.len() => bytes[at] = dice.u8(..),
            3 => {
                let from = dice.usize(..=other.len());
                let to = dice.usize(from..=other.len());
                drop(bytes.splice(at..at, other[from..to].iter().copied()));
            }
            4 => drop(bytes.splice(at..at, one_of(dice, PIECES).bytes())),
            _ => drop(bytes.splice(at..at, text_below(dice, 512).into_bytes())),
        }
    }
    bytes
}

/// A whole number: one of the extremes, or any.
pub(crate) fn number(dice: &mut Rng) -> i64 {
    const EXTREMES: &[i64] =
        &[0, 1, -1, 999, 1_000, i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1, 1 << 53];
    match dice.u8(..4) {
        0 => dice.i64(..),
        1 => dice.i64(0..1_000_000),
        _ => dice.choice(EXTREMES).copied().unwrap_or_default(),
    }
}
