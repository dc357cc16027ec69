COMMENT ON INDEX ledgers_pkey IS 'get_ledger and create_ledger: WHERE ledger_id = $1.';
COMMENT ON INDEX users_pkey IS
    'bind_identities, and the names on a page: WHERE ledger_id = $1 AND user_id = $2.';
COMMENT ON INDEX payout_statements_pkey IS
    'STATEMENT_IMMUTABLE, and the statement of an id: WHERE ledger_id = $1 AND id = $2.';
COMMENT ON INDEX payout_statements_superseded_once IS
    'STATEMENT_IMMUTABLE, and whether a statement is in force: WHERE ledger_id = $1 AND '
    'supersedes_statement_id = $2.';
COMMENT ON INDEX activity_events_pkey IS
    'ACTIVITY_IDEMPOTENT, insert_activity_events, which skips what is known, and resolve_activity_identities: '
    'WHERE ledger_id = $1 AND id = $2.';
COMMENT ON INDEX activity_events_waiting IS
    'list_unresolved_identities, resolve_activity_by_bindings and bind_identities: WHERE ledger_id = '
    '$1 AND epoch_id = $2 AND user_id IS NULL, by source and platform_user_id.';
COMMENT ON INDEX identity_bindings_pkey IS
    'bind_identities, resolve_activity_by_bindings and list_identity_bindings: WHERE ledger_id = $1 AND '
    'source = $2 AND platform_user_id = $3.';
COMMENT ON INDEX jobs_pkey IS
    'Whoever takes, finishes or shows a job: WHERE ledger_id = $1 AND kind = $2 AND subject = $3.';
COMMENT ON INDEX idempotency_keys_pkey IS
    'WRITE_ONCE, and the answer to a request that comes again: WHERE ledger_id = $1 AND key = $2.';
COMMENT ON INDEX idempotency_keys_by_age IS
    'Which keys to forget: WHERE ledger_id = $1 AND created_at < $2 ORDER BY created_at.';
COMMENT ON COLUMN epochs.policy_repo IS 'Kept for epochs from before the activity ledger; not used.';
