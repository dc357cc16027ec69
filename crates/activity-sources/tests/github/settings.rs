//! What an operator may write, and what becomes of a slip.

use activity_sources::open_source;
use serde_json::{Value, json};

#[tokio::test]
async fn settings_that_cannot_be_used_say_what_is_wrong() {
    for (settings, says) in [
        (json!({}), "there is nothing to read"),
        (json!({ "repositories": ["acme"] }), "\"acme\" is no repository"),
        (json!({ "repositories": ["acme/../x"] }), "is no repository"),
        (json!({ "repositories": ["acme/.."] }), "is no repository"),
        (json!({ "repositories": ["a b/c"] }), "is no repository"),
        (json!({ "repositories": ["https://github.com/acme/orchard"] }), "is no repository"),
        (json!({ "organization": "acme/orchard" }), "is no organization"),
        (json!({ "organization": "acme", "api": "nowhere" }), "`api` must be an address"),
        (json!({ "organization": "acme", "api": "https://u:p@x" }), "without a user"),
        (json!({ "organization": "acme", "api": "ftp://x" }), "`api` must be an address"),
        (json!({ "organization": "acme", "bots": [" "] }), "a bot's name or email is empty"),
        (json!({ "organisation": "acme" }), "unknown field `organisation`"),
        (json!({ "repositories": "acme/orchard" }), "invalid type"),
        (
            json!({ "organization": "acme", "token_env": "EPOCH_LEDGER_TEST_NO_SUCH_VARIABLE" }),
            "which `token_env` names, is empty or not set",
        ),
    ] {
        let error = open_source("github", &settings).await.err().expect("it is refused");
        let said = error.to_string();
        assert!(said.contains("the settings of source github"), "{said}");
        assert!(said.contains(says), "{said} is not {says}");
        assert!(!said.contains("u:p"), "{said}");
    }
    let sound: Value = json!({ "organization": "acme", "repositories": ["acme/orchard"] });
    assert!(open_source("github", &sound).await.is_ok());
}
