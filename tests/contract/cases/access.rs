//! Tokens: what is kept of one, and that it is taken back for good.

use std::time::Duration;

use ledger_core::{AccessToken, InvalidValue, NewAccessToken, Scope, Sha256Hex, TokenId};
use ledger_port::LedgerPortError;
use ledger_testkit::{moment, parsed};
use uuid::Uuid;

use crate::harness::{START, World, assert_paged, dump};

fn token_id(number: u128) -> TokenId {
    TokenId(Uuid::from_u128(number))
}

/// A token that reads, and never ends by itself.
fn token(number: u128) -> NewAccessToken {
    NewAccessToken {
        id: token_id(number),
        name: parsed("the dashboard"),
        scope: Scope::Read,
        secret_hash: Sha256Hex::of(b"a secret"),
        expires_at: None,
    }
}

/// As the store shows it, made at [`START`].
fn made(token: &NewAccessToken) -> AccessToken {
    AccessToken { token: token.clone(), created_at: moment(START), revoked_at: None }
}

pub(crate) async fn a_token_is_kept_whole(world: &World) {
    let longest = "é".repeat(64);
    let names = ["a", "ada's laptop @home", "ひらがな 🦀", longest.as_str()];
    let ends = [None, Some("0001-01-01"), Some("9999-12-31T23:59:59.999999Z"), Some(START)];
    for (number, scope) in (1..).zip(Scope::ALL) {
        let at = scope as usize;
        let new = NewAccessToken {
            name: parsed(names[at]),
            scope,
            secret_hash: Sha256Hex::of(names[at].as_bytes()),
            expires_at: ends[at].map(moment),
            ..token(number)
        };
        assert_eq!(world.store.insert_access_token(&new).await.unwrap(), made(&new));
        let stored = world.store.get_access_token(new.id).await.unwrap();
        assert_eq!(stored, Some(made(&new)));
    }
}

pub(crate) async fn the_same_token_again_is_the_stored_one(world: &World) {
    let new = NewAccessToken { expires_at: Some(moment("2026-11-20")), ..token(1) };
    world.store.insert_access_token(&new).await.unwrap();
    let before = dump(world).await;
    world.clock.set("2026-11-19T00:00:00Z");
    assert_eq!(world.store.insert_access_token(&new).await.unwrap(), made(&new));
    assert_eq!(dump(world).await, before);
    // One that was taken back does not come back.
    let revoked = world.store.revoke_access_token(new.id).await.unwrap();
    assert_eq!(world.store.insert_access_token(&new).await.unwrap(), revoked);
    assert_eq!(revoked.revoked_at, Some(moment("2026-11-19T00:00:00Z")));
}

pub(crate) async fn a_token_id_that_is_taken_is_refused(world: &World) {
    world.store.insert_access_token(&token(1)).await.unwrap();
    let expected = InvalidValue::new(
        "token id",
        "00000000-0000-0000-0000-000000000001",
        "it is taken; make another",
    );
    for other in [
        NewAccessToken { name: parsed("another"), ..token(1) },
        NewAccessToken { scope: Scope::Admin, ..token(1) },
        NewAccessToken { secret_hash: Sha256Hex::of(b"another secret"), ..token(1) },
        NewAccessToken { expires_at: Some(moment(START)), ..token(1) },
    ] {
        assert_refused!(
            world,
            world.store.insert_access_token(&other),
            LedgerPortError::InvalidValue(invalid) if *invalid == expected
        );
    }
}

pub(crate) async fn an_unknown_token_is_none(world: &World) {
    world.store.insert_access_token(&token(2)).await.unwrap();
    for number in [0, 1, 3, u128::MAX] {
        assert_eq!(world.store.get_access_token(token_id(number)).await.unwrap(), None);
    }
}

pub(crate) async fn a_token_is_taken_back_once_and_for_good(world: &World) {
    world.store.insert_access_token(&token(1)).await.unwrap();
    world.store.insert_access_token(&token(2)).await.unwrap();
    world.clock.set("2026-11-19T00:00:00.000001Z");
    let expected =
        AccessToken { revoked_at: Some(moment("2026-11-19T00:00:00.000001Z")), ..made(&token(1)) };
    assert_eq!(world.store.revoke_access_token(token_id(1)).await.unwrap(), expected);
    let before = dump(world).await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.store.revoke_access_token(token_id(1)).await.unwrap(), expected);
    assert_eq!(dump(world).await, before);
    assert_eq!(world.store.get_access_token(token_id(1)).await.unwrap(), Some(expected));
    assert_eq!(world.store.get_access_token(token_id(2)).await.unwrap(), Some(made(&token(2))));
}

pub(crate) async fn an_ended_token_may_be_taken_back_too(world: &World) {
    let ended = NewAccessToken { expires_at: Some(moment("2026-11-18T09:00:00Z")), ..token(1) };
    world.store.insert_access_token(&ended).await.unwrap();
    let revoked = world.store.revoke_access_token(ended.id).await.unwrap();
    assert_eq!(revoked, AccessToken { revoked_at: Some(moment(START)), ..made(&ended) });
}

pub(crate) async fn an_unknown_token_is_not_taken_back(world: &World) {
    world.store.insert_access_token(&token(1)).await.unwrap();
    let refusal = assert_refused!(
        world,
        world.store.revoke_access_token(token_id(2)),
        LedgerPortError::TokenNotFound { id } if *id == token_id(2)
    );
    assert_eq!(
        refusal.to_string(),
        "there is no token 00000000-0000-0000-0000-000000000002 in this ledger"
    );
}

pub(crate) async fn tokens_are_listed_by_id(world: &World) {
    assert_paged(|page| world.store.list_access_tokens(page), &[]).await;
    let ended = NewAccessToken { expires_at: Some(moment("2026-01-01")), ..token(1 << 64) };
    let news = [token(0), token(1), token(0xff), token(0x100), ended, token(u128::MAX)];
    for new in news.iter().rev() {
        world.store.insert_access_token(new).await.unwrap();
    }
    let mut expected = news.each_ref().map(made);
    expected[2] = world.store.revoke_access_token(token_id(0xff)).await.unwrap();
    assert_paged(|page| world.store.list_access_tokens(page), &expected).await;
}

pub(crate) async fn each_ledger_has_tokens_of_its_own(world: &World) {
    let theirs = NewAccessToken { scope: Scope::Admin, ..token(1) };
    world.other.insert_access_token(&theirs).await.unwrap();
    assert_eq!(world.store.get_access_token(theirs.id).await.unwrap(), None);
    assert_paged(|page| world.store.list_access_tokens(page), &[]).await;
    assert_refused!(
        world,
        world.store.revoke_access_token(theirs.id),
        LedgerPortError::TokenNotFound { id } if *id == theirs.id
    );
    // The same id is another token here, and each goes its own way.
    assert_eq!(world.store.insert_access_token(&token(1)).await.unwrap(), made(&token(1)));
    world.store.revoke_access_token(token_id(1)).await.unwrap();
    assert_paged(|page| world.other.list_access_tokens(page), &[made(&theirs)]).await;
}
