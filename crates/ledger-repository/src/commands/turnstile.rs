//! Who may go to an epoch's row, and in which order.
//!
//! PostgreSQL lets one who asks for a row's shared lock pass one who waits to have the row alone, so a crowd
//! of writers that never rests would keep a close waiting for ever. Locks of its lock manager queue: behind
//! one who waits for it alone, nobody passes. So everybody goes through such a lock on the way to the row, as
//! through the turnstile of the no-starve readers-writers problem (A. B. Downey, The Little Book of
//! Semaphores, 4.2). It only keeps order: what keeps a closed epoch whole is the lock on its row.
//!
//! Turnstile first, then row, then the other rows; of several epochs by id. Whoever has an epoch's row and
//! then asks for its turnstile could wait for one who has the turnstile and waits for the row.

use diesel::define_sql_function;
use diesel::sql_types::{BigInt, SqlType};

/// Turnstiles have numbers above this, by their epoch. Other advisory locks of the database (the
/// migrations have one) are elsewhere. ASCII `EPOC`, 32 bits up.
const BASE: i64 = 0x4550_4F43_0000_0000;

/// The number of an epoch's turnstile.
pub(super) const fn key(epoch_id: i64) -> i64 {
    BASE ^ epoch_id
}

/// SQL that is true once the turnstile of the epoch `$epoch` was passed beside others.
pub(super) fn shared_sql(epoch: &str) -> String {
    format!("pg_advisory_xact_lock_shared({BASE} # {epoch}) IS NOT NULL")
}

/// `void`, which is never null.
#[derive(Debug, Clone, Copy, diesel::query_builder::QueryId, SqlType)]
#[diesel(postgres_type(oid = 2278, array_oid = 0))]
pub struct Void;

define_sql_function! {
    /// Waits until it has the lock alone; it has it until the transaction ends.
    fn pg_advisory_xact_lock(key: BigInt) -> Void;
}

define_sql_function! {
    /// Waits until it has the lock beside others; it has it until the transaction ends.
    fn pg_advisory_xact_lock_shared(key: BigInt) -> Void;
}
