//! Answers a monitoring system over HTTP.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use ledger_core::LedgerName;
use ledger_port::PortResult;
use tokio::net::TcpListener;

use crate::metrics_text::page;
use crate::status::{SourceStatus, source_statuses};
use crate::worker::Shared;

/// Where the page is.
pub const METRICS_PATH: &str = "/metrics";

/// The text format of OpenMetrics 1.0.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long the database may take. A monitoring system gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a monitoring system reads of a worker and its ledgers.
#[derive(Clone)]
pub struct MetricsPage {
    shared: Arc<Shared>,
}

impl MetricsPage {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Answers until it is dropped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let routes = Router::new().route(METRICS_PATH, get(answer)).with_state(self);
        axum::serve(listener, routes).await
    }

    async fn statuses(&self) -> PortResult<Vec<(LedgerName, SourceStatus)>> {
        let (queue, now) = (self.shared.queue.as_ref(), self.shared.clock.now());
        let mut all = Vec::new();
        for books in self.shared.books.values() {
            let of = source_statuses(&books.plan, books.store.as_ref(), queue, now).await?;
            all.extend(of.into_iter().map(|status| (books.plan.name.clone(), status)));
        }
        Ok(all)
    }

    /// How the sources get on; `None`, and a line in the log, when the database does not say.
    async fn statuses_in_time(&self) -> Option<Vec<(LedgerName, SourceStatus)>> {
        match tokio::time::timeout(PATIENCE, self.statuses()).await {
            Ok(Ok(statuses)) => return Some(statuses),
            Ok(Err(error)) => tracing::warn!(%error, "no metrics of the sources"),
            Err(_) => tracing::warn!("no metrics of the sources: the database does not answer"),
        }
        None
    }
}

async fn answer(State(metrics): State<MetricsPage>) -> Response {
    let statuses = metrics.statuses_in_time().await;
    let shared = &metrics.shared;
    match page(&shared.counts, &shared.name, statuses.as_deref()) {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
