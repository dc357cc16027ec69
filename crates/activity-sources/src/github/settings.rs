//! What an operator says about GitHub.

use serde::Deserialize;
use serde_json::Value;

use super::NAME;
use super::api::Token;
use crate::SourceError;
use crate::registry::settings_of;

/// The variable that is looked at where none is named.
const TOKEN_VARIABLE: &str = "GITHUB_TOKEN";

/// What to read on GitHub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GithubOptions {
    /// Repositories as `owner/name`, in any case. A former name is understood.
    pub repositories: Vec<String>,
    /// An organization, all of whose repositories that the token can see are read.
    pub organization: Option<String>,
    /// The address of the REST API. By default that of github.com.
    pub api: Option<String>,
    /// The token to ask with. Without one only what is public is read, 60 requests an hour.
    pub token: Option<Token>,
    /// Whose work is left out besides that of bots: whole logins, in any case, with `*` for any text.
    pub bots: Vec<String>,
}

/// The settings of the source, as JSON has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GithubSettings {
    #[serde(default)]
    repositories: Vec<String>,
    organization: Option<String>,
    api: Option<String>,
    token_env: Option<String>,
    #[serde(default)]
    bots: Vec<String>,
}

/// The token in that variable. One that is named must be there.
fn token_of(variable: Option<&str>) -> Result<Option<Token>, SourceError> {
    let value = std::env::var(variable.unwrap_or(TOKEN_VARIABLE)).unwrap_or_default();
    match (variable, value.trim()) {
        (Some(variable), "") => {
            let problem = format!(
                "the environment variable {variable:?}, which `token_env` names, is empty or not \
                 set; put the token into it"
            );
            Err(SourceError::settings(NAME, problem))
        }
        (None, "") => Ok(None),
        (_, token) => Ok(Some(Token::new(token))),
    }
}

impl GithubOptions {
    /// Reads the settings of a source; the token is in the environment.
    pub(super) fn of_settings(settings: &Value) -> Result<Self, SourceError> {
        let GithubSettings { repositories, organization, api, token_env, bots } =
            settings_of(NAME, settings)?;
        // The token that happens to be there is github.com's, and nobody else's.
        let token = match (&token_env, &api) {
            (None, Some(_)) => None,
            _ => token_of(token_env.as_deref())?,
        };
        Ok(Self { repositories, organization, api, token, bots })
    }
}

/// Checks that there is something to read, and that it could be called so.
pub(super) fn check_names(
    repositories: &[String],
    organization: Option<&str>,
) -> Result<(), SourceError> {
    if repositories.is_empty() && organization.is_none() {
        let problem = "there is nothing to read; give `repositories` such as \
                           [\"acme/orchard\"], or an `organization`";
        return Err(SourceError::settings(NAME, problem));
    }
    for repository in repositories {
        match repository.split_once('/') {
            Some((owner, name)) if is_word(owner) && is_word(name) => {}
            _ => {
                let problem =
                    format!("{repository:?} is no repository; write it as \"acme/orchard\"");
                return Err(SourceError::settings(NAME, problem));
            }
        }
    }
    if let Some(organization) = organization.filter(|name| !is_word(name)) {
        let problem = format!("{organization:?} is no organization; write it as \"acme\"");
        return Err(SourceError::settings(NAME, problem));
    }
    Ok(())
}

/// What owners and repositories may be called; anything else would become another path.
fn is_word(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.len() <= 100 && text.bytes().all(fits) && !matches!(text, "." | "..")
}
