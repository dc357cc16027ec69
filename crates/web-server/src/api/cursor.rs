//! Opaque cursors of lists: the key of the last item seen, sealed.
//!
//! A key may be what the reader must not see, such as a user id that is an address, so it is encrypted
//! (XChaCha20-Poly1305, draft-irtf-cfrg-xchacha) and bound to its list and filters. Whatever was changed, cut, or
//! brought from another list does not open.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ledger_core::{ComponentId, EpochId, LedgerName, Timestamp, UserId};
use ledger_port::{ActivityKey, BindingKey};
use sha2::{Digest as _, Sha256};

use crate::problem::{Answer, Code, Problem};

/// The length of a nonce, which is random and comes first.
const NONCE_BYTES: usize = 24;

/// The longest cursor: the longest key, in JSON, sealed, in base64.
const MAX_CURSOR_BYTES: usize = 8_192;

/// A key of a list, as texts.
pub(crate) trait Keyset: Sized {
    fn texts(&self) -> Vec<String>;
    fn of_texts(texts: &[&str]) -> Option<Self>;
}

macro_rules! one_text {
    ($($key:ty),+) => {
        $(impl Keyset for $key {
            fn texts(&self) -> Vec<String> {
                vec![self.to_string()]
            }
            fn of_texts(texts: &[&str]) -> Option<Self> {
                let [text] = texts else { return None };
                text.parse().ok()
            }
        })+
    };
}

one_text!(LedgerName, UserId, ComponentId);

impl Keyset for EpochId {
    fn texts(&self) -> Vec<String> {
        vec![self.to_string()]
    }
    fn of_texts(texts: &[&str]) -> Option<Self> {
        let [text] = texts else { return None };
        text.parse().ok().map(Self)
    }
}

impl Keyset for ActivityKey {
    fn texts(&self) -> Vec<String> {
        vec![self.event_time.to_string(), self.event_id.to_string()]
    }
    fn of_texts(texts: &[&str]) -> Option<Self> {
        let [time, id] = texts else { return None };
        let event_time: Timestamp = time.parse().ok()?;
        Some(Self { event_time, event_id: id.parse().ok()? })
    }
}

impl Keyset for BindingKey {
    fn texts(&self) -> Vec<String> {
        vec![self.source.to_string(), self.platform_user_id.to_string()]
    }
    fn of_texts(texts: &[&str]) -> Option<Self> {
        let [source, user] = texts else { return None };
        Some(Self { source: source.parse().ok()?, platform_user_id: user.parse().ok()? })
    }
}

/// Seals and opens cursors. Servers that share a secret open each other's.
#[derive(Clone)]
pub(crate) struct CursorSeal(XChaCha20Poly1305);

impl CursorSeal {
    /// Under a secret of any length; without one, under a random key that ends with the process.
    pub(crate) fn new(secret: Option<&[u8]>) -> Result<Self, getrandom::Error> {
        let key: [u8; 32] = match secret {
            Some(secret) => Sha256::new()
                .chain_update("epoch-ledger cursor")
                .chain_update(secret)
                .finalize()
                .into(),
            None => random()?,
        };
        Ok(Self(XChaCha20Poly1305::new(&key.into())))
    }

    /// The cursor after that key of that list.
    pub(crate) fn seal<K: Keyset>(&self, list: &str, key: &K) -> Answer<String> {
        let json = serde_json::to_vec(&key.texts()).expect("texts always serialize");
        let nonce: [u8; NONCE_BYTES] = random().map_err(|error| Problem::internal(&error))?;
        let payload = Payload { msg: &json, aad: list.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("a key is far shorter than what the cipher can seal");
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// The key that a cursor of that list holds.
    pub(crate) fn open<K: Keyset>(&self, list: &str, cursor: &str) -> Answer<K> {
        let invalid = || {
            let detail = "begin the list again without `after`, or pass the `next` of a page of it";
            Problem::new(Code::InvalidCursor, detail)
        };
        if cursor.len() > MAX_CURSOR_BYTES {
            return Err(invalid());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(invalid)?;
        let payload = Payload { msg: sealed, aad: list.as_bytes() };
        let json = self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| invalid())?;
        let texts: Vec<String> = serde_json::from_slice(&json).map_err(|_| invalid())?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        K::of_texts(&texts).ok_or_else(invalid)
    }
}

fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use ledger_core::{EpochId, UserId};

    use super::CursorSeal;

    #[test]
    fn a_cursor_is_of_one_list_and_any_change_is_seen() {
        let seal = CursorSeal::new(None).expect("random bytes");
        let cursor = seal.seal("epochs of a", &EpochId(7)).expect("sealed");
        assert_eq!(seal.open::<EpochId>("epochs of a", &cursor).expect("sound"), EpochId(7));
        assert!(seal.open::<EpochId>("epochs of b", &cursor).is_err());
        for at in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(seal.open::<EpochId>("epochs of a", &changed).is_err(), "{changed}");
        }
        for wrong in ["", "!", &"A".repeat(9_000)] {
            assert!(seal.open::<EpochId>("epochs of a", wrong).is_err());
        }
    }

    #[test]
    fn a_shared_secret_opens_and_another_one_does_not() {
        let seal = |secret: Option<&[u8]>| CursorSeal::new(secret).expect("random bytes");
        let user: UserId = "ada@example.org".parse().expect("an id");
        let cursor = seal(Some(b"one")).seal("users", &user).expect("sealed");
        assert_eq!(seal(Some(b"one")).open::<UserId>("users", &cursor).expect("sound"), user);
        assert!(seal(Some(b"two")).open::<UserId>("users", &cursor).is_err());
        assert!(seal(None).open::<UserId>("users", &cursor).is_err());
        assert!(!cursor.contains("ada"));
    }
}
