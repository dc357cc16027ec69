//! Deliveries of GitHub's webhooks that are signed, so that they are read. The first byte says which
//! event they claim to be.

#![no_main]

use activity_sources::github::{Delivery, DeliveryError, Received, WEBHOOK_EVENTS, WebhookReader};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger_fuzz::{at, check};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;

const SECRET: &[u8] = b"secret";

fuzz_target!(|bytes: &[u8]| {
    let Some((event, body)) = bytes.split_first() else { return };
    let event = WEBHOOK_EVENTS[usize::from(*event) % WEBHOOK_EVENTS.len()];
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any key will do");
    let signature = hex::encode(mac.chain_update(body).finalize().into_bytes());
    let signature = format!("sha256={signature}");
    let delivery = Delivery { event, signature: Some(&signature), body };
    let reader = WebhookReader::new(SECRET, None, &[]).expect("the secret is one");
    match reader.read(delivery, at("2026-11-22")) {
        Ok(Received::Event(event)) => check(&event),
        Ok(Received::Bot | Received::Nothing) => {}
        Err(error @ DeliveryError::Malformed { .. }) => {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
        Err(other) => panic!("{other}"),
    }
});
