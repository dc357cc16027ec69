//! `serve`, `token`.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use ledger_core::{LedgerName, Scope, Timestamp, TokenId, TokenName};

const SERVE_AFTER_HELP: &str = "\
The pages are at the address itself, the API under /api/v1, its documentation at /docs, and
/healthz, /readyz and /metrics are for whoever runs it. Ctrl-C or SIGTERM stops it: requests that
were taken are finished.

A ledger is private until `epoch-ledger ledger visibility NAME public` shows it to everybody; then
its pages hold display names, and no addresses and no platforms' ids. Everything else needs a token:
  epoch-ledger token create --scope admin me
  epoch-ledger serve

On a network, put a reverse proxy with TLS before it and pass --behind-proxy. README says how.";

#[derive(Debug, Args)]
#[command(after_long_help = SERVE_AFTER_HELP)]
pub(crate) struct ServeArguments {
    /// Where to listen
    #[arg(long, env = "EPOCH_LEDGER_LISTEN", default_value = "127.0.0.1:8080")]
    #[arg(value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,
    /// A reverse proxy with TLS stands before it: believe its X-Forwarded-For, keep cookies to HTTPS
    #[arg(long, env = "EPOCH_LEDGER_BEHIND_PROXY")]
    pub(crate) behind_proxy: bool,
    /// Take GitHub's webhooks for a ledger; the variable holds the hook's secret
    ///
    /// The hook's address is /api/v1/webhooks/github/LEDGER, its content type application/json. May be
    /// given more than once.
    #[arg(long = "github-webhook", value_name = "LEDGER=VARIABLE")]
    pub(crate) github_webhooks: Vec<WebhookArgument>,
    /// Leave out the work of accounts that this pattern fits, in webhooks, such as *-helper
    #[arg(long = "webhook-bot", value_name = "PATTERN")]
    pub(crate) webhook_bots: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
}

/// The server's limits. Each has a variable, too.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArguments {
    /// The largest body of a request, in bytes (413 beyond it)
    #[arg(long, env = "EPOCH_LEDGER_MAX_BODY_BYTES", default_value_t = 2_097_152)]
    #[arg(value_name = "BYTES")]
    pub(crate) max_body_bytes: usize,
    /// The largest stream of events, in bytes (413 beyond it)
    #[arg(long, env = "EPOCH_LEDGER_MAX_UPLOAD_BYTES", default_value_t = 17_179_869_184)]
    #[arg(value_name = "BYTES")]
    pub(crate) max_upload_bytes: u64,
    /// How long a client may take to send a request's headers
    #[arg(long, env = "EPOCH_LEDGER_HEADER_TIMEOUT", default_value = "10s")]
    #[arg(value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) header_timeout: Duration,
    /// How long a request may take (408 beyond it)
    #[arg(long, env = "EPOCH_LEDGER_REQUEST_TIMEOUT", default_value = "30s")]
    #[arg(value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) request_timeout: Duration,
    /// How long a stream of events may take (408 beyond it)
    #[arg(long, env = "EPOCH_LEDGER_UPLOAD_TIMEOUT", default_value = "10m")]
    #[arg(value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) upload_timeout: Duration,
    /// How many connections may be open
    #[arg(long, env = "EPOCH_LEDGER_MAX_CONNECTIONS", default_value_t = 1_024)]
    #[arg(value_name = "COUNT")]
    pub(crate) max_connections: u32,
    /// How many requests may be worked on at once (503 beyond it)
    #[arg(long, env = "EPOCH_LEDGER_MAX_CONCURRENT_REQUESTS", default_value_t = 128)]
    #[arg(value_name = "COUNT")]
    pub(crate) max_concurrent_requests: u32,
    /// How many requests a minute one address may send (429 beyond it)
    #[arg(long, env = "EPOCH_LEDGER_REQUESTS_PER_MINUTE", default_value_t = 1_200)]
    #[arg(value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_per_minute: u32,
    /// How long requests that were taken may go on once it is told to stop
    #[arg(long, env = "EPOCH_LEDGER_SHUTDOWN_GRACE", default_value = "30s")]
    #[arg(value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) shutdown_grace: Duration,
}

/// A ledger and the variable with its hook's secret.
#[derive(Debug, Clone)]
pub(crate) struct WebhookArgument {
    pub(crate) ledger: LedgerName,
    pub(crate) variable: String,
}

impl FromStr for WebhookArgument {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (ledger, variable) = text
            .split_once('=')
            .filter(|(_, variable)| !variable.is_empty())
            .ok_or("write it as LEDGER=VARIABLE, the name of the variable with the secret")?;
        let ledger = ledger.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { ledger, variable: variable.to_owned() })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make an access token for the ledger, and show it this once
    Create {
        /// What to call it, so that the right one is revoked
        name: TokenName,
        /// What it lets its holder do: read, collect, review or admin
        #[arg(long, value_name = "SCOPE")]
        scope: Scope,
        /// When it ends by itself, such as 2027-01-01 [default: it does not]
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
    },
    /// List the ledger's tokens; their secrets are stored nowhere
    List,
    /// Take a token back, at once and for good (again is safe)
    Revoke {
        /// Its id, as `token list` shows it
        id: TokenId,
    },
}
