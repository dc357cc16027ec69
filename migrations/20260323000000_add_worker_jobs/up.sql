-- What the worker needs beside the books: a durable list of jobs, and a record of how far each source
-- was collected into each epoch.

CREATE TABLE jobs (
    ledger_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    run_at timestamptz NOT NULL,
    attempts bigint NOT NULL,
    worker text,
    lease_id uuid,
    lease_until timestamptz,
    last_error text,
    waits_for text,
    updated_at timestamptz NOT NULL,
    CONSTRAINT jobs_pkey PRIMARY KEY (ledger_id, kind, subject),
    CONSTRAINT jobs_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers (ledger_id),
    CONSTRAINT jobs_task_known CHECK (
        (kind = 'advance-epochs' AND subject = '')
        OR (kind = 'collect-source' AND subject ~ '^[a-z][a-z0-9_.-]{0,63}$')
    ),
    CONSTRAINT jobs_state_known CHECK (state IN ('queued', 'running', 'done', 'set-aside')),
    CONSTRAINT jobs_lease_is_of_a_running_one CHECK (
        (state = 'running') = (lease_id IS NOT NULL)
        AND (lease_id IS NULL) = (lease_until IS NULL)
        AND (lease_id IS NULL) = (worker IS NULL)
    ),
    CONSTRAINT jobs_readable CHECK (
        attempts BETWEEN 0 AND 4294967295
        AND worker ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(worker) <= 256
        AND last_error ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(last_error) <= 2000
        AND waits_for ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(waits_for) <= 2000
        AND run_at >= '0001-01-01 00:00:00+00' AND run_at < '10000-01-01 00:00:00+00'
        AND lease_until >= '0001-01-01 00:00:00+00' AND lease_until < '10000-01-01 00:00:00+00'
        AND updated_at >= '0001-01-01 00:00:00+00' AND updated_at < '10000-01-01 00:00:00+00'
    )
);
COMMENT ON TABLE jobs IS
    'What the workers are to do: one row a task, whose key says what is done. Rows are few and stay: '
    'a finished job is queued again when it is asked for. Not to be distributed by ledger: taking '
    'the next job looks at all of them.';
COMMENT ON COLUMN jobs.subject IS 'What the task is done to, such as a source; '''' where the kind says all.';
COMMENT ON COLUMN jobs.state IS
    'queued: waits for run_at. running: leased. done. set-aside: somebody has to look.';
COMMENT ON COLUMN jobs.attempts IS 'How often it was taken since it was last done.';
COMMENT ON COLUMN jobs.lease_id IS
    'The fence: a worker whose lease was taken over knows an older one, and changes nothing.';
COMMENT ON COLUMN jobs.lease_until IS
    'By this server''s clock. A job whose worker let this pass is taken over.';
COMMENT ON COLUMN jobs.last_error IS 'Why it failed last; NULL once it is done.';
COMMENT ON COLUMN jobs.waits_for IS 'What it waits for, where that is no failure.';

CREATE TABLE epoch_collections (
    ledger_id uuid NOT NULL,
    epoch_id bigint NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    collected_through timestamptz,
    failed_at timestamptz,
    last_error text,
    CONSTRAINT epoch_collections_pkey PRIMARY KEY (ledger_id, epoch_id, source_id),
    CONSTRAINT epoch_collections_epoch_fkey
        FOREIGN KEY (ledger_id, epoch_id) REFERENCES epochs (ledger_id, id),
    CONSTRAINT epoch_collections_failure_has_error CHECK (
        (failed_at IS NULL) = (last_error IS NULL)
    ),
    CONSTRAINT epoch_collections_readable CHECK (
        source_id ~ '^[a-z][a-z0-9_.-]{0,63}$'
        AND last_error ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(last_error) <= 2000
        AND collected_through >= '0001-01-01 00:00:00+00'
        AND collected_through < '10000-01-01 00:00:00+00'
        AND failed_at >= '0001-01-01 00:00:00+00' AND failed_at < '10000-01-01 00:00:00+00'
    )
);
COMMENT ON TABLE epoch_collections IS
    'How far each configured source was collected into an epoch, and why it is not complete. Frozen '
    'with its epoch, so that an auditor still sees what was missing.';
COMMENT ON COLUMN epoch_collections.source_id IS 'What the operator''s configuration calls the source.';
COMMENT ON COLUMN epoch_collections.collected_through IS
    'Whatever happened before this has been read; NULL while no run has come to its end.';
COMMENT ON COLUMN epoch_collections.failed_at IS 'When the last run failed; NULL where it did not.';

CREATE TRIGGER epoch_collections_frozen_insert AFTER INSERT ON epoch_collections
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_epoch_not_closed();
CREATE TRIGGER epoch_collections_frozen_update AFTER UPDATE ON epoch_collections
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_epoch_not_closed();
CREATE TRIGGER epoch_collections_frozen_delete AFTER DELETE ON epoch_collections
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_epoch_not_closed();
CREATE TRIGGER epoch_collections_refuse_truncate BEFORE TRUNCATE ON epoch_collections
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write('epoch_frozen_on_close');

GRANT SELECT, INSERT ON jobs, epoch_collections TO ledger_service;
GRANT UPDATE (state, run_at, attempts, worker, lease_id, lease_until, last_error, waits_for, updated_at)
    ON jobs TO ledger_service;
GRANT UPDATE (collected_through, failed_at, last_error) ON epoch_collections TO ledger_service;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE epoch_collections ENABLE ROW LEVEL SECURITY;
