use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use app_container::Container;
use web_server::{ServeError, Settings, WebServer, Webhook};

use crate::cli::{LimitArguments, ServeArguments, WebhookArgument};
use crate::failure::{Code, Failure};
use crate::session::Session;

/// Under which several servers share the cursors of their lists.
const CURSOR_SECRET: &str = "EPOCH_LEDGER_CURSOR_SECRET";

pub(super) async fn run(arguments: &ServeArguments, session: &Session) -> Result<(), Failure> {
    let settings = settings(arguments)?;
    session
        .with_shared_container(async |container| {
            serve(container, arguments.listen, settings, session).await
        })
        .await
}

/// Answers until it is told to stop.
pub(super) async fn serve(
    container: &Arc<Container>,
    listen: SocketAddr,
    settings: Settings,
    session: &Session,
) -> Result<(), Failure> {
    let server = WebServer::bind(listen, Arc::clone(container), settings).await?;
    let address = server.address()?;
    // Before it says so: whoever reads the line may stop it at once.
    let stop = session.stops_gracefully();
    session.output.step(&format!("The pages are at http://{address}/; stop with Ctrl-C"));
    server.serve(stop).await;
    session.output.step("stopped; what was taken is done");
    Ok(())
}

fn settings(arguments: &ServeArguments) -> Result<Settings, Failure> {
    let LimitArguments {
        max_body_bytes,
        max_upload_bytes,
        header_timeout,
        request_timeout,
        upload_timeout,
        max_connections,
        max_concurrent_requests,
        requests_per_minute,
        shutdown_grace,
    } = arguments.limits;
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Settings {
        max_body_bytes,
        max_upload_bytes,
        header_timeout,
        request_timeout,
        upload_timeout,
        max_connections: count(max_connections),
        max_concurrent_requests: count(max_concurrent_requests),
        requests_per_minute,
        shutdown_grace,
        behind_proxy: arguments.behind_proxy,
        cursor_secret: std::env::var(CURSOR_SECRET).ok().map(String::into_bytes),
        webhooks: webhooks(&arguments.github_webhooks, &arguments.webhook_bots)?,
    })
}

fn webhooks(
    arguments: &[WebhookArgument],
    bots: &[String],
) -> Result<BTreeMap<ledger_core::LedgerName, Webhook>, Failure> {
    let webhook = |argument: &WebhookArgument| {
        let variable = &argument.variable;
        let secret = std::env::var(variable).map_err(|_| {
            Failure::wrong_arguments(format!(
                "--github-webhook: the variable {variable} is not set; it holds the hook's secret"
            ))
        })?;
        Ok((argument.ledger.clone(), Webhook::new(secret.as_bytes(), bots)?))
    };
    arguments.iter().map(webhook).collect()
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let code = match error {
            ServeError::Listen { .. } => Code::WrongArguments,
            ServeError::Random(_) => Code::Unexpected,
        };
        Self::of(code, &error)
    }
}
