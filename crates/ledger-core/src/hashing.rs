//! Which bytes are hashed, and how.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::payout::sorted_by_user;
use crate::{InvalidValue, Units, UserId};

/// A SHA-256 (FIPS 180-4) in 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(String);

impl Sha256Hex {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_digest(Sha256::digest(bytes).into())
    }

    /// A hash that was computed piece by piece.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self(hex::encode(digest))
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Sha256Hex {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let fits = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !fits {
            return Err(InvalidValue::new(
                "SHA-256",
                text,
                "it must be 64 lower-case hexadecimal digits",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Sha256Hex> for String {
    fn from(hash: Sha256Hex) -> Self {
        hash.0
    }
}

/// JSON in the one form that can be hashed (RFC 8785, JSON Canonicalization Scheme).
pub fn canonical_json(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value)
        .expect("a serde_json::Value has text keys and finite numbers, so it always serializes")
}

/// The fingerprint of who gets how many units: SHA-256 of the lines `user_id:units` (in
/// milli-units), sorted bytewise by user id, joined by `\n`, with no newline at the end.
pub fn allocation_set_hash<'a>(
    allocations: impl IntoIterator<Item = (&'a UserId, Units)>,
) -> Sha256Hex {
    let sorted = sorted_by_user(allocations, |(user_id, _)| user_id);
    let mut hasher = Sha256::new();
    let mut lines = String::new();
    // Formatting as `Display` does takes longer than hashing.
    let mut digits = itoa::Buffer::new();
    for (position, (user_id, units)) in sorted.into_iter().enumerate() {
        if position > 0 {
            lines.push('\n');
        }
        lines.push_str(user_id.as_str());
        lines.push(':');
        lines.push_str(digits.format(units.get()));
        if lines.len() >= HASHED_AT_ONCE {
            hasher.update(&lines);
            lines.clear();
        }
    }
    hasher.update(&lines);
    Sha256Hex::from_digest(hasher.finalize().into())
}

/// How many bytes of lines are kept until they are hashed.
const HASHED_AT_ONCE: usize = 65_536;
