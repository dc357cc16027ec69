//! Stands between the store and its server, and lets things go wrong there.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::faults::{Counts, Fault, Place};
use super::link;
use crate::{Outcome, ground::Ground};

/// Whether anything goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// It does, but for the faults that are armed.
    Fair,
    /// Nothing does, and nobody is told.
    Down,
    /// It does again; this became of what was open.
    Back(Return),
}

/// What becomes of connections that an outage met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// They go on.
    Resumed,
    /// They are closed.
    Closed,
    /// They are dead, and nobody is told.
    Silent,
}

/// What the connections of a proxy share.
#[derive(Debug)]
pub(super) struct Shared {
    armed: Mutex<VecDeque<Fault>>,
    counts: Mutex<Counts>,
    /// How long a stalled connection is held.
    pub(super) stall: Duration,
}

/// A proxy on a port of its own. It ends when this is dropped, and its connections with it.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    weather: watch::Sender<Weather>,
    listener: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Proxy {
    /// A proxy before the ground's server. What stalls is held for so long.
    pub(super) async fn start(ground: &Ground, stall: Duration) -> Outcome<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let server = ground.server().socket_dir().join(".s.PGSQL.5432");
        let shared = Arc::new(Shared { armed: Mutex::default(), counts: Mutex::default(), stall });
        let (weather, outlook) = watch::channel(Weather::Fair);
        let listener = tokio::spawn(listen(listener, server, Arc::clone(&shared), outlook));
        Ok(Self { port, shared, weather, listener })
    }

    /// The address of a database behind the proxy, as that user. The proxy reads what goes through, so nobody asks
    /// for encryption.
    pub(super) fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Lets this go wrong the next time when a connection comes to its place.
    pub(super) fn arm(&self, fault: Fault) {
        let mut armed = self.shared.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.push_back(fault);
        // What nobody came across is not kept for ever.
        while armed.len() > 8 {
            armed.pop_front();
        }
    }

    /// Takes all back that is armed.
    pub(super) fn disarm(&self) {
        self.shared.armed.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Lets nothing through any more, or everything again.
    pub(super) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// What went wrong so far.
    pub(super) fn counts(&self) -> Counts {
        *self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Takes the first fault that is armed for one of these places.
    pub(super) fn take(&self, places: &[Place]) -> Option<Fault> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let at = armed.iter().position(|fault| places.contains(&fault.place))?;
        let fault = armed.remove(at)?;
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).add(fault);
        Some(fault)
    }
}

async fn listen(
    listener: TcpListener,
    server: PathBuf,
    shared: Arc<Shared>,
    outlook: watch::Receiver<Weather>,
) {
    let mut links = JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                links.spawn(serve(client, server.clone(), Arc::clone(&shared), outlook.clone()));
            }
            Some(_) = links.join_next() => {}
        }
    }
}

async fn serve(
    client: TcpStream,
    server: PathBuf,
    shared: Arc<Shared>,
    mut outlook: watch::Receiver<Weather>,
) -> io::Result<()> {
    let weather = *outlook.borrow_and_update();
    client.set_nodelay(true)?;
    let server = UnixStream::connect(server).await?;
    link::run(client, server, &shared, outlook, weather).await
}
