//! What a refusal by PostgreSQL means: the one table from constraint names to the ledger's rules,
//! and from Diesel's errors to the port's.

use diesel::result::DatabaseErrorKind;
use diesel::result::Error as DieselError;
use ledger_port::{LedgerPortError, StoreFault};

/// Every named rule of the database, and the invariant that it holds.
///
/// The Rust checks come first and have the facts for a good message. So when one of these fires,
/// somebody else won a race: the command is run again, sees what is there now, and says so. Where
/// the last run is still refused by a rule, a check is missing, and the answer is
/// [`LedgerPortError::RefusedByRule`]. A test holds this list against the catalogs.
pub const RULES: &[(&str, &str)] = &[
    ("access_token_stays_revoked", "TOKEN_REVOKED_ONCE"),
    ("access_tokens_ledger_fkey", "LEDGER_SCOPED"),
    ("access_tokens_pkey", "TOKEN_REVOKED_ONCE"),
    ("access_tokens_readable", "READABLE"),
    ("access_tokens_scope_known", "READABLE"),
    ("activity_append_only", "ACTIVITY_APPEND_ONLY"),
    ("activity_events_epoch_fkey", "LEDGER_SCOPED"),
    ("activity_events_ids_printable", "PROVENANCE_REQUIRED"),
    ("activity_events_kind_is_slug", "PROVENANCE_REQUIRED"),
    ("activity_events_pkey", "ACTIVITY_IDEMPOTENT"),
    ("activity_events_times_readable", "READABLE"),
    ("activity_events_user_id_printable", "PAYOUT_DETERMINISTIC"),
    ("activity_within_epoch", "ACTIVITY_WITHIN_EPOCH"),
    ("epoch_allocations_epoch_fkey", "LEDGER_SCOPED"),
    ("epoch_allocations_not_negative", "ALL_MATH_INTEGER"),
    ("epoch_allocations_override_has_reason", "OVERRIDE_HAS_REASON"),
    ("epoch_allocations_pkey", "ONE_ALLOCATION_PER_USER"),
    ("epoch_allocations_times_readable", "READABLE"),
    ("epoch_allocations_user_id_printable", "PAYOUT_DETERMINISTIC"),
    ("epoch_begins_open", "EPOCH_MOVES_FORWARD"),
    ("epoch_closes_read_committed", "POOL_REPRODUCIBLE"),
    ("epoch_collections_epoch_fkey", "LEDGER_SCOPED"),
    ("epoch_collections_failure_has_error", "COLLECTION_RECORDED"),
    ("epoch_collections_pkey", "COLLECTION_RECORDED"),
    ("epoch_collections_readable", "READABLE"),
    ("epoch_definition_pinned", "EPOCH_DEFINITION_PINNED"),
    ("epoch_deleted_read_committed", "LEDGER_SCOPED"),
    ("epoch_frozen_on_close", "EPOCH_FROZEN_ON_CLOSE"),
    ("epoch_moves_forward", "EPOCH_MOVES_FORWARD"),
    ("epoch_pool_components_amount_not_negative", "ALL_MATH_INTEGER"),
    ("epoch_pool_components_epoch_fkey", "LEDGER_SCOPED"),
    ("epoch_pool_components_readable", "READABLE"),
    ("epoch_window_unique", "EPOCH_WINDOW_UNIQUE"),
    ("epochs_closed_is_complete", "POOL_REPRODUCIBLE"),
    ("epochs_ledger_fkey", "LEDGER_SCOPED"),
    ("epochs_pkey", "LEDGER_SCOPED"),
    ("epochs_pool_total_not_negative", "ALL_MATH_INTEGER"),
    ("epochs_status_known", "EPOCH_MOVES_FORWARD"),
    ("epochs_times_readable", "READABLE"),
    ("epochs_weight_config_is_table", "ALL_MATH_INTEGER"),
    ("epochs_window_not_empty", "EPOCH_WINDOW_UNIQUE"),
    ("idempotency_keys_ledger_fkey", "LEDGER_SCOPED"),
    ("idempotency_keys_pkey", "WRITE_ONCE"),
    ("idempotency_keys_readable", "READABLE"),
    ("identity_bindings_pkey", "IDENTITY_ONCE"),
    ("identity_bindings_readable", "READABLE"),
    ("identity_bindings_user_fkey", "LEDGER_SCOPED"),
    ("identity_once", "IDENTITY_ONCE"),
    ("jobs_lease_is_of_a_running_one", "JOB_HAS_ONE_WORKER"),
    ("jobs_ledger_fkey", "LEDGER_SCOPED"),
    ("jobs_pkey", "JOB_HAS_ONE_WORKER"),
    ("jobs_readable", "READABLE"),
    ("jobs_state_known", "JOB_HAS_ONE_WORKER"),
    ("jobs_task_known", "READABLE"),
    ("ledgers_name_is_slug", "LEDGER_SCOPED"),
    ("ledgers_pkey", "LEDGER_SCOPED"),
    ("ledgers_time_readable", "READABLE"),
    ("ledgers_visibility_known", "READABLE"),
    ("one_open_epoch", "ONE_OPEN_EPOCH"),
    ("one_statement_per_epoch", "STATEMENT_IMMUTABLE"),
    ("payout_statements_by_epoch", "STATEMENT_IMMUTABLE"),
    ("payout_statements_epoch_fkey", "LEDGER_SCOPED"),
    ("payout_statements_pkey", "STATEMENT_IMMUTABLE"),
    ("payout_statements_pool_total_not_negative", "ALL_MATH_INTEGER"),
    ("payout_statements_readable", "READABLE"),
    ("payout_statements_superseded_once", "STATEMENT_IMMUTABLE"),
    ("payout_statements_supersedes_fkey", "STATEMENT_IMMUTABLE"),
    ("payouts_are_a_table", "ALL_MATH_INTEGER"),
    ("pool_immutable", "POOL_IMMUTABLE"),
    ("pool_reproducible", "POOL_REPRODUCIBLE"),
    ("pool_requires_base", "POOL_REQUIRES_BASE"),
    ("pool_total_fits", "ALL_MATH_INTEGER"),
    ("pool_unique_per_type", "POOL_UNIQUE_PER_TYPE"),
    ("provenance_required", "PROVENANCE_REQUIRED"),
    ("source_cursors_ledger_fkey", "LEDGER_SCOPED"),
    ("source_cursors_pkey", "CURSOR_STATE_PERSISTED"),
    ("source_cursors_readable", "READABLE"),
    ("statement_immutable", "STATEMENT_IMMUTABLE"),
    ("statement_requires_closed_epoch", "STATEMENT_REQUIRES_CLOSED_EPOCH"),
    ("users_display_name_public", "NOTHING_PRIVATE_IN_PUBLIC"),
    ("users_ledger_fkey", "LEDGER_SCOPED"),
    ("users_pkey", "LEDGER_SCOPED"),
    ("users_user_id_printable", "PAYOUT_DETERMINISTIC"),
];

