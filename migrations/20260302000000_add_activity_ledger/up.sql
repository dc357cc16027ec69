-- Many communities, activity as facts, units from weights. Rows of the baseline are kept and belong
-- to the ledger "default", whose id is UUIDv5 of its name.

-- jsonb holds numbers that no double does, and nests deeper than readers go.
CREATE FUNCTION ledger_is_readable_json(document jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT jsonb_path_exists(document, 'strict $.**{32 to last}')
        AND NOT jsonb_path_exists(document, 'strict $.** ? (@.type() == "number"
            && (@ > 1.7976931348623157e308 || @ < -1.7976931348623157e308))')
$$;
COMMENT ON FUNCTION ledger_is_readable_json(jsonb) IS
    'Whether it nests at most 32 levels deep and each number fits into a double.';

-- What the ledger could not hold, or could not read afterwards, is named before anything is touched.
DO $$
DECLARE
    wrong text;
BEGIN
    SELECT string_agg(id::text, ', ' ORDER BY id) INTO wrong FROM epochs
    WHERE NOT (opened_at >= '0001-01-01 00:00:00+00' AND opened_at < '9999-12-01 00:00:00+00'
        AND coalesce(closed_at >= '0001-01-01 00:00:00+00'
            AND closed_at < '10000-01-01 00:00:00+00', true));
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'opened_at or closed_at of epochs (%) is outside the years 1 to 9999; '
            'correct these rows, then migrate again', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epochs_times_readable';
    END IF;
    SELECT string_agg(format('%s of epoch %s', component_id, epoch_id), ', '
        ORDER BY epoch_id, component_id) INTO wrong
    FROM epoch_pool_components
    WHERE NOT (component_id ~ '^[a-z][a-z0-9_.-]{0,63}$'
        AND computed_at >= '0001-01-01 00:00:00+00' AND computed_at < '10000-01-01 00:00:00+00');
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'pool components (%) have an id that is no slug (a-z, 0-9, ''_'', ''-'', ''.''), '
            'or a time outside the years 1 to 9999; correct these rows, then migrate again', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_pool_components_readable';
    END IF;
    SELECT string_agg(format('%s of epoch %s', component_id, epoch_id), ', '
        ORDER BY epoch_id, component_id) INTO wrong
    FROM epoch_pool_components WHERE NOT ledger_is_readable_json(inputs_json);
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'pool components (%) have inputs that no reader takes: deeper than 32 levels, '
            'or a number that no double holds; correct these rows, then migrate again', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_pool_components_readable';
    END IF;
    SELECT string_agg(epoch_id::text, ', ' ORDER BY epoch_id) INTO wrong FROM (
        SELECT epoch_id FROM epoch_pool_components
        GROUP BY epoch_id HAVING sum(amount_credits) > 9223372036854775807
    ) too_large;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the pool components of epochs (%) sum to more than 2^63-1; '
            'correct these rows, then migrate again', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_total_fits';
    END IF;
    SELECT string_agg(id::text, ', ' ORDER BY id) INTO wrong FROM payout_statements
    WHERE NOT (allocation_set_hash ~ '^[0-9a-f]{64}$'
        AND created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00');
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'statements (%) have a hash that is not 64 hexadecimal digits, or a time '
            'outside the years 1 to 9999; correct these rows, then migrate again', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_statements_readable';
    END IF;
    SELECT string_agg(s.id::text, ', ' ORDER BY s.id) INTO wrong
    FROM payout_statements s JOIN payout_statements o ON o.id = s.supersedes_statement_id
    WHERE o.epoch_id <> s.epoch_id OR o.id = s.id;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'statements (%) supersede themselves or another epoch''s; '
            'correct these rows, then migrate again', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_statements_supersedes_fkey';
    END IF;
    SELECT string_agg(epoch_id::text, ', ' ORDER BY epoch_id) INTO wrong FROM (
        SELECT epoch_id FROM payout_statements
        GROUP BY epoch_id HAVING bool_and(supersedes_statement_id IS NOT NULL)
    ) circles;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the statements of epochs (%) supersede each other in a circle, so that none '
            'is in force; correct these rows, then migrate again', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'one_statement_per_epoch';
    END IF;
END
$$;

-- For the exclusion constraint over (ledger_id, window). Trusted since PostgreSQL 13: the owner of
-- the database may create it.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Not SQL's opinion of a number but its text: 1000.0 is a float to whoever reads it.
CREATE FUNCTION ledger_is_weight_table(weights jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) <= 1000 AND coalesce(bool_and(
        key ~ '^[a-z][a-z0-9_.-]{0,63}:[a-z][a-z0-9_.-]{0,63}$'
        AND CASE
            WHEN value::text ~ '^(0|[1-9][0-9]{0,18})$'
            THEN value::text::numeric <= 9223372036854775807
            ELSE false
        END
    ), true)
    FROM jsonb_each(weights)
$$;
COMMENT ON FUNCTION ledger_is_weight_table(jsonb) IS
    'Whether each key is "source:event_type" and each value a whole number from 0 to 2^63-1.';

CREATE TABLE ledgers (
    ledger_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT ledgers_pkey PRIMARY KEY (ledger_id),
    CONSTRAINT ledgers_name_is_slug CHECK (name ~ '^[a-z][a-z0-9_.-]{0,63}$'),
    -- What RFC 3339 can write, and what the program can therefore read; so everywhere below.
    CONSTRAINT ledgers_time_readable CHECK (
        created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00'
    )
);
COMMENT ON TABLE ledgers IS
    'One row a community. The program makes its id of its name (UUIDv5), and refuses another one.';

INSERT INTO ledgers (ledger_id, name, created_at)
VALUES ('716ad4e3-1d15-5a45-96b2-7b848addbd4a', 'default', now());

-- The old keys make room for keys that begin with ledger_id (so that the schema can be distributed
-- by ledger later). The default fills the old rows without rewriting them, and goes again.
ALTER TABLE epoch_pool_components
    DROP CONSTRAINT epoch_pool_components_epoch_fkey,
    DROP CONSTRAINT pool_unique_per_type,
    ADD COLUMN ledger_id uuid NOT NULL DEFAULT '716ad4e3-1d15-5a45-96b2-7b848addbd4a';
ALTER TABLE payout_statements
    DROP CONSTRAINT payout_statements_epoch_fkey,
    DROP CONSTRAINT payout_statements_supersedes_fkey,
    DROP CONSTRAINT payout_statements_superseded_once,
    DROP CONSTRAINT payout_statements_pkey,
    ADD COLUMN ledger_id uuid NOT NULL DEFAULT '716ad4e3-1d15-5a45-96b2-7b848addbd4a';
ALTER TABLE epochs
    DROP CONSTRAINT epochs_pkey,
    DROP CONSTRAINT epochs_status_known,
    ADD COLUMN ledger_id uuid NOT NULL DEFAULT '716ad4e3-1d15-5a45-96b2-7b848addbd4a',
    ADD COLUMN period_start timestamptz,
    ADD COLUMN period_end timestamptz,
    ADD COLUMN weight_config jsonb NOT NULL DEFAULT '{}',
    ALTER COLUMN policy_repo DROP NOT NULL,
    ALTER COLUMN policy_commit_sha DROP NOT NULL,
    ALTER COLUMN policy_path DROP NOT NULL,
    ALTER COLUMN policy_content_hash DROP NOT NULL;
ALTER TABLE users
    DROP CONSTRAINT users_pkey,
    ADD COLUMN ledger_id uuid NOT NULL DEFAULT '716ad4e3-1d15-5a45-96b2-7b848addbd4a';
DROP INDEX one_open_epoch;
DROP INDEX one_statement_per_epoch;

-- An old epoch's window is from its opening to its closing; one that is still open gets a week. Old
-- rows were never checked against each other, so a window that would share time with the one before
-- it begins where that one ends, and an empty one gets a microsecond. opened_at and closed_at stay.
DO $$
DECLARE
    old_epoch record;
    window_start timestamptz;
    window_end timestamptz := '-infinity';
BEGIN
    FOR old_epoch IN SELECT id, opened_at, closed_at FROM epochs ORDER BY opened_at, id LOOP
        window_start := greatest(old_epoch.opened_at, window_end);
        window_end := greatest(
            coalesce(old_epoch.closed_at, window_start + interval '7 days'),
            window_start + interval '1 microsecond'
        );
        UPDATE epochs SET period_start = window_start, period_end = window_end
        WHERE id = old_epoch.id;
    END LOOP;
END
$$;

ALTER TABLE epochs
    ALTER COLUMN ledger_id DROP DEFAULT,
    ALTER COLUMN weight_config DROP DEFAULT,
    ALTER COLUMN period_start SET NOT NULL,
    ALTER COLUMN period_end SET NOT NULL,
    ADD CONSTRAINT epochs_pkey PRIMARY KEY (ledger_id, id),
    ADD CONSTRAINT epochs_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers (ledger_id),
    ADD CONSTRAINT epochs_status_known CHECK (status IN ('open', 'review', 'closed')),
    ADD CONSTRAINT epochs_window_not_empty CHECK (period_start < period_end),
    ADD CONSTRAINT epochs_times_readable CHECK (
        period_start >= '0001-01-01 00:00:00+00' AND period_start < '10000-01-01 00:00:00+00'
        AND period_end >= '0001-01-01 00:00:00+00' AND period_end < '10000-01-01 00:00:00+00'
        AND opened_at >= '0001-01-01 00:00:00+00' AND opened_at < '10000-01-01 00:00:00+00'
        AND closed_at >= '0001-01-01 00:00:00+00' AND closed_at < '10000-01-01 00:00:00+00'
    ),
    ADD CONSTRAINT epochs_weight_config_is_table CHECK (
        CASE
            WHEN jsonb_typeof(weight_config) = 'object' THEN ledger_is_weight_table(weight_config)
            ELSE false
        END
    ),
    ADD CONSTRAINT epoch_window_unique EXCLUDE USING gist (
        ledger_id WITH =, tstzrange(period_start, period_end) WITH &&
    );
CREATE UNIQUE INDEX one_open_epoch ON epochs (ledger_id) WHERE status = 'open';
COMMENT ON TABLE epochs IS
    'Windows of time that are paid for together: open, then review, then closed, never back.';
COMMENT ON COLUMN epochs.status IS
    'open: being collected. review: being decided. closed: paid, and nothing is written any more.';
COMMENT ON INDEX one_open_epoch IS
    'ONE_OPEN_EPOCH, and get_open_epoch: WHERE ledger_id = $1 AND status = ''open''.';
COMMENT ON COLUMN epochs.period_start IS 'First moment of the window [period_start, period_end).';
COMMENT ON COLUMN epochs.period_end IS 'First moment after the window.';
COMMENT ON COLUMN epochs.weight_config IS
    'Milli-units per event, by "source:event_type". Pinned when the epoch is opened.';
COMMENT ON COLUMN epochs.pool_total_credits IS
    'What was paid out: the sum of the pool components, set when the epoch is closed.';
COMMENT ON COLUMN epochs.policy_repo IS 'Kept for epochs from before the activity ledger; not used.';
COMMENT ON COLUMN epochs.policy_commit_sha IS 'Kept, not used. See policy_repo.';
COMMENT ON COLUMN epochs.policy_path IS 'Kept, not used. See policy_repo.';
COMMENT ON COLUMN epochs.policy_content_hash IS 'Kept, not used. See policy_repo.';

ALTER TABLE users
    ALTER COLUMN ledger_id DROP DEFAULT,
    ADD CONSTRAINT users_pkey PRIMARY KEY (ledger_id, user_id),
    ADD CONSTRAINT users_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers (ledger_id),
    -- NOT VALID, here and below: rows of the baseline stay as they are.
    ADD CONSTRAINT users_user_id_printable CHECK (
        user_id ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(user_id) <= 256
    ) NOT VALID;
COMMENT ON TABLE users IS 'The people who are paid.';

ALTER TABLE epoch_pool_components
    ALTER COLUMN ledger_id DROP DEFAULT,
    ADD CONSTRAINT pool_unique_per_type PRIMARY KEY (ledger_id, epoch_id, component_id),
    ADD CONSTRAINT epoch_pool_components_epoch_fkey
        FOREIGN KEY (ledger_id, epoch_id) REFERENCES epochs (ledger_id, id),
    ADD CONSTRAINT epoch_pool_components_readable CHECK (
        component_id ~ '^[a-z][a-z0-9_.-]{0,63}$' AND ledger_is_readable_json(inputs_json)
        AND computed_at >= '0001-01-01 00:00:00+00' AND computed_at < '10000-01-01 00:00:00+00'
    ) NOT VALID;
COMMENT ON TABLE epoch_pool_components IS 'The budget of an epoch, part by part. Immutable.';
COMMENT ON COLUMN epoch_pool_components.component_id IS
    'What kind of part it is: base_issuance, kpi_bonus_v0, top_up, ….';
COMMENT ON COLUMN epoch_pool_components.algorithm_version IS
    'Which rule made the amount from the inputs.';
COMMENT ON COLUMN epoch_pool_components.evidence_ref IS
    'Where the decision or the measurement can be read.';
COMMENT ON COLUMN epoch_pool_components.inputs_json IS
    'What the algorithm was given, so that the amount can be computed again.';

ALTER TABLE payout_statements
    ALTER COLUMN ledger_id DROP DEFAULT,
    ADD CONSTRAINT payout_statements_pkey PRIMARY KEY (ledger_id, id),
    ADD CONSTRAINT payout_statements_by_epoch UNIQUE (ledger_id, epoch_id, id),
    ADD CONSTRAINT payout_statements_superseded_once
        UNIQUE (ledger_id, supersedes_statement_id),
    ADD CONSTRAINT payout_statements_epoch_fkey
        FOREIGN KEY (ledger_id, epoch_id) REFERENCES epochs (ledger_id, id),
    ADD CONSTRAINT payout_statements_supersedes_fkey
        FOREIGN KEY (ledger_id, epoch_id, supersedes_statement_id)
        REFERENCES payout_statements (ledger_id, epoch_id, id),
    ADD CONSTRAINT payout_statements_readable CHECK (
        allocation_set_hash ~ '^[0-9a-f]{64}$'
        AND created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00'
    ) NOT VALID;
CREATE UNIQUE INDEX one_statement_per_epoch ON payout_statements (ledger_id, epoch_id)
    WHERE supersedes_statement_id IS NULL;
COMMENT ON INDEX one_statement_per_epoch IS
    'STATEMENT_IMMUTABLE: one first statement an epoch; corrections supersede in a line.';
COMMENT ON CONSTRAINT payout_statements_by_epoch ON payout_statements IS
    'get_statement_for_epoch, and the target of payout_statements_supersedes_fkey.';
COMMENT ON TABLE payout_statements IS
    'What each closed epoch pays. Immutable: a correction is a new row that supersedes the old one.';
COMMENT ON COLUMN payout_statements.supersedes_statement_id IS
    'The statement of the same epoch that this one corrects; NULL for an epoch''s first.';
COMMENT ON COLUMN payout_statements.allocation_set_hash IS
    'SHA-256 of the lines user_id:units, sorted bytewise by user id, joined by newlines.';
COMMENT ON COLUMN payout_statements.payouts_json IS
    'Rows {user_id, total_units, share, amount_credits}; whole numbers are strings.';

CREATE TABLE activity_events (
    ledger_id uuid NOT NULL,
    id text COLLATE "C" NOT NULL,
    epoch_id bigint NOT NULL,
    source text COLLATE "C" NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    platform_user_id text COLLATE "C" NOT NULL,
    platform_login text COLLATE "C",
    user_id text COLLATE "C",
    artifact_url text,
    metadata jsonb,
    payload_hash text COLLATE "C" NOT NULL,
    producer text NOT NULL,
    producer_version text NOT NULL,
    event_time timestamptz NOT NULL,
    retrieved_at timestamptz NOT NULL,
    ingested_at timestamptz NOT NULL,
    CONSTRAINT activity_events_pkey PRIMARY KEY (ledger_id, id),
    CONSTRAINT activity_events_epoch_fkey
        FOREIGN KEY (ledger_id, epoch_id) REFERENCES epochs (ledger_id, id),
    CONSTRAINT provenance_required CHECK (
        producer <> '' AND producer_version <> '' AND payload_hash ~ '^[0-9a-f]{64}$'
    ),
    CONSTRAINT activity_events_kind_is_slug CHECK (
        source ~ '^[a-z][a-z0-9_.-]{0,63}$' AND event_type ~ '^[a-z][a-z0-9_.-]{0,63}$'
    ),
    CONSTRAINT activity_events_ids_printable CHECK (
        id ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(id) <= 512
        AND platform_user_id ~ '^[^\u0001-\u001f\u007f-\u009f]+$'
        AND octet_length(platform_user_id) <= 256
    ),
    CONSTRAINT activity_events_user_id_printable CHECK (
        user_id ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(user_id) <= 256
    ),
    CONSTRAINT activity_events_times_readable CHECK (
        event_time >= '0001-01-01 00:00:00+00' AND event_time < '10000-01-01 00:00:00+00'
        AND retrieved_at >= '0001-01-01 00:00:00+00' AND retrieved_at < '10000-01-01 00:00:00+00'
        AND ingested_at >= '0001-01-01 00:00:00+00' AND ingested_at < '10000-01-01 00:00:00+00'
    )
);
CREATE INDEX activity_events_by_epoch
    ON activity_events (ledger_id, epoch_id, event_time, id);
CREATE INDEX activity_events_unresolved
    ON activity_events (ledger_id, epoch_id, event_time, id) WHERE user_id IS NULL;
COMMENT ON INDEX activity_events_by_epoch IS
    'get_activity_for_epoch, its stream, and propose_allocations: WHERE ledger_id = $1 AND '
    'epoch_id = $2 ORDER BY event_time, id.';
COMMENT ON INDEX activity_events_unresolved IS
    'get_unresolved_activity, list_unresolved_identities and resolve_activity_by_bindings: the '
    'same where user_id IS NULL.';
COMMENT ON TABLE activity_events IS
    'Append-only facts. The one change ever made is user_id, once, from NULL to a value.';
COMMENT ON COLUMN activity_events.id IS
    'Deterministic: the same fact has the same id, so that reading it twice stores it once.';
COMMENT ON COLUMN activity_events.platform_user_id IS 'Who did it, as the platform knows them.';
COMMENT ON COLUMN activity_events.platform_login IS 'For display only.';
COMMENT ON COLUMN activity_events.user_id IS 'Who is paid; NULL while that is not known.';
COMMENT ON COLUMN activity_events.payload_hash IS
    'SHA-256 of the canonical JSON of the fact; another hash under the same id is a conflict.';
COMMENT ON COLUMN activity_events.producer IS 'Which program made the event, and producer_version.';
COMMENT ON COLUMN activity_events.retrieved_at IS 'When the source was read.';
COMMENT ON COLUMN activity_events.ingested_at IS 'When the ledger stored it.';
COMMENT ON COLUMN activity_events.event_time IS
    'When it happened. Before the epoch''s window: a late arrival.';

CREATE TABLE epoch_allocations (
    ledger_id uuid NOT NULL,
    epoch_id bigint NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    proposed_units bigint NOT NULL,
    final_units bigint,
    override_reason text,
    activity_count bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT epoch_allocations_pkey PRIMARY KEY (ledger_id, epoch_id, user_id),
    CONSTRAINT epoch_allocations_epoch_fkey
        FOREIGN KEY (ledger_id, epoch_id) REFERENCES epochs (ledger_id, id),
    CONSTRAINT epoch_allocations_user_id_printable CHECK (
        user_id ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(user_id) <= 256
    ),
    CONSTRAINT epoch_allocations_times_readable CHECK (
        created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00'
        AND updated_at >= '0001-01-01 00:00:00+00' AND updated_at < '10000-01-01 00:00:00+00'
    ),
    CONSTRAINT epoch_allocations_not_negative CHECK (
        proposed_units >= 0 AND final_units >= 0
        AND activity_count BETWEEN 0 AND 4294967295
    ),
    CONSTRAINT epoch_allocations_override_has_reason CHECK (
        (final_units IS NULL) = (override_reason IS NULL)
        AND btrim(override_reason, E' \t\n') <> '' AND octet_length(override_reason) <= 2000
        AND override_reason !~ '[\u0001-\u0008\u000b-\u001f\u007f-\u009f]'
    )
);
COMMENT ON TABLE epoch_allocations IS
    'Who gets how many units of an epoch: what was computed, and what an admin decided instead.';
COMMENT ON COLUMN epoch_allocations.activity_count IS
    'How many events the proposal counts, those that weigh nothing included.';
COMMENT ON COLUMN epoch_allocations.override_reason IS
    'Why the admin decided on other units; contributors read it.';
COMMENT ON COLUMN epoch_allocations.proposed_units IS
    'Milli-units: the sum of the weights of the user''s events, when last computed.';
COMMENT ON COLUMN epoch_allocations.final_units IS
    'Milli-units an admin decided on instead; NULL: the proposed ones are paid.';

CREATE TABLE source_cursors (
    ledger_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    cursor_value text NOT NULL,
    retrieved_at timestamptz NOT NULL,
    CONSTRAINT source_cursors_pkey PRIMARY KEY (ledger_id, source, stream, scope),
    CONSTRAINT source_cursors_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers (ledger_id),
    CONSTRAINT source_cursors_readable CHECK (
        source ~ '^[a-z][a-z0-9_.-]{0,63}$'
        AND stream ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(stream) <= 512
        AND scope ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(scope) <= 512
        AND octet_length(cursor_value) <= 65536
        AND retrieved_at >= '0001-01-01 00:00:00+00' AND retrieved_at < '10000-01-01 00:00:00+00'
    )
);
COMMENT ON TABLE source_cursors IS
    'How far each stream was read. Written in the transaction of the page that ends there.';
COMMENT ON COLUMN source_cursors.scope IS 'What the stream is read from, such as a repository.';
COMMENT ON COLUMN source_cursors.cursor_value IS 'The source''s own; opaque to the ledger.';

CREATE TABLE identity_bindings (
    ledger_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    platform_user_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT identity_bindings_pkey PRIMARY KEY (ledger_id, source, platform_user_id),
    CONSTRAINT identity_bindings_user_fkey
        FOREIGN KEY (ledger_id, user_id) REFERENCES users (ledger_id, user_id),
    CONSTRAINT identity_bindings_readable CHECK (
        source ~ '^[a-z][a-z0-9_.-]{0,63}$'
        AND platform_user_id ~ '^[^\u0001-\u001f\u007f-\u009f]+$'
        AND octet_length(platform_user_id) <= 256
        AND user_id ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(user_id) <= 256
        AND created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00'
    )
);
COMMENT ON TABLE identity_bindings IS 'Which person a platform user is.';
