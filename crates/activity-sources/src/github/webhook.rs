//! Deliveries of GitHub's webhooks: who sent them, and what they come to.
//!
//! A delivery comes to the same event, with the same id and the same `payload_hash`, as polling
//! makes of the same fact, so that both may run. A repeated delivery is that event again: the
//! ledger stores it once.

use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger_core::{NewActivityEvent, SourceName, Timestamp};
use serde::Deserialize;
use sha2::Sha256;

use super::NAME;
use super::facts::{Fact, Instance, Outcome, Place};
use super::objects::Repository;
use super::told::About;
use crate::SourceError;
use crate::bots::Bots;
use crate::text::shown;

/// The largest delivery; GitHub sends none that is larger.
pub const MAX_DELIVERY_BYTES: usize = 25 * 1_024 * 1_024;

/// The most of what is wrong that is shown.
const MAX_PROBLEM_CHARS: usize = 200;

/// The hook at GitHub tells these events.
pub const WEBHOOK_EVENTS: &[&str] =
    &["issue_comment", "issues", "pull_request", "pull_request_review", "release"];

/// Which of them counts: the event, its action, and what it is about.
const TOLD: [(&str, &str, About); 5] = [
    ("issue_comment", "created", About::Comment),
    ("issues", "closed", About::Issue),
    ("pull_request", "closed", About::PullRequest),
    ("pull_request_review", "submitted", About::Review),
    ("release", "published", About::Release),
];

/// A delivery, as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The header `X-GitHub-Event`.
    pub event: &'a str,
    /// The header `X-Hub-Signature-256`.
    pub signature: Option<&'a str>,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// What a delivery came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// Somebody did something.
    Event(Box<NewActivityEvent>),
    /// A bot did something.
    Bot,
    /// Nothing that the ledger counts.
    Nothing,
}

/// Why a delivery is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// It is not signed.
    #[error("the delivery has no X-Hub-Signature-256; give the hook at GitHub a secret")]
    Unsigned,
    /// It is signed with another secret, or was changed on its way.
    #[error("the signature is not that of the delivery; compare the secret here and at GitHub")]
    WrongSignature,
    /// It is larger than GitHub makes them.
    #[error("the delivery is larger than {MAX_DELIVERY_BYTES} bytes")]
    TooLarge,
    /// It is not what GitHub says it sends.
    #[error("the {event} delivery cannot be read: {problem}")]
    Malformed {
        /// The event it claims to be.
        event: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads the deliveries of one hook.
#[derive(Debug)]
pub struct WebhookReader {
    /// Keyed with the secret, which cannot be read back.
    mac: Hmac<Sha256>,
    instance: Instance,
    source: SourceName,
    bots: Bots,
}

impl WebhookReader {
    /// Takes the secret that the hook has at GitHub, and whose work is left out. `host` is that of a
    /// GitHub other than github.com.
    ///
    /// # Errors
    /// When the secret or a pattern is empty.
    pub fn new(secret: &[u8], host: Option<&str>, bots: &[String]) -> Result<Self, SourceError> {
        if secret.is_empty() {
            let problem = "the webhook's secret is empty; anybody could sign with it";
            return Err(SourceError::settings(NAME, problem));
        }
        Ok(Self {
            mac: Hmac::new_from_slice(secret).expect("HMAC takes keys of any length (RFC 2104)"),
            instance: host.map_or(Instance::Public, |host| Instance::Other(host.to_owned())),
            source: SourceName::new(NAME).expect("the name is a slug"),
            bots: Bots::new(NAME, bots)?,
        })
    }

    /// Checks the signature, in constant time and before anything is parsed, and reads the delivery.
    ///
    /// # Errors
    /// When it is not signed with the secret, or not what GitHub sends.
    pub fn read(
        &self,
        delivery: Delivery<'_>,
        received_at: Timestamp,
    ) -> Result<Received, DeliveryError> {
        let Delivery { event, signature, body } = delivery;
        if body.len() > MAX_DELIVERY_BYTES {
            return Err(DeliveryError::TooLarge);
        }
        self.check(signature, body)?;
        let Some((place, fact)) = self.fact(event, body)? else { return Ok(Received::Nothing) };
        match fact.outcome(&place, &self.source, &self.bots, received_at) {
            Outcome::Event(event) => Ok(Received::Event(event)),
            Outcome::Bot => Ok(Received::Bot),
            Outcome::Faulty(problem) => {
                Err(DeliveryError::Malformed { event: event.to_owned(), problem })
            }
        }
    }

    fn check(&self, signature: Option<&str>, body: &[u8]) -> Result<(), DeliveryError> {
        let signature = signature.ok_or(DeliveryError::Unsigned)?;
        let digits = signature.strip_prefix("sha256=").ok_or(DeliveryError::WrongSignature)?;
        let bytes = hex::decode(digits).map_err(|_| DeliveryError::WrongSignature)?;
        let mac = self.mac.clone().chain_update(body);
        mac.verify_slice(&bytes).map_err(|_| DeliveryError::WrongSignature)
    }

    fn fact(&self, event: &str, body: &[u8]) -> Result<Option<(Place, Fact)>, DeliveryError> {
        let Some((_, action, about)) = TOLD.iter().find(|(name, ..)| *name == event) else {
            return Ok(None);
        };
        self.told(action, *about, body).map_err(|error| DeliveryError::Malformed {
            event: event.to_owned(),
            problem: shown(&error.to_string(), MAX_PROBLEM_CHARS),
        })
    }

    /// What the delivery tells, where it tells of that action.
    fn told(
        &self,
        action: &str,
        about: About,
        body: &[u8],
    ) -> Result<Option<(Place, Fact)>, serde_json::Error> {
        let head: Head = serde_json::from_slice(body)?;
        if head.action != action {
            return Ok(None);
        }
        let repository_id = head.repository.id;
        let place = Place { instance: self.instance.clone(), repository_id };
        Ok(about.fact(&place, body)?.map(|fact| (place, fact)))
    }
}

#[derive(Deserialize)]
struct Head {
    action: String,
    repository: Repository,
}
