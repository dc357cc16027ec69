//! One connection through the proxy.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UnixStream, tcp, unix};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::faults::{Fault, Kind, Place};
use super::proxy::{Return, Shared, Weather};
use super::traffic::{Frames, Session, Way};

/// When what was held comes through after all: later than a hurried client waits.
const LATE: Duration = Duration::from_millis(1_900);

/// How long the server may take to do what came late.
const DONE_LATE: Duration = Duration::from_millis(300);

/// How long the server is kept in the dark when the client of a stalled connection has given up.
const KEPT_UP: Duration = Duration::from_millis(500);

/// Both ends, as far as they are written to.
struct Ends {
    client: tcp::OwnedWriteHalf,
    server: unix::OwnedWriteHalf,
    /// Whether this direction still goes.
    to_client: bool,
    to_server: bool,
}

/// Whether the connection goes on.
enum After {
    GoesOn,
    Ends,
    IsCut,
}

/// Carries frames both ways until an end is reached or a fault ends it.
pub(super) async fn run(
    client: TcpStream,
    server: UnixStream,
    shared: &Shared,
    mut outlook: watch::Receiver<Weather>,
    weather: Weather,
) -> io::Result<()> {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut questions = Frames::new(from_client, Way::ToServer);
    let mut answers = Frames::new(from_server, Way::ToClient);
    let mut ends = Ends { client: to_client, server: to_server, to_client: true, to_server: true };
    let mut session = Session::default();
    if weather == Weather::Down && !outlast(&mut outlook, shared).await {
        return Ok(());
    }
    loop {
        let (way, frame) = tokio::select! {
            biased;
            Ok(()) = outlook.changed() => {
                let is_down = *outlook.borrow_and_update() == Weather::Down;
                if is_down && !outlast(&mut outlook, shared).await {
                    return Ok(());
                }
                continue;
            }
            frame = answers.next() => (Way::ToClient, frame?),
            frame = questions.next(), if ends.to_server => (Way::ToServer, frame?),
        };
        let Some(frame) = frame else { return ends.close().await };
        let places = session.places(way, &frame);
        let after = match shared.take(&places) {
            None => ends.pass(way, &frame).await.map(|()| After::GoesOn)?,
            Some(fault) => ends.suffer(fault, way, frame, shared.stall).await?,
        };
        match after {
            After::GoesOn => {}
            After::Ends => return Ok(()),
            After::IsCut => {
                // A reset, and no farewell.
                ends.client.as_ref().set_zero_linger()?;
                ends.client.forget();
                return Ok(());
            }
        }
    }
}

/// Waits for the end of an outage, and says whether the connection has outlived it.
async fn outlast(outlook: &mut watch::Receiver<Weather>, shared: &Shared) -> bool {
    let end = outlook.wait_for(|weather| *weather != Weather::Down).await.map(|end| *end);
    if let Ok(Weather::Back(Return::Silent)) = end {
        sleep(shared.stall).await;
    }
    !matches!(end, Err(_) | Ok(Weather::Back(Return::Silent | Return::Closed)))
}

impl Ends {
    async fn pass(&mut self, way: Way, bytes: &[u8]) -> io::Result<()> {
        match way {
            Way::ToServer if self.to_server => self.server.write_all(bytes).await,
            Way::ToClient if self.to_client => self.client.write_all(bytes).await,
            // Said into a direction that is closed.
            _ => Ok(()),
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.server.shutdown().await?;
        self.client.shutdown().await
    }

    async fn suffer(
        &mut self,
        fault: Fault,
        way: Way,
        mut frame: Vec<u8>,
        stall: Duration,
    ) -> io::Result<After> {
        if matches!(fault.place, Place::HalfOfAQuestion | Place::HalfOfAnAnswer) {
            let rest = frame.split_off(frame.len() / 2);
            self.pass(way, &frame).await?;
            frame = rest;
        }
        match fault.kind {
            Kind::Cut => return Ok(After::IsCut),
            Kind::HalfClosedToServer => {
                self.server.shutdown().await?;
                self.to_server = false;
                // The other direction loses nothing.
                self.pass(way, &frame).await?;
            }
            Kind::HalfClosedToClient => {
                self.client.shutdown().await?;
                self.to_client = false;
                self.pass(way, &frame).await?;
            }
            Kind::Stall => {
                tokio::select! {
                    () = sleep(stall) => {}
                    () = self.client_has_left() => sleep(KEPT_UP).await,
                }
                return Ok(After::Ends);
            }
            Kind::Late => {
                sleep(LATE).await;
                self.pass(way, &frame).await?;
                sleep(DONE_LATE).await;
                return Ok(After::Ends);
            }
            Kind::Delay(time) => {
                sleep(time).await;
                self.pass(way, &frame).await?;
            }
            Kind::Drip => self.drip(way, &frame).await?,
        }
        Ok(After::GoesOn)
    }

    /// Waits until the client closes its end, as far as that is seen behind what it said last.
    async fn client_has_left(&self) {
        while matches!(self.client.as_ref().peek(&mut [0]).await, Ok(1..)) {
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// A byte a millisecond, as far as somebody would wait for that.
    async fn drip(&mut self, way: Way, frame: &[u8]) -> io::Result<()> {
        let (slow, rest) = frame.split_at(frame.len().min(100));
        for byte in slow {
            self.pass(way, &[*byte]).await?;
            sleep(Duration::from_millis(1)).await;
        }
        // The rest must not wait for a reader who is gone.
        let passed = timeout(Duration::from_secs(10), self.pass(way, rest)).await;
        passed.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
    }
}
