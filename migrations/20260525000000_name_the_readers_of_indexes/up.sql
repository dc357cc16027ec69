-- By the calls of the port that read by them. `tests/database/plans` makes these calls and sees to it that PostgreSQL
-- counts a scan.
COMMENT ON INDEX ledgers_pkey IS 'create_ledger and get_ledger: WHERE ledger_id = $1.';
COMMENT ON INDEX users_pkey IS
    'get_display_names: WHERE ledger_id = $1 AND user_id = ANY ($2). And what refers to people.';
COMMENT ON INDEX payout_statements_pkey IS
    'STATEMENT_IMMUTABLE, and insert_payout_statement and finalize_epoch, which look for the statement of an id: '
    'WHERE ledger_id = $1 AND id = $2.';
COMMENT ON INDEX payout_statements_superseded_once IS
    'STATEMENT_IMMUTABLE, and get_statement_for_epoch and list_holdings, which look for a newer statement: WHERE '
    'ledger_id = $1 AND supersedes_statement_id = $2.';
COMMENT ON INDEX activity_events_pkey IS
    'ACTIVITY_IDEMPOTENT, get_activity_event, insert_activity_events, which skips what is known, and '
    'resolve_activity_identities: WHERE ledger_id = $1 AND id = $2.';
COMMENT ON INDEX activity_events_waiting IS
    'list_unresolved_identities and resolve_activity_by_bindings: WHERE ledger_id = $1 AND epoch_id = $2 AND user_id '
    'IS NULL, by source and platform_user_id.';
COMMENT ON INDEX identity_bindings_pkey IS
    'get_identity_binding, bind_identities, resolve_activity_by_bindings and list_identity_bindings: WHERE ledger_id '
    '= $1 AND source = $2 AND platform_user_id = $3.';
COMMENT ON INDEX jobs_pkey IS
    'enqueue_job, take_job, and whoever ends or shows a job: WHERE ledger_id = $1 AND kind = $2 AND subject = $3.';
COMMENT ON INDEX idempotency_keys_pkey IS
    'WRITE_ONCE, write and find_answer: WHERE ledger_id = $1 AND key = $2.';
COMMENT ON INDEX idempotency_keys_by_age IS
    'write, which forgets old keys: WHERE ledger_id = $1 AND created_at < $2 ORDER BY created_at.';
COMMENT ON COLUMN epochs.policy_repo IS
    'Kept for epochs from before the activity ledger: one that was closed without allocations gets no statement.';
