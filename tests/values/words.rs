//! The words that the database and JSON have for a value, and how it is shown.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use ledger_core::{
    ComponentId, CursorKey, EpochId, EpochStatus, LedgerId, Scope, StatementId, TokenId, UserId,
    Visibility,
};
use uuid::Uuid;

/// Each of these is written as its word, and read from it and from no other.
fn are<T>(words: &[(T, &str)])
where
    T: Debug + Display + FromStr + PartialEq + Copy,
{
    for (value, word) in words {
        assert_eq!(value.to_string(), *word);
        assert_eq!(format!("{value:>9}|"), format!("{word:>9}|"), "it takes a width");
        assert_eq!(word.parse().ok(), Some(*value), "{word}");
        assert!(word.to_uppercase().parse::<T>().is_err());
    }
    assert!("".parse::<T>().is_err() && "xyzzy".parse::<T>().is_err());
}

#[test]
fn every_state_has_its_word() {
    are(&[
        (EpochStatus::Open, "open"),
        (EpochStatus::Review, "review"),
        (EpochStatus::Closed, "closed"),
    ]);
    let said = [EpochStatus::Open, EpochStatus::Review, EpochStatus::Closed];
    assert_eq!(said.map(EpochStatus::in_a_sentence), ["open", "in review", "closed"]);
    are(&[
        (Scope::Read, "read"),
        (Scope::Collect, "collect"),
        (Scope::Review, "review"),
        (Scope::Admin, "admin"),
    ]);
    are(&[(Visibility::Private, "private"), (Visibility::Public, "public")]);
}

#[test]
fn an_id_is_shown_as_what_it_is() {
    let uuid = "6f0c1f8e-8a4d-4c57-9c28-2f1f0a5ad3f1";
    let id: Uuid = uuid.parse().expect("a UUID");
    assert_eq!(LedgerId(id).to_string(), uuid);
    assert_eq!(StatementId(id).to_string(), uuid);
    assert_eq!(TokenId(id).to_string(), uuid);
    assert_eq!(uuid.parse(), Ok(TokenId(id)));
    assert!("6f0c".parse::<TokenId>().is_err());
    assert_eq!(EpochId(47).to_string(), "47");
    let user: UserId = "ada".parse().expect("an id");
    assert_eq!((format!("{user:<5}|"), user.as_ref()), ("ada  |".to_owned(), "ada"));
    assert_eq!(String::from(user), "ada");
}

#[test]
fn one_component_is_the_base_issuance() {
    let base: ComponentId = "base_issuance".parse().expect("a slug");
    assert_eq!(base, ComponentId::base_issuance());
    assert!(base.is_base_issuance());
    let other: ComponentId = "bonus".parse().expect("a slug");
    assert!(!other.is_base_issuance());
}

#[test]
fn a_cursor_is_of_a_source_a_stream_and_a_scope() {
    let source = "git".parse().expect("a source");
    let key = CursorKey::new(source, "refs/heads/main", "github.com/owner/repo").expect("a key");
    let parts = (key.source().as_str(), key.stream(), key.scope());
    assert_eq!(parts, ("git", "refs/heads/main", "github.com/owner/repo"));
}
