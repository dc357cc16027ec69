//! What a caller presents: a token in the header `Authorization`, or in the cookie of a signed-in
//! browser.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger_core::BearerToken;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::problem::{Code, Problem};

/// The cookie of a signed-in browser. It holds the token, which no script can read, and goes to this
/// site only; whoever takes the token back ends the session.
pub(crate) const SESSION_COOKIE: &str = "epoch_ledger_session";

/// The hidden field of every form that changes something.
pub(crate) const CSRF_FIELD: &str = "csrf";

/// A token, and how it came.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    pub(crate) token: BearerToken,
    pub(crate) is_cookie: bool,
}

impl Credential {
    /// What the headers hold; the header `Authorization` comes first.
    ///
    /// # Errors
    /// When something is presented that is no token. A cookie that is none counts as none, because
    /// nobody typed it.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        if let Some(header) = headers.get(AUTHORIZATION) {
            let token = header.to_str().ok().and_then(bearer);
            let not_bearer =
                || Problem::new(Code::Unauthorized, "send the token as `Authorization: Bearer …`");
            let token = token.ok_or_else(not_bearer)?.parse();
            let malformed = |error: ledger_core::MalformedToken| {
                Problem::new(Code::Unauthorized, error.to_string())
            };
            return Ok(Some(Self { token: token.map_err(malformed)?, is_cookie: false }));
        }
        let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let session = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == SESSION_COOKIE);
        let token = session.and_then(|(_, value)| value.parse().ok());
        Ok(token.map(|token| Self { token, is_cookie: true }))
    }
}

/// RFC 6750: the scheme in any case, then the token.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// What the forms of a session carry, so that no other site can send one: an HMAC under the token,
/// which nobody else knows.
pub(crate) fn csrf_of(token: &BearerToken) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(token.reveal().as_bytes());
    let mac = mac.expect("HMAC takes keys of any length (RFC 2104)");
    let digest = mac.chain_update(b"epoch-ledger form").finalize().into_bytes();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a form carries that, compared in constant time.
pub(crate) fn is_form_of(token: &BearerToken, sent: &str) -> bool {
    csrf_of(token).as_bytes().ct_eq(sent.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use ledger_core::{BearerToken, LedgerId, TokenId};
    use uuid::Uuid;

    use super::{Credential, SESSION_COOKIE, csrf_of};

    #[test]
    fn a_token_is_found_in_the_header_and_in_the_cookie() {
        let token = BearerToken::new(LedgerId(Uuid::nil()), TokenId(Uuid::nil()), [1; 32]);
        let text = token.reveal();
        let headers = |name: &'static str, value: String| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header"));
            headers
        };
        for (name, value, is_cookie) in [
            ("authorization", format!("Bearer {text}"), false),
            ("authorization", format!("bearer  {text}"), false),
            ("cookie", format!("a=b; {SESSION_COOKIE}={text}"), true),
        ] {
            let found = Credential::of(&headers(name, value)).expect("sound").expect("a token");
            assert_eq!((found.token, found.is_cookie), (token.clone(), is_cookie));
        }
        for value in ["Basic YTpi", "Bearer", "Bearer elt_00"] {
            assert!(Credential::of(&headers("authorization", value.to_owned())).is_err());
        }
        let strange = headers("cookie", format!("{SESSION_COOKIE}=elt_00"));
        assert!(Credential::of(&strange).expect("sound").is_none());
    }

    #[test]
    fn another_session_has_another_form_token() {
        let token =
            |secret| BearerToken::new(LedgerId(Uuid::nil()), TokenId(Uuid::nil()), [secret; 32]);
        assert_eq!(csrf_of(&token(1)), csrf_of(&token(1)));
        assert_ne!(csrf_of(&token(1)), csrf_of(&token(2)));
        assert_eq!(csrf_of(&token(1)).len(), 64);
    }
}
