//! A private PostgreSQL with default durability, and databases in a known state.

use std::collections::BTreeMap;
use std::path::Path;

use app_container::{Container, Database, DatabaseConfig};
use ledger_bench::data;
use ledger_core::{
    ComponentId, Credits, NewActivityEvent, NewEpoch, NewPoolComponent, Units, WeightTable,
};
use ledger_port::{BindingKey, IdentityBinding};
use private_postgres::{PrivatePostgres, Settings};
use tokio_postgres::{Client, NoTls};

use crate::counting::Counter;
use crate::paths::State;
use crate::{Failure, Options, Part};

const SERVICE_ROLE: &str = "ledger_service";

/// A quarter of the memory of a machine with 16 GiB, as PostgreSQL's manual advises (`shared_buffers`).
const MUCH_MEMORY_MIB: u32 = 4_096;

/// The server. It stops and is removed when this is dropped.
pub(crate) struct Arena {
    server: PrivatePostgres,
    admin: Client,
    events: u64,
    events_waiting: u64,
    people_paid: u64,
    turns: u64,
}

impl Arena {
    pub(crate) async fn new(directory: &Path, options: &Options) -> Result<Self, Failure> {
        let mut settings = Settings::durable(directory.join("postgresql"));
        if options.part == Part::GrowthWithMemory {
            settings.shared_buffers_mib = MUCH_MEMORY_MIB;
        }
        let server =
            tokio::task::spawn_blocking(move || PrivatePostgres::start(&settings)).await??;
        let admin = connect(&server.connection_url(server.superuser(), "postgres")).await?;
        Ok(Self {
            server,
            admin,
            events: options.events,
            events_waiting: options.events_waiting(),
            people_paid: options.people_paid(),
            turns: 0,
        })
    }

    /// Makes what the turns' databases are copied from.
    pub(crate) async fn prepare(
        &self,
        states: impl IntoIterator<Item = State>,
    ) -> Result<(), Failure> {
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
        store.insert_activity_events(epoch.id, &self.events_of(state)).await?;
        match state {
            State::Waiting => {
                store.bind_identities(&bindings()?).await?;
            }
            State::Payable => {
                store.propose_allocations(epoch.id).await?;
                store.insert_pool_component(epoch.id, &base_issuance()?).await?;
                store.begin_review(epoch.id).await?;
            }
            _ => {}
        }
        container.close().await?;
        let owner = connect(&owner).await?;
        match state {
            State::Altered(altered) => owner.batch_execute(altered.sql()).await?,
            State::Payable => owner.batch_execute(&bare_statement()).await?,
            _ => {}
        }
        owner.batch_execute("VACUUM (FREEZE, ANALYZE)").await?;
        Ok(())
    }

    /// What is stored in that state.
    fn events_of(&self, state: State) -> Vec<NewActivityEvent> {
        match state {
            State::Full => data::events(self.events, data::PEOPLE, true),
            State::Waiting => data::events(self.events_waiting, data::PEOPLE, false),
            State::Payable => data::events(self.events, self.people_paid, true),
            State::Half => {
                let all = data::events(self.events, data::PEOPLE, false);
                all.into_iter().skip(1).step_by(2).collect()
            }
            State::Empty | State::Altered(_) | State::Bare => Vec::new(),
        }
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

    /// Has the log tell every statement of that database.
    pub(crate) async fn tell_statements(&self, turf: &Turf) -> Result<(), Failure> {
        let set = format!("ALTER DATABASE {} SET log_statement = 'all'", turf.name);
        Ok(self.admin.batch_execute(&set).await?)
    }

    pub(crate) fn counter(&self) -> Counter<'_> {
        Counter { admin: &self.admin, log: self.server.log_file() }
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

/// Where the floor of a close writes what is paid: as durable as a statement is.
fn bare_statement() -> String {
    format!(
        "CREATE TABLE paid (user_id text COLLATE \"C\", units bigint);
         GRANT INSERT ON paid TO {SERVICE_ROLE}"
    )
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
        State::Waiting => "state_waiting",
        State::Payable => "state_payable",
        State::Full => "state_full",
        State::Altered(altered) => altered.template(),
        State::Bare => "state_bare",
    }
}

/// Each person, by each platform's name for them.
fn bindings() -> Result<Vec<IdentityBinding>, Failure> {
    let mut bindings = Vec::new();
    for (platform_user_id, user_id) in (0..data::PEOPLE).map(data::person) {
        for source in ["git", "github", "forum"] {
            let platform_user_id = platform_user_id.parse()?;
            let key = BindingKey { source: source.parse()?, platform_user_id };
            bindings.push(IdentityBinding { key, user_id: user_id.parse()? });
        }
    }
    Ok(bindings)
}

fn base_issuance() -> Result<NewPoolComponent, Failure> {
    Ok(NewPoolComponent {
        component_id: ComponentId::BASE_ISSUANCE.parse()?,
        algorithm_version: "bench-v1".to_owned(),
        inputs: serde_json::json!({}),
        amount: Credits::new(1_000_000_000)?,
        evidence_ref: None,
        computed_at: data::week().end(),
    })
}

async fn connect(url: &str) -> Result<Client, Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        // A connection that breaks fails the statement that waits for it.
        let _ = connection.await;
    });
    Ok(client)
}
