//! A private PostgreSQL with default durability, and databases in a known state.

use std::collections::BTreeMap;
use std::path::Path;

use app_container::{Container, Database, DatabaseConfig};
use ledger_bench::data;
use ledger_core::{NewEpoch, Units, WeightTable};
use private_postgres::{PrivatePostgres, Settings};
use tokio_postgres::{Client, NoTls};

use crate::Failure;
use crate::paths::State;

const SERVICE_ROLE: &str = "ledger_service";

/// The server. It stops and is removed when this is dropped.
pub(crate) struct Arena {
    server: PrivatePostgres,
    admin: Client,
    events: u64,
    turns: u64,
}

impl Arena {
    pub(crate) async fn new(directory: &Path, events: u64) -> Result<Self, Failure> {
        let settings = Settings::durable(directory.join("postgresql"));
        let server = tokio::task::spawn_blocking(move || PrivatePostgres::start(&settings)).await??;
        let admin = connect(&server.connection_url(server.superuser(), "postgres")).await?;
        Ok(Self { server, admin, events, turns: 0 })
    }

    /// Makes what the turns' databases are copied from.
    pub(crate) async fn prepare(&self, states: impl IntoIterator<Item = State>) -> Result<(), Failure> {
        for state in states {
            let name = template(state);
            self.admin.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
            if state != State::Bare {
                self.fill(name, state).await?;
            }
        }
        Ok(())
    }

    async fn fill(&self, name: &str, state: State) -> Result<(), Failure> {
        let owner = self.server.connection_url(self.server.superuser(), name);
        let database = Database::open(&DatabaseConfig::Named(owner.clone())).await?;
        database.provision().await?;
        database.migrate().await?;
        let container = Container::open(database).await?;
        let store = container.activity_ledger_store(&"default".parse()?).await?;
        let weights: BTreeMap<_, _> = data::KINDS
            .iter()
            .map(|(source, kind)| Ok((format!("{source}:{kind}").parse()?, Units::new(1_000)?)))
            .collect::<Result<_, Failure>>()?;
        let weights = WeightTable::new(weights)?;
        let epoch = store.create_epoch(&NewEpoch { period: data::week(), weights }).await?;
        let mut events = data::events(self.events, state == State::Full);
        match state {
            State::Full => {}
            State::Half => {
                let mut at = 0;
                events.retain(|_| {
                    at += 1;
                    at % 2 == 0
                });
            }
            State::Empty | State::Bare => events.clear(),
        }
        store.insert_activity_events(epoch.id, &events).await?;
        container.close().await?;
        let owner = connect(&owner).await?;
        owner.batch_execute("VACUUM (FREEZE, ANALYZE)").await?;
        Ok(())
    }

    /// A database in that state, for one turn. What the last one left to be written is written first.
    pub(crate) async fn database(&mut self, state: State) -> Result<Turf, Failure> {
        self.turns += 1;
        let name = format!("turn_{}", self.turns);
        let template = template(state);
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
        self.admin.batch_execute(&create).await?;
        self.admin.batch_execute("CHECKPOINT").await?;
        let role = if state == State::Bare { self.server.superuser() } else { SERVICE_ROLE };
        Ok(Turf { url: self.server.connection_url(role, &name), name })
    }

    pub(crate) async fn drop_database(&self, turf: &Turf) -> Result<(), Failure> {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", turf.name);
        Ok(self.admin.batch_execute(&drop).await?)
    }

    /// Which PostgreSQL it is.
    pub(crate) async fn version(&self) -> Result<String, Failure> {
        Ok(self.admin.query_one("SHOW server_version", &[]).await?.get(0))
    }
}

/// A database for one turn.
pub(crate) struct Turf {
    name: String,
    pub(crate) url: String,
}

const fn template(state: State) -> &'static str {
    match state {
        State::Empty => "state_empty",
        State::Half => "state_half",
        State::Full => "state_full",
        State::Bare => "state_bare",
    }
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        // A connection that breaks fails the statement that waits for it.
        let _ = connection.await;
    });
    Ok(client)
}
