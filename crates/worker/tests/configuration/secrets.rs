//! A secret in the file is refused, and never shown.

use worker::Config;

fn said(source: &str) -> Vec<String> {
    let text = format!(
        "[[ledger]]\nname = \"a\"\nweights = {{}}\n[[ledger.source]]\nid = \"s\"\nkind = \
         \"git\"\n{source}\n"
    );
    let error = Config::parse(&text, "f.toml").expect_err("it is refused");
    for shown in [error.to_string(), format!("{error:?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    error.to_string().lines().map(str::to_owned).collect()
}

fn advice(name: &str) -> String {
    let upper = name.to_uppercase();
    format!(
        "a secret does not belong in this file; put it into an environment variable and name that: \
         {name}_env = \"{upper}\""
    )
}

#[test]
fn a_key_named_as_a_secret_is_refused() {
    assert_eq!(
        said("token = \"hunter2\"\nPassword = [\"hunter2\"]\nwebhook-secret = 'hunter2'"),
        [
            format!("f.toml:7:1: ledger.source.token: {}", advice("token")),
            format!("f.toml:8:1: ledger.source.Password: {}", advice("password")),
            format!("f.toml:9:1: ledger.source.webhook-secret: {}", advice("webhook_secret")),
        ]
    );
    assert_eq!(
        said("app_private_key = 'hunter2'"),
        [format!("f.toml:7:1: ledger.source.app_private_key: {}", advice("app_private_key"))]
    );
    let inner = "login = [{ token = \"hunter2\" }, { more = { secret = \"hunter2\" } }]";
    assert_eq!(
        said(inner),
        [
            format!("f.toml:7:12: ledger.source.login.token: {}", advice("token")),
            format!("f.toml:7:44: ledger.source.login.more.secret: {}", advice("secret")),
        ]
    );
}

#[test]
fn a_credential_in_an_address_is_refused() {
    let advice = "the address holds a user name or password; leave it out, whatever is before the \
                  '@'";
    for address in ["https://hunter2@example.org/a", "ssh://git:hunter2@example.org/a"] {
        assert_eq!(
            said(&format!("path = \"{address}\"")),
            [format!("f.toml:7:8: ledger.source.path: {advice}")]
        );
    }
}

#[test]
fn the_name_of_a_variable_and_a_plain_address_are_no_secrets() {
    let text = "[[ledger]]\nname = \"a\"\nweights = {}\n[[ledger.source]]\nid = \"s\"\nkind = \
                \"git\"\ntoken_env = \"GITHUB_TOKEN\"\nprivate_key_file = \"app.pem\"\npath = \"ssh://git@example.org/a\"\napi = \
                \"https://example.org/@ada\"\n";
    let config = Config::parse(text, "f.toml").unwrap();
    assert_eq!(config.ledgers[0].sources[0].settings["token_env"], "GITHUB_TOKEN");
}
