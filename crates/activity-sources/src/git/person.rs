//! Who a name and an email are: through the mailmap, to an identity of the ledger, and whether it
//! is a bot.

use gix::actor::SignatureRef;
use gix::bstr::{BStr, ByteSlice};
use gix::mailmap::Snapshot;
use ledger_core::PlatformUserId;

use crate::bots::Bots;
use crate::text::{bounded, printable};

/// The longest name that an event shows, in bytes.
const MAX_LOGIN_BYTES: usize = 256;

/// The identity of somebody with neither name nor email.
const UNKNOWN: &str = "unknown";

/// Somebody who contributed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// The email after mailmap, in lower case. Without one: `name:` and the name in lower case;
    /// without a name too: `unknown`.
    pub(super) user_id: PlatformUserId,
    /// The name after mailmap.
    pub(super) login: Option<String>,
    /// Whether it is a bot, whose work is left out.
    pub(super) is_bot: bool,
}

/// Tells who is who, by the mailmap and the list of bots.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) mailmap: Snapshot,
    pub(super) bots: Bots,
}

impl People {
    /// Who that is.
    pub(super) fn resolve(&self, name: &str, email: &str) -> Person {
        let (name, email) = (name.trim(), email.trim());
        let (mapped_name, mapped_email) = self.map(name, email);
        let is_bot = [name, email, &mapped_name, &mapped_email].iter().any(|t| self.bots.has(t));
        let login = printable(&mapped_name);
        Person {
            user_id: user_id(&login, &printable(&mapped_email)),
            login: (!login.is_empty()).then(|| bounded(login, MAX_LOGIN_BYTES)),
            is_bot,
        }
    }

    fn map(&self, name: &str, email: &str) -> (String, String) {
        let signature = SignatureRef {
            name: name.as_bytes().as_bstr(),
            email: email.as_bytes().as_bstr(),
            time: "",
        };
        let mapped = self.mailmap.try_resolve_ref(signature);
        let (new_name, new_email) = mapped.map_or((None, None), |new| (new.name, new.email));
        let text = |new: Option<&BStr>, old: &str| match new {
            Some(new) => new.to_str_lossy().into_owned(),
            None => old.to_owned(),
        };
        (text(new_name, name), text(new_email, email))
    }
}

/// The identity of that email, and without one of that name.
fn user_id(name: &str, email: &str) -> PlatformUserId {
    let text = match (email, name) {
        ("", "") => UNKNOWN.to_owned(),
        ("", name) => format!("name:{}", name.to_lowercase()),
        (email, _) => email.to_lowercase(),
    };
    PlatformUserId::new(bounded(text, PlatformUserId::MAX_BYTES))
        .expect("the text is not empty, holds no control character and was cut to the limit")
}

#[cfg(test)]
mod tests {
    use gix::mailmap::Snapshot;

    use super::People;
    use crate::bots::Bots;

    fn id(people: &People, name: &str, email: &str) -> String {
        people.resolve(name, email).user_id.to_string()
    }

    #[test]
    fn everybody_has_an_identity() {
        let people = People::default();
        assert_eq!(id(&people, "A", "A@Example.ORG"), "a@example.org");
        assert_eq!(id(&people, "Änn", ""), "name:änn");
        assert_eq!(id(&people, " ", " "), "unknown");
        assert_eq!(id(&people, "A", "a\0@b"), "a\u{fffd}@b");
        assert_eq!(people.resolve("", "a@b").login, None);
        let long = "x".repeat(300);
        assert_ne!(id(&people, "", &format!("{long}1")), id(&people, "", &format!("{long}2")));
    }

    #[test]
    fn a_bot_is_known_before_and_after_the_mailmap() {
        let people = People {
            mailmap: Snapshot::from_bytes(b"Robot <robot@x> <r@x>\n"),
            bots: Bots::new("git", &["robot@*".to_owned()]).expect("a pattern"),
        };
        assert!(people.resolve("R", "r@x").is_bot);
        assert!(people.resolve("dependabot[bot]", "a@b").is_bot);
        assert!(people.resolve("A", "49699333+Dependabot[BOT]@users.noreply.github.com").is_bot);
        assert!(!people.resolve("R", "other@x").is_bot);
    }
}
