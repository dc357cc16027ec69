//! Who may call: tokens, and what each lets its holder do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{InvalidValue, LedgerId, Sha256Hex, Timestamp, TokenName};

/// An access token's public half, made by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub Uuid);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TokenId {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |_| InvalidValue::new("token id", text, "it must be a UUID");
        text.parse().map(Self).map_err(invalid)
    }
}

/// What a token lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read everything of the ledger.
    Read,
    /// Read, and hand in activity.
    Collect,
    /// Read, say who is who, propose and override units, begin a review.
    Review,
    /// Everything: open epochs, add to the pool, finalize.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Collect, Self::Review, Self::Admin];

    /// The word that the database and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Collect => "collect",
            Self::Review => "review",
            Self::Admin => "admin",
        }
    }

    /// Whether a token of this scope may do what needs the other one. Collecting and reviewing are
    /// apart: a program that hands in events does not decide what they are worth.
    pub const fn allows(self, needed: Self) -> bool {
        match needed {
            Self::Read => true,
            Self::Collect => matches!(self, Self::Collect | Self::Admin),
            Self::Review => matches!(self, Self::Review | Self::Admin),
            Self::Admin => matches!(self, Self::Admin),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        known.ok_or_else(|| {
            InvalidValue::new("scope", text, "it must be read, collect, review or admin")
        })
    }
}

/// A token as it is stored: its secret is not in it, only the secret's hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccessToken {
    /// Its public half.
    pub id: TokenId,
    /// What its maker calls it, so that the right one is revoked.
    pub name: TokenName,
    /// What it lets its holder do.
    pub scope: Scope,
    /// SHA-256 of its secret. The secret is 32 random bytes, so no salt and no slow hash is needed.
    pub secret_hash: Sha256Hex,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A token that the ledger knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// What it is.
    pub token: NewAccessToken,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was taken back, for good.
    pub revoked_at: Option<Timestamp>,
}

impl AccessToken {
    /// Whether it still opens anything at that moment.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.token.expires_at.is_none_or(|end| now < end)
    }
}

/// What a holder presents: `elt_` and 128 hexadecimal digits for the ledger, the token's id and the
/// secret. It names its ledger, so that a token is only ever looked for among one ledger's
/// (LEDGER_SCOPED). The prefix lets scanners find one that was published by mistake.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken {
    ledger_id: LedgerId,
    token_id: TokenId,
    secret: [u8; Self::SECRET_BYTES],
}

impl BearerToken {
    /// How long the secret is.
    pub const SECRET_BYTES: usize = 32;
    /// What every token begins with.
    pub const PREFIX: &'static str = "elt_";

    /// Puts a token together. The secret must come from the system's random source.
    pub const fn new(
        ledger_id: LedgerId,
        token_id: TokenId,
        secret: [u8; Self::SECRET_BYTES],
    ) -> Self {
        Self { ledger_id, token_id, secret }
    }

    /// Which ledger it says that it is for.
    pub const fn ledger_id(&self) -> LedgerId {
        self.ledger_id
    }

    /// Which token it says that it is.
    pub const fn token_id(&self) -> TokenId {
        self.token_id
    }

    /// The hash to compare with the stored one.
    pub fn secret_hash(&self) -> Sha256Hex {
        Sha256Hex::of(&self.secret)
    }

    /// The text to hand to its holder, once. It is not `Display`, so that no log prints it.
    pub fn reveal(&self) -> String {
        let ids = [self.ledger_id.0.as_bytes(), self.token_id.0.as_bytes()];
        let [ledger, token] = ids.map(hex::encode);
        format!("{}{ledger}{token}{}", Self::PREFIX, hex::encode(self.secret))
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerToken").field("token_id", &self.token_id).finish_non_exhaustive()
    }
}

/// What was presented is no token of this program. It does not say what was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token of Epoch Ledger; one begins with elt_ and has 132 characters")]
pub struct MalformedToken;

impl FromStr for BearerToken {
    type Err = MalformedToken;
    fn from_str(text: &str) -> Result<Self, MalformedToken> {
        let digits = text.strip_prefix(Self::PREFIX).ok_or(MalformedToken)?;
        let bytes = hex::decode(digits).map_err(|_| MalformedToken)?;
        let (ledger, rest) = bytes.split_first_chunk::<16>().ok_or(MalformedToken)?;
        let (token, secret) = rest.split_first_chunk::<16>().ok_or(MalformedToken)?;
        let secret = secret.try_into().map_err(|_| MalformedToken)?;
        Ok(Self::new(
            LedgerId(Uuid::from_bytes(*ledger)),
            TokenId(Uuid::from_bytes(*token)),
            secret,
        ))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{BearerToken, Scope, TokenId};
    use crate::LedgerId;

    #[test]
    fn a_token_is_read_back_and_never_printed() {
        let token =
            BearerToken::new(LedgerId(Uuid::from_u128(1)), TokenId(Uuid::from_u128(2)), [7; 32]);
        let text = token.reveal();
        assert_eq!(text.len(), 132);
        assert_eq!(text.parse(), Ok(token.clone()));
        let shown = format!("{token:?}");
        assert!(
            shown.contains(&token.token_id().to_string()) && !shown.contains("0707"),
            "{shown}"
        );
        for wrong in ["", "elt_", "elt_00", &text[1..], &text[..131], &format!("{text}00")] {
            assert!(wrong.parse::<BearerToken>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_each_scope_allows() {
        let allowed = |scope: Scope| Scope::ALL.map(|needed| scope.allows(needed));
        assert_eq!(allowed(Scope::Read), [true, false, false, false]);
        assert_eq!(allowed(Scope::Collect), [true, true, false, false]);
        assert_eq!(allowed(Scope::Review), [true, false, true, false]);
        assert_eq!(allowed(Scope::Admin), [true, true, true, true]);
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
    }
}
