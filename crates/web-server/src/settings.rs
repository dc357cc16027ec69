//! The server's limits, each with a name and a default.

use std::collections::BTreeMap;
use std::time::Duration;

use activity_sources::SourceError;
use activity_sources::github::WebhookReader;
use ledger_core::LedgerName;

/// What the server allows, and what it knows besides the database.
pub struct Settings {
    /// The largest body of a request, in bytes; 413 beyond it. Streams of events have
    /// [`Self::max_upload_bytes`].
    pub max_body_bytes: usize,
    /// The largest stream of events, in bytes; 413 beyond it. It is kept in a temporary file while it
    /// is checked.
    pub max_upload_bytes: u64,
    /// How long a client may take to send a request's headers; then it is disconnected.
    pub header_timeout: Duration,
    /// How long a request may take; 408 beyond it.
    pub request_timeout: Duration,
    /// How long a stream of events may take; 408 beyond it.
    pub upload_timeout: Duration,
    /// How many connections may be open; more wait to be taken.
    pub max_connections: usize,
    /// How many requests may be worked on at once; 503 beyond it.
    pub max_concurrent_requests: usize,
    /// How many requests a minute one address may send, and how many of them at once; 429 beyond it.
    pub requests_per_minute: u32,
    /// How long requests that were taken may go on after the server was told to stop.
    pub shutdown_grace: Duration,
    /// Whether a reverse proxy stands before it. Then a client's address is what the proxy says
    /// (`X-Forwarded-For`), and cookies are for HTTPS only.
    pub behind_proxy: bool,
    /// Under which the cursors of lists are sealed, so that several servers open each other's. Without
    /// one, cursors end with the process.
    pub cursor_secret: Option<Vec<u8>>,
    /// GitHub's hooks, by ledger.
    pub webhooks: BTreeMap<LedgerName, Webhook>,
}

// Not derived: a secret is for no log.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body_bytes: 2 * 1_024 * 1_024,
            max_upload_bytes: 16 * 1_024 * 1_024 * 1_024,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            upload_timeout: Duration::from_secs(600),
            max_connections: 1_024,
            max_concurrent_requests: 128,
            requests_per_minute: 1_200,
            shutdown_grace: Duration::from_secs(30),
            behind_proxy: false,
            cursor_secret: None,
            webhooks: BTreeMap::new(),
        }
    }
}

/// A hook at GitHub that delivers to one ledger.
#[derive(Debug)]
pub struct Webhook(pub(crate) WebhookReader);

impl Webhook {
    /// Takes the secret that the hook has at GitHub, and whose work is left out.
    ///
    /// # Errors
    /// When the secret or a pattern is empty.
    pub fn new(secret: &[u8], bots: &[String]) -> Result<Self, SourceError> {
        WebhookReader::new(secret, None, bots).map(Self)
    }
}
