//! Deliveries of webhooks: signatures, real payloads, and the same facts as by polling.

use activity_sources::github::{
    Delivery, DeliveryError, MAX_DELIVERY_BYTES, Received, WEBHOOK_EVENTS, WebhookReader,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger_core::{NewActivityEvent, Sha256Hex};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;
use source_testkit::{account, comment, issue, pull_request, release, review};

use crate::payloads::{byte_changes, change_bytes, change_fields, field_changes, published};
use crate::stage::{Books, ORCHARD, at, on, orchard, source, week};

const SECRET: &[u8] = b"It's a Secret to Everybody";

fn reader(host: Option<&str>) -> WebhookReader {
    WebhookReader::new(SECRET, host, &["renovate*".to_owned()]).expect("the secret is one")
}

fn signed(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any key will do");
    format!("sha256={}", hex::encode(mac.chain_update(body).finalize().into_bytes()))
}

fn deliver(event: &str, body: &[u8]) -> Result<Received, DeliveryError> {
    let signature = signed(body);
    let delivery = Delivery { event, signature: Some(&signature), body };
    reader(None).read(delivery, at("2026-11-17T12:00:00Z"))
}

fn event(received: Result<Received, DeliveryError>) -> NewActivityEvent {
    match received {
        Ok(Received::Event(event)) => *event,
        other => panic!("no event: {other:?}"),
    }
}

fn read(signature: Option<&str>, body: &[u8]) -> Result<Received, DeliveryError> {
    let delivery = Delivery { event: "ping", signature, body };
    reader(None).read(delivery, at("2026-11-17"))
}

#[test]
fn the_signature_is_that_of_the_body() {
    // The example of GitHub's documentation, "Validating webhook deliveries".
    let right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let body = b"Hello, World!";
    assert_eq!(read(Some(right), body), Ok(Received::Nothing));
    assert_eq!(read(None, body), Err(DeliveryError::Unsigned));
    let cut = &right[..right.len() - 2];
    let longer = format!("{right}00");
    let bare = &right["sha256=".len()..];
    for wrong in ["", "sha256=", "sha1=00", "sha256=zz", cut, &longer, bare] {
        assert_eq!(read(Some(wrong), body), Err(DeliveryError::WrongSignature), "{wrong}");
    }
    for at in 0..body.len() * 8 {
        let mut changed = body.to_vec();
        changed[at / 8] ^= 1 << (at % 8);
        assert_eq!(read(Some(right), &changed), Err(DeliveryError::WrongSignature), "bit {at}");
    }
    assert!(WebhookReader::new(b"", None, &[]).is_err(), "an empty secret is none");
    let large = vec![b' '; MAX_DELIVERY_BYTES + 1];
    assert_eq!(read(Some(&signed(&large)), &large), Err(DeliveryError::TooLarge));
}

#[test]
fn nothing_is_parsed_before_the_signature_was_checked() {
    let delivery = Delivery { event: "issues", signature: Some("sha256=00"), body: b"{" };
    let error = reader(None).read(delivery, at("2026-11-17"));
    assert_eq!(error, Err(DeliveryError::WrongSignature));
}

#[test]
fn published_payloads_come_to_what_they_tell() {
    let read = |event: &str, body: &Value| deliver(event, body.to_string().as_bytes());
    let told = event(read("issue_comment", &published("issue_comment.created")));
    assert_eq!(told.id.to_string(), "github:comment:492700400");
    assert_eq!(told.platform_user_id.to_string(), "21031067");
    assert_eq!(told.platform_login.as_deref(), Some("Codertocat"));
    assert_eq!(told.event_time, at("2019-05-15T15:20:21Z"));

    let told = event(read("release", &published("release.published")));
    assert_eq!(told.id.to_string(), "github:release:17372790");
    assert_eq!(told.metadata, Some(json!({ "repository_id": 186_853_002 })));

    // The package has no pull request that was merged, and no issue that was closed.
    let mut closed = published("pull_request.closed");
    assert_eq!(read("pull_request", &closed), Ok(Received::Nothing), "it was not merged");
    closed["pull_request"]["merged_at"] = json!("2019-05-15T15:21:00Z");
    assert_eq!(event(read("pull_request", &closed)).id.to_string(), "github:pr:186853002:2");

    let mut reopened = published("issues.reopened");
    assert_eq!(read("issues", &reopened), Ok(Received::Nothing), "it is open again");
    (reopened["action"], reopened["issue"]["state"]) = (json!("closed"), json!("closed"));
    assert_eq!(event(read("issues", &reopened)).id.to_string(), "github:issue:186853002:1");

    let mut review = published("pull_request_review.submitted");
    assert_eq!(read("pull_request_review", &review), Ok(Received::Nothing), "of its own author");
    review["review"]["user"]["id"] = json!(1);
    let told = event(read("pull_request_review", &review));
    assert_eq!(told.id.to_string(), "github:review:237895671");
    assert_eq!(told.event_time, at("2019-05-15T15:20:38Z"));
    review["review"]["user"]["login"] = json!("Renovate-acme");
    assert_eq!(read("pull_request_review", &review), Ok(Received::Bot));

    let mut on_a_commit = published("issue_comment.created");
    on_a_commit.as_object_mut().expect("an object").remove("issue");
    let error = read("issue_comment", &on_a_commit).expect_err("the event's name is not signed");
    assert!(error.to_string().contains("missing field `issue`"), "{error}");

    assert_eq!(read("ping", &published("ping")), Ok(Received::Nothing));
    assert_eq!(read("star", &json!({ "action": "created" })), Ok(Received::Nothing));
}

#[tokio::test]
async fn a_delivery_is_the_same_fact_as_polling_makes() {
    let fake = orchard().await;
    let time = on(17, "10:00:00");
    let (ada, bob) = (account(1, "ada"), account(2, "bob"));
    let listed = pull_request(1, &ada, Some(&time), &time);
    let mut alone = listed.clone();
    alone["merged_at"] = listed["pull_request"]["merged_at"].clone();
    let (closed, said) = (issue(2, &ada, Some(&time), &time), comment(3, &bob, &time));
    let (released, reviewed) = (release(4, &ada, Some(&time)), review(5, &bob, Some(&time)));
    fake.put_issue(ORCHARD, listed).put_issue(ORCHARD, closed.clone());
    fake.put_comment(ORCHARD, said.clone()).put_release(ORCHARD, released.clone());
    fake.add_review(ORCHARD, 1, reviewed.clone());
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.expect("it answers");

    let by_hook = reader(Some("127.0.0.1"));
    let deliveries = [
        ("pull_request", json!({ "action": "closed", "pull_request": alone })),
        ("issues", json!({ "action": "closed", "issue": closed })),
        ("issue_comment", json!({ "action": "created", "comment": said, "issue": closed })),
        ("release", json!({ "action": "published", "release": released })),
        (
            "pull_request_review",
            json!({ "action": "submitted", "review": reviewed, "pull_request": alone }),
        ),
    ];
    assert_eq!(deliveries.len(), WEBHOOK_EVENTS.len());
    for (name, mut body) in deliveries {
        body["repository"] = json!({ "id": ORCHARD, "full_name": "acme/orchard" });
        let body = body.to_string().into_bytes();
        let signature = signed(&body);
        let delivery = Delivery { event: name, signature: Some(&signature), body: &body };
        let told = event(by_hook.read(delivery, week().retrieved_at));
        let polled = books.events.iter().find(|one| one.id == told.id);
        assert_eq!(polled, Some(&told), "{name}");
        assert_eq!(told.payload_hash, told.canonical_payload_hash());
        assert_ne!(told.payload_hash, Sha256Hex::of(&[]));
    }
    assert_eq!(books.events.len(), 5);
}

fn telling() -> impl Strategy<Value = (String, Value)> {
    let files = [
        ("issue_comment", "issue_comment.created"),
        ("issues", "issues.reopened"),
        ("pull_request", "pull_request.closed"),
        ("pull_request_review", "pull_request_review.submitted"),
        ("release", "release.published"),
    ];
    proptest::sample::select(files.to_vec()).prop_map(|(event, file)| {
        let mut body = published(file);
        // So that all of it is read.
        body["pull_request"]["merged_at"] = json!("2019-05-15T15:21:00Z");
        if event == "issues" {
            (body["action"], body["issue"]["state"]) = (json!("closed"), json!("closed"));
        }
        (event.to_owned(), body)
    })
}

/// Whatever comes of it: what is handed out can be recorded, and what is not is told on one line.
fn holds(received: &Result<Received, DeliveryError>) {
    match received {
        Ok(Received::Event(event)) => {
            assert_eq!(event.check(), Ok(()));
            assert_eq!(event.payload_hash, event.canonical_payload_hash());
        }
        Ok(Received::Bot | Received::Nothing) => {}
        Err(error) => {
            assert!(matches!(error, DeliveryError::Malformed { .. }), "{error:?}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_changed_field_is_more_than_a_refusal(
        (event, mut body) in telling(),
        changes in field_changes(),
    ) {
        change_fields(&mut body, changes);
        holds(&deliver(&event, body.to_string().as_bytes()));
    }

    #[test]
    fn no_changed_byte_is_more_than_a_refusal(
        (event, body) in telling(),
        changes in byte_changes(),
    ) {
        let mut body = body.to_string().into_bytes();
        change_bytes(&mut body, &changes);
        holds(&deliver(&event, &body));
    }

    #[test]
    fn no_bytes_are_more_than_a_refusal(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        for event in WEBHOOK_EVENTS {
            holds(&deliver(event, &body));
        }
    }
}

#[test]
fn a_hostile_delivery_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let about = "\"action\": \"closed\", \"repository\": {\"id\": 1}";
    for (place, says) in
        [("action", "expected a string"), ("issue", "invalid type"), ("x", "`issue`")]
    {
        let body = match place {
            "action" => format!("{{\"action\": {deep}}}"),
            place => format!("{{{about}, \"{place}\": {deep}}}"),
        };
        let error = deliver("issues", body.as_bytes()).expect_err("it is too deep");
        assert!(error.to_string().contains(says), "{place}: {error}");
    }
    let error = deliver("issues", b"{\"action\": \"\xff\"}").expect_err("it is no text");
    assert!(error.to_string().contains("the issues delivery cannot be read"), "{error}");
}
