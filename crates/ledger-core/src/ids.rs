//! Identifiers. Each is checked when it is made; text sorts bytewise, as every hash and list does.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::InvalidValue;

/// The namespace of ledger ids: a ledger's id is UUIDv5 (RFC 9562, 5.5) of its name in it.
const LEDGER_NAMESPACE: Uuid = Uuid::from_u128(0x0b0e_5f4c_7a51_4d0e_9f43_5d6c_1a2b_3c4d);

/// One community's books. Derived from the ledger's name, so that a name cannot exist twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LedgerId(pub Uuid);

impl LedgerId {
    /// The id of the ledger of that name.
    pub fn of(name: &LedgerName) -> Self {
        Self(Uuid::new_v5(&LEDGER_NAMESPACE, name.as_str().as_bytes()))
    }
}

impl fmt::Display for LedgerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An epoch's number, given by the database when the epoch is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EpochId(pub i64);

impl fmt::Display for EpochId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A payout statement's id, made by the caller, so that a repeated call writes the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatementId(pub Uuid);

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, max $max:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The longest one, in bytes of UTF-8.
            pub const MAX_BYTES: usize = $max;

            /// Checks the text and takes it.
            ///
            /// # Errors
            /// When the text breaks the rule of this type; the error names the text and the rule.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
                let text = text.into();
                if text.is_empty() {
                    return Err(InvalidValue::new($what, &text, "it is empty"));
                }
                if text.len() > $max {
                    return Err(InvalidValue::new(
                        $what,
                        &text,
                        concat!("it is longer than ", $max, " bytes"),
                    ));
                }
                match $check(&text) {
                    Some(problem) => Err(InvalidValue::new($what, &text, problem)),
                    None => Ok(Self(text)),
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;
            fn try_from(text: String) -> Result<Self, InvalidValue> {
                Self::new(text)
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                Self::new(text)
            }
        }
    };
}

text_id! {
    /// The person who is paid. Holds no control character, because `user_id:units` lines are hashed.
    UserId, "user id", max 256, printable
}
text_id! {
    /// An event's deterministic id, for example `github:pr:owner/repo:42`.
    EventId, "event id", max 512, printable
}
text_id! {
    /// Who the platform says did it. With the source it names an identity.
    PlatformUserId, "platform user id", max 256, printable
}
text_id! {
    /// Where events come from, for example `git` or `github`.
    SourceName, "source", max 64, slug
}
text_id! {
    /// What the operator calls a configured source, for example `main-repository`.
    SourceId, "source id", max 64, slug
}
text_id! {
    /// What happened, for example `commit_authored`.
    EventType, "event type", max 64, slug
}
text_id! {
    /// The name of a part of an epoch's budget, for example `base_issuance`.
    ComponentId, "pool component id", max 64, slug
}
text_id! {
    /// The name of a ledger, for example `default`.
    LedgerName, "ledger name", max 64, slug
}

text_id! {
    /// What a worker calls itself.
    WorkerName, "worker", max 256, printable
}
text_id! {
    /// What everybody may call a person. Holds no `@`: it is shown where addresses are not.
    DisplayName, "display name", max 128, shown_to_everybody
}
text_id! {
    /// What its maker calls an access token.
    TokenName, "token name", max 128, not_blank
}
text_id! {
    /// Under which a caller asks for a write once, however often the request is sent.
    IdempotencyKey, "idempotency key", max 255, visible_ascii
}

impl ComponentId {
    /// The component that every closed epoch has (POOL_REQUIRES_BASE).
    pub const BASE_ISSUANCE: &'static str = "base_issuance";

    /// The id of the base issuance.
    pub fn base_issuance() -> Self {
        Self(Self::BASE_ISSUANCE.to_owned())
    }

    /// Whether this is the base issuance.
    pub fn is_base_issuance(&self) -> bool {
        self.0 == Self::BASE_ISSUANCE
    }
}

fn printable(text: &str) -> Option<&'static str> {
    if crate::has_fault!("fault-unchecked-text") {
        return None;
    }
    text.chars()
        .any(char::is_control)
        .then_some("it holds a control character, such as a newline; remove it")
}

fn not_blank(text: &str) -> Option<&'static str> {
    // Only the plain space, which PostgreSQL's btrim knows, too.
    if text.trim_matches(' ') != text {
        return Some("it begins or ends with a space; remove it");
    }
    printable(text)
}

fn shown_to_everybody(text: &str) -> Option<&'static str> {
    if text.contains('@') {
        return Some("it holds an @; everybody may see it, so it must not be an address");
    }
    not_blank(text)
}

fn visible_ascii(text: &str) -> Option<&'static str> {
    (!text.bytes().all(|b| b.is_ascii_graphic()))
        .then_some("it must hold visible ASCII characters only, such as a UUID")
}

fn slug(text: &str) -> Option<&'static str> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.'));
    (!fits).then_some(
        "it must begin with a lower-case letter and hold only a-z, 0-9, '_', '-' and '.'",
    )
}

#[cfg(test)]
mod tests {
    use super::{LedgerId, LedgerName, SourceName, UserId};

    #[test]
    fn the_default_ledger_has_the_id_the_migration_writes() {
        let name = LedgerName::new("default").expect("a slug");
        let migration =
            include_str!("../../../migrations/20260302000000_add_activity_ledger/up.sql");
        assert!(migration.contains(&LedgerId::of(&name).to_string()));
    }

    #[test]
    fn a_user_id_with_a_newline_is_refused_on_one_line() {
        let error = UserId::new("a\nb").expect_err("refused");
        assert_eq!(
            error.to_string(),
            "user id \"a\\nb\" is not valid: it holds a control character, such as a newline; remove it"
        );
    }

    #[test]
    fn a_source_never_holds_the_separator_of_a_weight_key() {
        assert!(SourceName::new("git:hub").is_err());
        assert!(SourceName::new("Git").is_err());
        assert!(SourceName::new("").is_err());
        assert!(SourceName::new("git-hub_2").is_ok());
    }
}