/// What to do about an error inside a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Met other transactions: wait a little and run it again.
    Contended,
    /// Lost a race that a rule of the database decided: run it again to see what is there now.
    Overtaken,
    /// Running it again would end the same way.
    Final,
}

pub(crate) fn verdict(error: &DieselError) -> Verdict {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => {
            Verdict::Contended
        }
        _ if says(error, DEADLOCK) => Verdict::Contended,
        _ if rule_of(error).is_some() => Verdict::Overtaken,
        _ => Verdict::Final,
    }
}

// Diesel shows no SQLSTATE, and has no kind of its own for these; their primary message is all
// there is. A server that speaks another language (lc_messages) gets the plain answer: refused for
// a reason the ledger does not know, and not tried again.
const DEADLOCK: &[&str] = &["deadlock detected"];
const LOCK_TIMEOUT: &str = "canceling statement due to lock timeout";
const TIMEOUTS: &[&str] = &["canceling statement due to statement timeout", LOCK_TIMEOUT];
const SHUTDOWNS: &[&str] = &[
    "terminating connection due to administrator command",
    "terminating connection due to idle-in-transaction timeout",
    "terminating connection due to idle-session timeout",
    "terminating connection due to transaction timeout",
    "terminating connection due to unexpected postmaster exit",
    "terminating connection because of crash of another server process",
    "the database system is shutting down",
    "the database system is starting up",
];
/// How the messages begin or end that say what there is no more of. The operating system's words for a
/// full disk are at the end: `could not extend file "base/5/1": No space left on device`.
const OUT_OF: &[&str] = &[
    "No space left on device",
    "Disk quota exceeded",
    "out of memory",
    "out of shared memory",
    "temporary file size exceeds temp_file_limit",
];

