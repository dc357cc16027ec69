-- What the running program may do, and no more (SERVICE_ROLE_ONLY). The role itself is made by
-- `epoch-ledger db provision`, because roles belong to the whole server, not to this database.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'ledger_service') THEN
        RAISE EXCEPTION 'the role ledger_service does not exist; run `epoch-ledger db provision` first'
            USING ERRCODE = 'undefined_object', CONSTRAINT = 'service_role_exists';
    END IF;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- On PostgreSQL 13 and 14 the schema belongs to a superuser, and for anybody else the line above is a
-- warning and no more.
DO $$
BEGIN
    IF pg_catalog.has_schema_privilege('ledger_service', 'public', 'CREATE') THEN
        RAISE EXCEPTION 'the role ledger_service may create objects in the schema public; as a '
            'superuser run REVOKE CREATE ON SCHEMA public FROM PUBLIC, ledger_service; then migrate '
            'again'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'service_role_creates_nothing';
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO ledger_service;

GRANT SELECT ON
    ledgers, users, identity_bindings, epochs, activity_events, epoch_allocations,
    epoch_pool_components, payout_statements, source_cursors
TO ledger_service;
GRANT INSERT ON
    ledgers, users, identity_bindings, activity_events, epoch_allocations,
    epoch_pool_components, payout_statements, source_cursors
TO ledger_service;
-- An epoch's number comes from the sequence, and nobody writes policies any more.
GRANT INSERT (ledger_id, status, period_start, period_end, weight_config, pool_total_credits,
        opened_at, closed_at, created_at)
    ON epochs TO ledger_service;
-- Column by column: everything else is written once. A row lock needs one of these, too.
GRANT UPDATE (status, pool_total_credits, closed_at) ON epochs TO ledger_service;
GRANT UPDATE (user_id) ON activity_events TO ledger_service;
GRANT UPDATE (proposed_units, final_units, override_reason, activity_count, updated_at)
    ON epoch_allocations TO ledger_service;
GRANT UPDATE (cursor_value, retrieved_at) ON source_cursors TO ledger_service;
GRANT USAGE ON SEQUENCE epochs_id_seq TO ledger_service;
-- So that the program can tell an old or a newer schema from its own.
GRANT SELECT ON __diesel_schema_migrations TO ledger_service;

-- On, and without a policy: whoever is not the owner or the service role sees no row at all.
ALTER TABLE ledgers ENABLE ROW LEVEL SECURITY;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity_bindings ENABLE ROW LEVEL SECURITY;
ALTER TABLE epochs ENABLE ROW LEVEL SECURITY;
ALTER TABLE activity_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE epoch_allocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE epoch_pool_components ENABLE ROW LEVEL SECURITY;
ALTER TABLE payout_statements ENABLE ROW LEVEL SECURITY;
ALTER TABLE source_cursors ENABLE ROW LEVEL SECURITY;
ALTER TABLE __diesel_schema_migrations ENABLE ROW LEVEL SECURITY;
