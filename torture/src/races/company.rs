//! The processes that race, and the director's own store.

use std::sync::Arc;

use ledger_adapter_server::Server;
use ledger_core::LedgerId;
use ledger_port::{LedgerRegistry as _, SystemClock};
use ledger_repository::{LedgerPool, PgLedgerRegistry, PgLedgerStore};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Client;

use super::{Cast, DATABASE, PROCESSES};
use crate::ground::{Ground, Store, pool};
use crate::players::{Part, Player};
use crate::{Extent, Outcome};

/// The processes that race.
pub(super) struct Company {
    players: Vec<Player>,
    pool: LedgerPool<Server>,
    session: Client,
}

impl Company {
    pub(super) async fn start(extent: &Extent, ground: &Ground) -> Outcome<Self> {
        let url = ground.service_url(DATABASE);
        let part = |number| Part::Races(Cast { url: url.clone(), number });
        let players = (0..PROCESSES).map(|number| Player::start(extent, &part(number)));
        let players = players.collect::<Outcome<_>>()?;
        let session = ground.session(DATABASE).await?;
        Ok(Self { players, pool: pool(&url).await?, session })
    }

    /// A new ledger, and a store of it.
    pub(super) async fn ledger(&self, name: &str) -> Outcome<(LedgerId, Store)> {
        let registry = PgLedgerRegistry::new(self.pool.clone(), Arc::new(SystemClock));
        let ledger = registry.create_ledger(&name.parse()?).await?;
        let store = PgLedgerStore::new(ledger.id, self.pool.clone(), Arc::new(SystemClock));
        Ok((ledger.id, Arc::new(store)))
    }

    /// A bare session in the database.
    pub(super) const fn session(&self) -> &Client {
        &self.session
    }

    /// Gives all the same order at once, and waits for every answer.
    pub(super) async fn all<A: DeserializeOwned>(
        &mut self,
        order: &impl Serialize,
    ) -> Outcome<Vec<A>> {
        for player in &mut self.players {
            player.order(order)?;
        }
        let mut answers = Vec::with_capacity(self.players.len());
        for player in &mut self.players {
            answers.push(player.hear().await?);
        }
        Ok(answers)
    }
}