fn message(error: &DieselError) -> Option<&str> {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, information) => {
            Some(information.message())
        }
        _ => None,
    }
}

fn says(error: &DieselError, messages: &[&str]) -> bool {
    message(error).is_some_and(|message| messages.contains(&message))
}

fn says_out_of_resources(error: &DieselError) -> bool {
    let runs_out =
        |text: &str| OUT_OF.iter().any(|what| text.starts_with(what) || text.ends_with(what));
    message(error).is_some_and(runs_out)
}

/// Whether an error says that others were in the way, and that trying again may help. For Diesel's
/// migrations, whose errors show nothing but their text, which ends with the server's.
pub(crate) fn says_to_wait(error: &str) -> bool {
    [LOCK_TIMEOUT, DEADLOCK[0]].iter().any(|message| error.ends_with(message))
}

/// The rule that refused and its invariant, if it was one of ours.
fn rule_of(error: &DieselError) -> Option<(&str, &'static str)> {
    let DieselError::DatabaseError(_, information) = error else { return None };
    let name = information.constraint_name()?;
    let known = RULES.iter().find(|(rule, _)| *rule == name || is_shard_of(name, rule));
    known.map(|(_, invariant)| (name, *invariant))
}

/// Citus names a constraint on a shard after the original: `one_open_epoch_102168`.
fn is_shard_of(name: &str, rule: &str) -> bool {
    name.strip_prefix(rule)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|shard| !shard.is_empty() && shard.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether the connection is of no use any more.
pub(crate) fn is_end_of_connection(error: &DieselError) -> bool {
    let is_lost = matches!(
        error,
        DieselError::DatabaseError(
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection,
            _,
        ) | DieselError::BrokenTransactionManager
    );
    is_lost || says(error, SHUTDOWNS)
}

/// The port's word for an error that stands.
pub(crate) fn fault(transaction: &'static str, error: DieselError) -> LedgerPortError {
    if let Some((constraint, invariant)) = rule_of(&error) {
        let constraint = constraint.to_owned();
        return LedgerPortError::RefusedByRule { constraint, invariant, source: error.into() };
    }
    if is_end_of_connection(&error) {
        return StoreFault::Unreachable(error.into()).into();
    }
    if says(&error, TIMEOUTS) {
        return StoreFault::TimedOut(error.into()).into();
    }
    if says_out_of_resources(&error) {
        return StoreFault::OutOfResources(error.into()).into();
    }
    if matches!(error, DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)) {
        return StoreFault::ReadOnly(error.into()).into();
    }
    StoreFault::Other { transaction, source: error.into() }.into()
}

#[cfg(test)]
mod tests {
    use super::{RULES, is_shard_of};

    #[test]
    fn the_table_is_sorted_and_names_each_rule_once() {
        assert!(RULES.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    #[test]
    fn a_shard_is_known_by_its_suffix() {
        assert!(is_shard_of("one_open_epoch_102168", "one_open_epoch"));
        assert!(!is_shard_of("one_open_epoch_", "one_open_epoch"));
        assert!(!is_shard_of("epochs_pkey", "epochs"));
    }
}
