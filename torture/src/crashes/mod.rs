//! PostgreSQL and its clients killed with SIGKILL, again and again, in the middle of writes.
//!
//! Two client processes write, each with some writers, each with a ledger and a journal of its own
//! (`player`, `progress`, `deed`, `journal`). At moments that the dice choose the server is killed with all
//! its children, as a power cut ends it, or a client, or both at once. Then, while nobody writes (the clients
//! are halted, or gone with all their sessions), each ledger is held against its journal (`check`). After
//! that they go on: what was under way is asked for again, and must be answered as if nothing had been.
//!
//! The kernel outlives all this, so it is not told whether the disk keeps what it was told to keep.
//!
//! To add a write: a variant of [`deed::Deed`], when it is done in `progress`, what must then be there in
//! `expected`, and a look at it in `check`.

mod check;
mod deed;
mod expected;
mod journal;
mod kill;
mod player;
mod progress;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use ledger_adapter_server::Server;
use ledger_port::SystemClock;
use ledger_repository::administration::SERVICE_ROLE;
use private_postgres::Durability;

use self::check::{Looked, Watched};
use crate::ground::{Ground, pool, store, wait_until};
use crate::players::{Part, Player};
use crate::report::Progress;
use crate::{Extent, Failure, Outcome, Report};

pub(crate) use self::player::{Cast, play};

/// How many client processes.
const CLIENTS: usize = 2;
/// How many writers each has.
const WRITERS: usize = 4;
/// How long they write between two kills, in milliseconds.
const BETWEEN: std::ops::RangeInclusive<u64> = 20..=400;

pub(crate) async fn run(extent: &Extent) -> Outcome<Report> {
    let directory = tempfile::tempdir()?;
    let ground = Ground::start(Durability::Durable).await?;
    let mut crashes = Crashes::begin(extent, ground, directory.path().to_owned()).await?;
    let kills = extent.rounds(8, 1_000);
    let mut progress = Progress::of("crashes");
    for kill in 0..kills {
        progress.at(kill, kills);
        if extent.is_over() {
            break;
        }
        crashes.kill_somebody(extent).await?;
        crashes.kills += 1;
    }
    crashes.end(extent, kills).await
}

/// A client, and what is known of its writers.
struct Client {
    cast: Cast,
    player: Option<Player>,
    writers: Vec<Watched>,
}

impl Client {
    fn database(number: usize) -> String {
        format!("crashes_{number}")
    }
}

struct Crashes {
    ground: Ground,
    data: PathBuf,
    clients: Vec<Client>,
    dice: Rng,
    looked: Looked,
    kills: u64,
    server_kills: u64,
    client_kills: u64,
    processes: u64,
    longest_recovery: Duration,
}

