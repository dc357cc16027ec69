COMMENT ON INDEX ledgers_pkey IS NULL;
COMMENT ON INDEX epochs_pkey IS NULL;
COMMENT ON INDEX epoch_window_unique IS NULL;
COMMENT ON INDEX users_pkey IS NULL;
COMMENT ON INDEX pool_unique_per_type IS NULL;
COMMENT ON INDEX payout_statements_pkey IS NULL;
COMMENT ON INDEX payout_statements_by_epoch IS NULL;
COMMENT ON INDEX payout_statements_superseded_once IS NULL;
COMMENT ON INDEX one_statement_per_epoch IS
    'STATEMENT_IMMUTABLE: one first statement an epoch; corrections supersede in a line.';
COMMENT ON INDEX activity_events_pkey IS NULL;
COMMENT ON INDEX epoch_allocations_pkey IS NULL;
COMMENT ON INDEX source_cursors_pkey IS NULL;
COMMENT ON INDEX identity_bindings_pkey IS NULL;
COMMENT ON INDEX jobs_pkey IS NULL;
COMMENT ON INDEX epoch_collections_pkey IS NULL;
COMMENT ON INDEX access_tokens_pkey IS NULL;
COMMENT ON INDEX idempotency_keys_pkey IS NULL;
COMMENT ON INDEX idempotency_keys_by_age IS 'Which keys to forget.';
