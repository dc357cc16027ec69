use std::net::SocketAddr;
use std::sync::Arc;

use app_container::Database;
use ledger_core::WorkerName;
use ledger_port::SystemClock;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use worker::{Config, METRICS_PATH, Worker};

use crate::cli::WorkArguments;
use crate::failure::Failure;
use crate::output::counted;
use crate::session::Session;

pub(super) async fn run(arguments: &WorkArguments, session: &Session) -> Result<(), Failure> {
    let config = Config::read(&arguments.config.config)?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => default_name()?,
    };
    let ledgers = counted(config.ledgers.len(), "ledger");
    let sources = counted(config.source_count(), "source");
    let listener = listener(arguments.metrics).await?;
    session
        .with_database(async |database: &Database| {
            let clock = Arc::new(SystemClock);
            let worker = Worker::open(database.service_url(), config, name.clone(), clock).await?;
            if let Some(listener) = &listener {
                let address = listener.local_addr()?;
                session.output.step(&format!("metrics at http://{address}{METRICS_PATH}"));
            }
            // Before it says so: whoever reads the line may stop it at once.
            let stop = session.stops_gracefully();
            session
                .output
                .step(&format!("{name} works for {ledgers} with {sources}; stop it with Ctrl-C"));
            // Whoever reads the metrics does not hold up the end: dropping it is enough.
            let _metrics = listener.map(|listener| {
                AbortOnDropHandle::new(tokio::spawn(worker.metrics_page().serve(listener)))
            });
            worker.run(&stop).await;
            worker.close();
            session.output.step("stopped; what was in hand is stored, the rest is given back");
            Ok(())
        })
        .await
}

/// Taken before anything else, so that an address that is not to be had is told at once.
async fn listener(address: Option<SocketAddr>) -> Result<Option<TcpListener>, Failure> {
    let Some(address) = address else { return Ok(None) };
    let bound = TcpListener::bind(address).await;
    let bound = bound.map_err(|error| {
        Failure::wrong_arguments(format!("--metrics cannot listen on {address}: {error}"))
    })?;
    Ok(Some(bound))
}

/// Tells workers apart, for people: leases are told apart by ids of their own.
fn default_name() -> Result<WorkerName, Failure> {
    let host = nix::unistd::gethostname().map_err(std::io::Error::from)?;
    let host: String =
        host.to_string_lossy().chars().filter(|c| !c.is_control()).take(100).collect();
    Ok(WorkerName::new(format!("{host}:{}", std::process::id()))?)
}
