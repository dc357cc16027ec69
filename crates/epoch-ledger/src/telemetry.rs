//! The log on standard error, and spans for an OpenTelemetry collector where one is named.

use std::io::IsTerminal as _;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::cli::{Cli, Command};

/// The variables that name a collector (OpenTelemetry's environment variable specification).
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// What is still to be sent when the program ends.
pub(crate) struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Begins to log, and to send spans where a collector is named.
    ///
    /// # Errors
    /// When the collector's address cannot be used.
    pub(crate) fn begin(cli: &Cli) -> Result<Self, ExporterBuildError> {
        let log = tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .with_filter(filter(cli));
        let is_named = |name: &&str| std::env::var_os(*name).is_some_and(|value| !value.is_empty());
        let provider = if ENDPOINTS.iter().any(is_named) { Some(provider()?) } else { None };
        let spans = provider.as_ref().map(|provider| {
            let tracer = provider.tracer("epoch-ledger");
            // What a collector is for: requests, collections, transactions; not the log's details.
            tracing_opentelemetry::layer().with_tracer(tracer).with_filter(EnvFilter::new("info"))
        });
        tracing_subscriber::registry().with(log).with(spans).init();
        Ok(Self(provider))
    }

    /// Sends what is left. A collector that does not answer holds nobody up for long.
    pub(crate) fn end(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

fn provider() -> Result<SdkTracerProvider, ExporterBuildError> {
    // Whoever came first has chosen the same.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    // The address, headers and timeout are read from the environment by the exporter.
    let exporter = SpanExporter::builder().with_http().build()?;
    let resource = Resource::builder().with_service_name("epoch-ledger").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Under `--json` nothing but JSON is printed, unless a log is asked for.
fn filter(cli: &Cli) -> EnvFilter {
    let is_json = cli.global.json;
    let default = match cli.global.verbose {
        // A worker and a server are watched by their logs.
        0 if matches!(cli.command, Command::Work(_) | Command::Serve(_)) => "info",
        0 if is_json => "off",
        0 => "warn",
        1 => "info,ledger_repository=debug,app_container=debug",
        _ => "debug",
    };
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default))
}
