use ledger_core::{
    AccessToken, BearerToken, LedgerId, NewAccessToken, Scope, Timestamp, TokenId, TokenName,
};
use ledger_port::{ActivityLedgerStore, all_pages};
use serde_json::json;
use uuid::Uuid;

use crate::cli::TokenCommand;
use crate::failure::{Code, Failure};
use crate::output::table;
use crate::session::{Books, Session};
use crate::views;

pub(super) async fn run(
    command: TokenCommand,
    books: Books<'_>,
    session: &Session,
) -> Result<(), Failure> {
    let store = books.store;
    match command {
        TokenCommand::Create { name, scope, expires } => {
            let now = books.clock.now();
            if expires.is_some_and(|end| end <= now) {
                let message = format!("--expires must be later than now, which is {now}");
                return Err(Failure::wrong_arguments(message));
            }
            let ledger = LedgerId::of(&session.ledger);
            let (token, bearer) = create(store, ledger, name, scope, expires).await?;
            let mut json = views::token(&token);
            json["token"] = bearer.reveal().into();
            session.output.result(&json, || {
                format!(
                    "{}\n\nThis is the only time it is shown. It lets its holder {} the ledger {}.",
                    bearer.reveal(),
                    in_a_sentence(scope),
                    session.ledger
                )
            })
        }
        TokenCommand::List => {
            let tokens = all_pages(|page| store.list_access_tokens(page)).await?;
            let json = json!({ "tokens": tokens.iter().map(views::token).collect::<Vec<_>>() });
            let now = books.clock.now();
            session.output.result(&json, || token_table(&tokens, now))
        }
        TokenCommand::Revoke { id } => {
            let token = store.revoke_access_token(id).await?;
            session.output.result(&views::token(&token), || {
                format!("The token {} ({id}) opens nothing any more.", token.token.name)
            })
        }
    }
}

/// Makes a token whose secret is nowhere but in the answer.
pub(super) async fn create(
    store: &dyn ActivityLedgerStore,
    ledger: LedgerId,
    name: TokenName,
    scope: Scope,
    expires_at: Option<Timestamp>,
) -> Result<(AccessToken, BearerToken), Failure> {
    let mut secret = [0; BearerToken::SECRET_BYTES];
    getrandom::fill(&mut secret)
        .map_err(|error| Failure::new(Code::Unexpected, format!("no random bytes: {error}")))?;
    let id = TokenId(Uuid::new_v4());
    let bearer = BearerToken::new(ledger, id, secret);
    let token = NewAccessToken { id, name, scope, secret_hash: bearer.secret_hash(), expires_at };
    Ok((store.insert_access_token(&token).await?, bearer))
}

const fn in_a_sentence(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Collect => "read, and hand events to,",
        Scope::Review => "read and review",
        Scope::Admin => "do everything with",
    }
}

fn token_table(tokens: &[AccessToken], now: Timestamp) -> String {
    let row = |token: &AccessToken| {
        let state = match (token.revoked_at, token.token.expires_at) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(end)) if end <= now => format!("ended {end}"),
            (None, Some(end)) => format!("until {end}"),
            (None, None) => "valid".to_owned(),
        };
        vec![
            token.token.id.to_string(),
            token.token.name.to_string(),
            token.token.scope.to_string(),
            token.created_at.to_string(),
            state,
        ]
    };
    table(&["id", "name", "scope", "created", "state"], &[], tokens.iter().map(row).collect())
}
