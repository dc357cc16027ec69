//! Takes connections, and stops without dropping what it took.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app_container::Container;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::layers::Peer;
use crate::state::App;
use crate::{Settings, api};

/// Why the server ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random(#[from] getrandom::Error),
}

/// The pause after the system refused a connection, for example because too many files are open.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that listens already.
pub struct WebServer {
    listener: TcpListener,
    router: Router,
    header_timeout: Duration,
    shutdown_grace: Duration,
    max_connections: usize,
}

impl std::fmt::Debug for WebServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebServer").field("listener", &self.listener).finish_non_exhaustive()
    }
}

impl WebServer {
    /// Listens; port 0 takes one that is free.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn bind(
        address: SocketAddr,
        container: Arc<Container>,
        settings: Settings,
    ) -> Result<Self, ServeError> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self {
            listener,
            header_timeout: settings.header_timeout,
            shutdown_grace: settings.shutdown_grace,
            max_connections: settings.max_connections,
            router: api::router(App::new(container, settings)?),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until it is told to stop; then takes no more connections, finishes the requests that
    /// it took, and gives up after the grace period.
    pub async fn serve(self, stop: CancellationToken) {
        let connections = Arc::new(Semaphore::new(self.max_connections));
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.accept(&connections) => accepted,
            };
            match accepted {
                Ok((stream, peer, permit)) => self.answer(stream, peer, permit, &graceful),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(self.listener);
        if tokio::time::timeout(self.shutdown_grace, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were cut off: the grace period is over");
        }
    }

    /// The next connection, once there is room for one.
    async fn accept(
        &self,
        connections: &Arc<Semaphore>,
    ) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let permit = Arc::clone(connections).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let (stream, peer) = self.listener.accept().await?;
        Ok((stream, peer, permit))
    }

    fn answer(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        permit: OwnedSemaphorePermit,
        graceful: &GracefulShutdown,
    ) {
        // An answer goes out as soon as it is written (Nagle's algorithm would hold its end back until
        // the client has acknowledged its beginning). Without it, it comes later.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection waits for full segments");
        }
        let router = self.router.clone();
        let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // Clients that go away in the middle are no news.
            if let Err(error) = watched.await {
                tracing::debug!(%error, %peer, "a connection ended");
            }
            drop(permit);
        });
    }
}
