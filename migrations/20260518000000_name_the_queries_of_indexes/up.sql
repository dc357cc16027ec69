-- Which query needs each index that came with a constraint, as the others say. Where no query does, the rule.

COMMENT ON INDEX ledgers_pkey IS 'get_ledger and create_ledger: WHERE ledger_id = $1.';
COMMENT ON INDEX epochs_pkey IS
    'get_epoch and every write, which locks its epoch: WHERE ledger_id = $1 AND id = $2. list_epochs: '
    'WHERE ledger_id = $1 AND id < $2 ORDER BY id DESC.';
COMMENT ON INDEX epoch_window_unique IS
    'EPOCH_WINDOW_UNIQUE, and no query: the windows of a ledger''s epochs do not overlap.';
COMMENT ON INDEX users_pkey IS
    'bind_identities, and the names on a page: WHERE ledger_id = $1 AND user_id = $2.';
COMMENT ON INDEX pool_unique_per_type IS
    'POOL_UNIQUE_PER_TYPE, and get_pool_components_for_epoch: WHERE ledger_id = $1 AND epoch_id = $2 AND '
    'component_id > $3 ORDER BY component_id.';
COMMENT ON INDEX payout_statements_pkey IS
    'STATEMENT_IMMUTABLE, and the statement of an id: WHERE ledger_id = $1 AND id = $2.';
COMMENT ON INDEX payout_statements_by_epoch IS
    'get_statement_for_epoch: WHERE ledger_id = $1 AND epoch_id = $2. And the target of '
    'payout_statements_supersedes_fkey.';
COMMENT ON INDEX payout_statements_superseded_once IS
    'STATEMENT_IMMUTABLE, and whether a statement is in force: WHERE ledger_id = $1 AND '
    'supersedes_statement_id = $2.';
COMMENT ON INDEX one_statement_per_epoch IS
    'STATEMENT_IMMUTABLE, and no query: one first statement an epoch; corrections supersede in a line.';
COMMENT ON INDEX activity_events_pkey IS
    'ACTIVITY_IDEMPOTENT, insert_activity_events, which skips what is known, and resolve_activity_identities: '
    'WHERE ledger_id = $1 AND id = $2.';
COMMENT ON INDEX epoch_allocations_pkey IS
    'ONE_ALLOCATION_PER_USER, get_allocation and get_allocations_for_epoch: WHERE ledger_id = $1 AND '
    'epoch_id = $2 AND user_id > $3 ORDER BY user_id.';
COMMENT ON INDEX source_cursors_pkey IS
    'get_cursor and upsert_cursor: WHERE ledger_id = $1 AND source = $2 AND stream = $3 AND scope = $4.';
COMMENT ON INDEX identity_bindings_pkey IS
    'bind_identities, resolve_activity_by_bindings and list_identity_bindings: WHERE ledger_id = $1 AND '
    'source = $2 AND platform_user_id = $3.';
COMMENT ON INDEX jobs_pkey IS
    'Whoever takes, finishes or shows a job: WHERE ledger_id = $1 AND kind = $2 AND subject = $3.';
COMMENT ON INDEX epoch_collections_pkey IS
    'record_collection and list_collections_for_epoch: WHERE ledger_id = $1 AND epoch_id = $2 AND '
    'source_id > $3 ORDER BY source_id.';
COMMENT ON INDEX access_tokens_pkey IS
    'get_access_token and list_access_tokens: WHERE ledger_id = $1 AND id > $2 ORDER BY id.';
COMMENT ON INDEX idempotency_keys_pkey IS
    'WRITE_ONCE, and the answer to a request that comes again: WHERE ledger_id = $1 AND key = $2.';
COMMENT ON INDEX idempotency_keys_by_age IS
    'Which keys to forget: WHERE ledger_id = $1 AND created_at < $2 ORDER BY created_at.';