impl Crashes {
    async fn begin(extent: &Extent, ground: Ground, directory: PathBuf) -> Outcome<Self> {
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            ground.database(&Client::database(number)).await?;
            let url = ground.service_url(&Client::database(number));
            let (directory, seed) = (directory.clone(), extent.seed());
            let cast = Cast { url, directory, number, seed };
            let writers = (0..WRITERS).map(|writer| Watched::new(cast.journal(writer))).collect();
            let player = Some(Player::start(extent, &Part::Crashes(cast.clone()))?);
            clients.push(Client { cast, player, writers });
        }
        let data: String = ground.admin().query_one("SHOW data_directory", &[]).await?.get(0);
        Ok(Self {
            ground,
            data: data.into(),
            clients,
            dice: extent.dice("crashes"),
            looked: Looked::default(),
            kills: 0,
            server_kills: 0,
            client_kills: 0,
            processes: 0,
            longest_recovery: Duration::ZERO,
        })
    }

    /// Lets them write for a while, and then ends the server, a client, or both.
    async fn kill_somebody(&mut self, extent: &Extent) -> Outcome<()> {
        tokio::time::sleep(Duration::from_millis(self.dice.u64(BETWEEN))).await;
        self.complaints()?;
        let whom = self.dice.u8(..10);
        let client = (whom >= 4).then(|| self.dice.usize(..CLIENTS));
        if whom < 6 {
            self.kill_the_server(client).await?;
        } else if let Some(client) = client {
            self.kill_a_client(client).await?;
        }
        for client in &mut self.clients {
            match &client.player {
                Some(player) => player.go_on()?,
                None => {
                    let part = Part::Crashes(client.cast.clone());
                    client.player = Some(Player::start(extent, &part)?);
                }
            }
        }
        Ok(())
    }

    async fn kill_the_server(&mut self, and_client: Option<usize>) -> Outcome<()> {
        self.processes += kill::kill_server(&self.data)?;
        self.server_kills += 1;
        if let Some(client) = and_client {
            self.clients[client].player = None;
            self.client_kills += 1;
        }
        for player in self.clients.iter().filter_map(|client| client.player.as_ref()) {
            player.halt()?;
        }
        let began = Instant::now();
        self.ground.restart().await?;
        self.longest_recovery = self.longest_recovery.max(began.elapsed());
        for client in 0..CLIENTS {
            self.look(client, false).await?;
        }
        Ok(())
    }

    async fn kill_a_client(&mut self, client: usize) -> Outcome<()> {
        self.clients[client].player = None;
        self.client_kills += 1;
        // What the server was doing for it may still be done.
        let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND usename = $2";
        let (admin, database) = (self.ground.admin(), Client::database(client));
        wait_until("every session of a killed client has ended", async || {
            let row = admin.query_one(query, &[&database, &SERVICE_ROLE]).await?;
            Ok(row.get::<_, i64>(0) == 0)
        })
        .await?;
        self.look(client, false).await
    }

    /// Holds a client's ledgers against its journals, while it writes nothing.
    async fn look(&mut self, number: usize, everything: bool) -> Outcome<()> {
        let Client { cast, writers, .. } = &mut self.clients[number];
        let pool = pool::<Server>(&cast.url).await?;
        for (writer, watched) in writers.iter_mut().enumerate() {
            let store = store(&pool, &cast.ledger(writer), Arc::new(SystemClock)).await?;
            watched.look(&store, everything, &mut self.looked).await?;
        }
        pool.close();
        Ok(())
    }

    /// A client says nothing unless something is wrong, and ends only by our hand.
    fn complaints(&mut self) -> Outcome<()> {
        for player in self.clients.iter_mut().filter_map(|client| client.player.as_mut()) {
            player.heard::<()>()?;
            if player.has_ended()? {
                return Err(Failure::Unable("a client ended by itself".to_owned()));
            }
        }
        Ok(())
    }

    /// Looks at everything once more, and tells what was done.
    async fn end(mut self, extent: &Extent, asked: u64) -> Outcome<Report> {
        self.complaints()?;
        for client in 0..CLIENTS {
            self.kill_a_client(client).await?;
            self.look(client, true).await?;
        }
        let mut report = Report::new();
        extent.tell_done(&mut report, "moments of a kill", self.kills, asked)?;
        report.tell("kills of the server", self.server_kills);
        report.tell("server processes killed", self.processes);
        // The last two end the workload.
        report.tell("kills of a client", self.client_kills);
        report.tell_time("longest recovery", self.longest_recovery);
        report.tell("acknowledged calls", self.looked.calls);
        report.tell("looks at acknowledged events", self.looked.events);
        report.tell("looks at statements", self.looked.statements);
        report.tell("calls asked for again", self.looked.again);
        report.tell("calls under way that were found done", self.looked.found_done);
        report.tell("calls under way that were found not done", self.looked.found_undone);
        ensure_writers_were_met(&self.looked)?;
        Ok(report)
    }
}

/// A workload that nobody wrote, or that no kill met, shows nothing.
fn ensure_writers_were_met(looked: &Looked) -> Outcome<()> {
    let met = [
        ("acknowledged", looked.calls),
        ("looked for", looked.events),
        ("asked for again", looked.again),
        ("under way", looked.found_done + looked.found_undone),
    ];
    match met.into_iter().find(|(_, number)| *number == 0) {
        Some((what, _)) => Err(Failure::Unable(format!("no call was {what}"))),
        None => Ok(()),
    }
}
