//! Which token opens what, and until when.

use ledger_core::{AccessToken, NewAccessToken, Scope, Sha256Hex, TokenId};
use ledger_testkit::moment;

fn token(expires_at: Option<&str>, revoked_at: Option<&str>) -> AccessToken {
    AccessToken {
        token: NewAccessToken {
            id: "6f0c1f8e-8a4d-4c57-9c28-2f1f0a5ad3f1".parse::<TokenId>().expect("a UUID"),
            name: "a test's".parse().expect("a name"),
            scope: Scope::Read,
            secret_hash: Sha256Hex::of(b"secret"),
            expires_at: expires_at.map(moment),
        },
        created_at: moment("2026-11-16"),
        revoked_at: revoked_at.map(moment),
    }
}

#[test]
fn a_token_opens_until_its_end_and_not_once_it_is_revoked() {
    let (before, end, after) = (moment("2026-11-19"), moment("2026-11-20"), moment("2026-11-21"));
    for (expires_at, revoked_at, opens) in [
        (None, None, [true, true, true]),
        (Some("2026-11-20"), None, [true, false, false]),
        (None, Some("2026-11-17"), [false, false, false]),
        (Some("2026-11-20"), Some("2026-11-17"), [false, false, false]),
    ] {
        let token = token(expires_at, revoked_at);
        assert_eq!([before, end, after].map(|now| token.is_valid_at(now)), opens, "{token:?}");
    }
}
