-- The role stays (`db provision` made it), and so does the stricter rule on schema public.
ALTER TABLE __diesel_schema_migrations DISABLE ROW LEVEL SECURITY;
ALTER TABLE source_cursors DISABLE ROW LEVEL SECURITY;
ALTER TABLE payout_statements DISABLE ROW LEVEL SECURITY;
ALTER TABLE epoch_pool_components DISABLE ROW LEVEL SECURITY;
ALTER TABLE epoch_allocations DISABLE ROW LEVEL SECURITY;
ALTER TABLE activity_events DISABLE ROW LEVEL SECURITY;
ALTER TABLE epochs DISABLE ROW LEVEL SECURITY;
ALTER TABLE identity_bindings DISABLE ROW LEVEL SECURITY;
ALTER TABLE users DISABLE ROW LEVEL SECURITY;
ALTER TABLE ledgers DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON __diesel_schema_migrations FROM ledger_service;
REVOKE ALL ON SEQUENCE epochs_id_seq FROM ledger_service;
REVOKE ALL (proposed_units, final_units, override_reason, activity_count, updated_at)
    ON epoch_allocations FROM ledger_service;
REVOKE ALL (cursor_value, retrieved_at) ON source_cursors FROM ledger_service;
REVOKE ALL (user_id) ON activity_events FROM ledger_service;
REVOKE ALL (status, pool_total_credits, closed_at) ON epochs FROM ledger_service;
REVOKE ALL (ledger_id, status, period_start, period_end, weight_config, pool_total_credits, opened_at,
        closed_at, created_at)
    ON epochs FROM ledger_service;
REVOKE ALL ON
    ledgers, users, identity_bindings, epochs, activity_events, epoch_allocations,
    epoch_pool_components, payout_statements, source_cursors
FROM ledger_service;
REVOKE USAGE ON SCHEMA public FROM ledger_service;
