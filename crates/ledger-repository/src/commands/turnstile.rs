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
use diesel::dsl::IsNotNull;
use diesel::expression::AsExpression;
use diesel::helper_types::AsExprOf;
use diesel::prelude::ExpressionMethods as _;
use diesel::sql_types::{BigInt, SqlType};
use ledger_schema::schema::epochs;

/// A turnstile is the advisory lock whose key is this, exclusive or an epoch's id: ASCII `EPOC`, 32 bits up. The
/// keys of other advisory locks here are hashes, which hardly ever are one of these, and then somebody waits
/// for nothing.
const BASE: i64 = 0x4550_4F43_0000_0000;

/// `void`, which is never null.
#[derive(Debug, Clone, Copy, diesel::query_builder::QueryId, SqlType)]
#[diesel(postgres_type(oid = 2278, array_oid = 0))]
pub struct Void;

define_sql_function! {
    /// Waits until it has the lock alone; it has it until the transaction ends.
    #[sql_name = "pg_catalog.pg_advisory_xact_lock"]
    fn lock_alone(key: BigInt) -> Void;
}

define_sql_function! {
    /// Waits until it has the lock beside others; it has it until the transaction ends.
    #[sql_name = "pg_catalog.pg_advisory_xact_lock_shared"]
    fn lock_shared(key: BigInt) -> Void;
}

diesel::infix_operator!(Xor, " # ", BigInt, backend: diesel::pg::Pg);

type Key = Xor<AsExprOf<i64, BigInt>, epochs::id>;

// Of the row's own id, and not of the id that is asked for: PostgreSQL evaluates the cheapest of several
// conditions first, and one that knows no column may come before the row is the right one. Then an epoch of
// another ledger would be kept waiting.
fn key() -> Key {
    Xor::new(<i64 as AsExpression<BigInt>>::as_expression(BASE), epochs::id)
}

/// True of an epoch once its turnstile was passed alone.
pub(super) fn passed_alone() -> IsNotNull<lock_alone<Key>> {
    lock_alone(key()).is_not_null()
}

/// True of an epoch once its turnstile was passed beside others.
pub(super) fn passed_beside_others() -> IsNotNull<lock_shared<Key>> {
    lock_shared(key()).is_not_null()
}

/// As [`passed_beside_others`], of an epoch's id in SQL: an id that was found in the ledger before.
pub(super) fn passed_beside_others_sql(epoch_id: &str) -> String {
    format!("pg_catalog.pg_advisory_xact_lock_shared({BASE} # {epoch_id}) IS NOT NULL")
}
