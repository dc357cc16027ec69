//! The PostgreSQL core that both adapters share, and the only place with SQL.
//!
//! - `store/` implements the port's role traits: reads are one statement each, writes are commands.
//! - `commands/` holds one file an intention: a value with everything it needs (ids and times
//!   included), run in a named transaction that may be run again (`transaction`).
//! - `jobs/` is the workers' list of what is to be done, which belongs to no single ledger.
//! - `rows/` turns rows into records; a row that breaks the ledger's rules is reported with table,
//!   column and key.
//! - `refusals` is the one table from constraint names to what they mean.
//! - `connection` opens a connection over a `socket` of ours, which is encrypted (`tls`) and breaks when nobody
//!   answers (`silence`).
//! - `administration/` makes roles and runs migrations, as the database's owner.
//!
//! Locks are taken in one order: the epoch's row first, then children by sorted key.
//!
//! To add a method: a file in `commands/` (or a read in `store/`), a line in its role's
//! implementation, a case in the contract. To add a rule: the migration, then its name in
//! `refusals`.

pub mod administration;
mod commands;
mod connection;
mod database_url;
mod frames;
mod jobs;
mod loan;
mod pool;
mod refusals;
mod role;
mod rows;
mod silence;
mod socket;
mod store;
mod tls;
mod transaction;

pub use connection::ConnectError;
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use jobs::PgJobQueue;
pub use pool::{LedgerPool, OpenPoolError};
pub use refusals::RULES;
pub use role::{Limits, Role};
pub use store::{PgLedgerRegistry, PgLedgerStore};
