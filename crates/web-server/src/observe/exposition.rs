//! Writes the metrics in the text format of OpenMetrics 1.0.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use ledger_core::EpochStatus;
use ledger_port::{PortResult, all_pages};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::problem::{Answer, Problem};
use crate::state::App;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long the database may take. A monitoring system gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct What {
    what: String,
}

/// `GET /metrics`: requests, connections, transactions, events, epochs. No ledger is named.
pub(crate) async fn metrics(State(app): State<App>) -> Answer<impl IntoResponse> {
    let epochs = tokio::time::timeout(PATIENCE, count_epochs(&app)).await;
    let epochs = match epochs {
        Ok(Ok(epochs)) => Some(epochs),
        Ok(Err(error)) => {
            tracing::warn!(%error, "no metrics of the epochs");
            None
        }
        Err(_) => {
            tracing::warn!("no metrics of the epochs: the database does not answer");
            None
        }
    };
    let text = page(&app, epochs.as_ref()).map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text))
}

/// How many epochs of all ledgers stand where.
async fn count_epochs(app: &App) -> PortResult<BTreeMap<&'static str, i64>> {
    let statuses = [EpochStatus::Open, EpochStatus::Review, EpochStatus::Closed];
    let mut counts: BTreeMap<_, _> = statuses.map(|status| (status.as_str(), 0)).into();
    let registry = app.container.ledger_registry();
    for ledger in all_pages(|page| registry.list_ledgers(page)).await? {
        let store = app.container.store_of(&ledger);
        for epoch in all_pages(|page| store.list_epochs(page)).await? {
            *counts.entry(epoch.status.as_str()).or_default() += 1;
        }
    }
    Ok(counts)
}

fn page(
    app: &App,
    epochs: Option<&BTreeMap<&'static str, i64>>,
) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("epoch_ledger");
    requests(app, &mut registry);
    database(app, &mut registry);
    let up = Gauge::<i64>::default();
    up.set(i64::from(epochs.is_some()));
    registry.register("database_up", "Whether the database answered this scrape", up);
    if let Some(epochs) = epochs {
        let family = Family::<What, Gauge>::default();
        for (status, count) in epochs {
            family.get_or_create(&What { what: (*status).to_owned() }).set(*count);
        }
        registry.register("epochs", "Epochs of all ledgers, by where they stand", family);
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn requests(app: &App, registry: &mut Registry) {
    let metrics = &app.metrics;
    registry.register("http_requests", "Requests that were answered", metrics.requests.clone());
    let seconds = metrics.seconds.clone();
    registry.register("http_request_seconds", "How long answers took", seconds);
    let in_flight = Gauge::<i64>::default();
    in_flight.set(metrics.in_flight.load(Ordering::Relaxed));
    registry.register("http_requests_in_flight", "Requests being worked on", in_flight);
    for (name, help, count) in [
        ("events_inserted", "Events that were stored", &metrics.inserted),
        ("events_duplicate", "Events that were known already", &metrics.duplicates),
        ("events_conflicting", "Events known with another payload", &metrics.conflicts),
    ] {
        registry.register(name, help, ConstCounter::new(count.load(Ordering::Relaxed)));
    }
}

fn database(app: &App, registry: &mut Registry) {
    let health = app.container.store_health();
    let connections = Family::<What, Gauge>::default();
    for (what, count) in [
        ("max", health.max_connections),
        ("open", health.connections),
        ("idle", health.idle),
        ("waited_for", health.waiting),
    ] {
        let gauge = connections.get_or_create(&What { what: what.to_owned() });
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("pool_connections", "Connections to the database", connections);
    for (name, help, count) in [
        ("transactions_succeeded", "Transactions that succeeded", health.succeeded),
        ("transactions_refused", "Transactions that the ledger's rules refused", health.refused),
        ("transactions_failed", "Transactions that failed", health.failed),
        ("transactions_retried", "Transactions run again, having met others", health.retried),
    ] {
        registry.register(name, help, ConstCounter::new(count));
    }
}
