-- The invariants that constraints alone cannot hold. Every refusal names its invariant in
-- CONSTRAINT, because that is what reaches the program; the messages are for people.
--
-- Every function looks names up in pg_catalog alone: whoever may create an operator `<>` in a schema
-- on the path could talk a guard out of its refusal.
--
-- Guards that look at epochs take the epoch's row FOR SHARE, which conflicts with the closing
-- UPDATE: a write either commits before the close, or waits and then sees the epoch closed.

CREATE FUNCTION ledger_refuse_write() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% refuses % on %', upper(TG_ARGV[0]), TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[0];
END
$$;
COMMENT ON FUNCTION ledger_refuse_write() IS
    'Refuses the statement in the name of the invariant given as the trigger''s argument.';

CREATE FUNCTION ledger_guard_event_update() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unresolved public.activity_events := NEW;
BEGIN
    IF OLD.user_id IS NOT NULL AND NEW.user_id IS DISTINCT FROM OLD.user_id THEN
        RAISE EXCEPTION 'IDENTITY_ONCE: event % belongs to % already', OLD.id, OLD.user_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'identity_once';
    END IF;
    unresolved.user_id := OLD.user_id;
    -- *<> compares the stored bytes: 1.0 and 1.00 in metadata are not the same.
    IF unresolved OPERATOR(pg_catalog.*<>) OLD OR NEW.user_id IS NULL THEN
        RAISE EXCEPTION 'ACTIVITY_APPEND_ONLY: only user_id of event % may be set', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'activity_append_only';
    END IF;
    RETURN NEW;
END
$$;

-- Locks the epochs, each once and in order, and refuses where one of them is closed.
CREATE FUNCTION ledger_refuse_closed_epochs(ledger_ids uuid[], epoch_ids bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    touched record;
BEGIN
    FOR touched IN
        SELECT e.id, e.status FROM public.epochs e
        WHERE (e.ledger_id, e.id) IN (SELECT * FROM unnest(ledger_ids, epoch_ids))
        ORDER BY e.ledger_id, e.id
        FOR SHARE
    LOOP
        IF touched.status = 'closed' THEN
            RAISE EXCEPTION 'EPOCH_FROZEN_ON_CLOSE: epoch % is closed', touched.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_frozen_on_close';
        END IF;
    END LOOP;
END
$$;

-- One function for INSERT, UPDATE and DELETE: an UPDATE is looked at from both sides, so that no
-- row moves out of a closed epoch either.
CREATE FUNCTION ledger_guard_epoch_not_closed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        PERFORM public.ledger_refuse_closed_epochs(array_agg(ledger_id), array_agg(epoch_id))
        FROM (SELECT DISTINCT ledger_id, epoch_id FROM old_rows) o;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        PERFORM public.ledger_refuse_closed_epochs(array_agg(ledger_id), array_agg(epoch_id))
        FROM (SELECT DISTINCT ledger_id, epoch_id FROM new_rows) n;
    END IF;
    RETURN NULL;
END
$$;

-- A part of a budget never goes away, so a sum that does not fit would keep its epoch from ever being
-- closed. The epoch's row is taken alone here: of two parts at once, the second sees the first.
CREATE FUNCTION ledger_guard_component_insert() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    touched record;
BEGIN
    FOR touched IN
        SELECT e.ledger_id, e.id, e.status FROM public.epochs e
        WHERE (e.ledger_id, e.id) IN (SELECT n.ledger_id, n.epoch_id FROM new_rows n)
        ORDER BY e.ledger_id, e.id
        FOR NO KEY UPDATE
    LOOP
        IF touched.status = 'closed' THEN
            RAISE EXCEPTION 'EPOCH_FROZEN_ON_CLOSE: epoch % is closed', touched.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_frozen_on_close';
        END IF;
        IF (
            SELECT sum(c.amount_credits) FROM public.epoch_pool_components c
            WHERE c.ledger_id = touched.ledger_id AND c.epoch_id = touched.id
        ) > 9223372036854775807 THEN
            RAISE EXCEPTION 'the pool of epoch % would be larger than 2^63-1', touched.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_total_fits';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- The same for inserted events, and that none is from after its epoch's window.
CREATE FUNCTION ledger_guard_event_insert() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    touched record;
BEGIN
    FOR touched IN
        SELECT e.id, e.status, e.period_end, n.last_event_time
        FROM public.epochs e
        JOIN (
            SELECT ledger_id, epoch_id, max(event_time) AS last_event_time
            FROM new_rows GROUP BY ledger_id, epoch_id
        ) n ON n.ledger_id = e.ledger_id AND n.epoch_id = e.id
        ORDER BY e.ledger_id, e.id
        FOR SHARE OF e
    LOOP
        IF touched.status = 'closed' THEN
            RAISE EXCEPTION 'EPOCH_FROZEN_ON_CLOSE: epoch % is closed', touched.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_frozen_on_close';
        END IF;
        IF touched.last_event_time >= touched.period_end THEN
            RAISE EXCEPTION 'ACTIVITY_WITHIN_EPOCH: an event is of %, after epoch % ended at %',
                touched.last_event_time, touched.id, touched.period_end
                USING ERRCODE = 'check_violation', CONSTRAINT = 'activity_within_epoch';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION ledger_guard_epoch_insert() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.status <> 'open' THEN
        RAISE EXCEPTION 'an epoch begins open, not %', NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_begins_open';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION ledger_guard_epoch_update() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    steps constant text[] := ARRAY['open', 'review', 'closed'];
    pool record;
BEGIN
    IF OLD.status = 'closed' THEN
        RAISE EXCEPTION 'EPOCH_FROZEN_ON_CLOSE: epoch % is closed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_frozen_on_close';
    END IF;
    -- The weights as text: to jsonb, 1000 and 1000.0 are equal.
    IF (NEW.ledger_id, NEW.id, NEW.period_start, NEW.period_end, NEW.weight_config::text,
            NEW.opened_at, NEW.created_at)
        IS DISTINCT FROM (OLD.ledger_id, OLD.id, OLD.period_start, OLD.period_end,
            OLD.weight_config::text, OLD.opened_at, OLD.created_at)
    THEN
        RAISE EXCEPTION 'the window and the weights of epoch % are pinned', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_definition_pinned';
    END IF;
    IF array_position(steps, NEW.status) < array_position(steps, OLD.status) THEN
        RAISE EXCEPTION 'epoch % cannot go back from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_moves_forward';
    END IF;
    IF NEW.status = 'closed' THEN
        -- An older snapshot would not show a component that was committed since, and the lock that
        -- its insert took leaves nothing for REPEATABLE READ to notice.
        IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted')
        THEN
            RAISE EXCEPTION 'an epoch is closed in READ COMMITTED only'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_closes_read_committed';
        END IF;
        SELECT coalesce(sum(c.amount_credits), 0) AS total,
            coalesce(bool_or(c.component_id = 'base_issuance'), false) AS has_base
        INTO pool
        FROM public.epoch_pool_components c
        WHERE c.ledger_id = NEW.ledger_id AND c.epoch_id = NEW.id;
        IF NOT pool.has_base THEN
            RAISE EXCEPTION 'POOL_REQUIRES_BASE: epoch % has no base_issuance', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_requires_base';
        END IF;
        IF NEW.pool_total_credits IS DISTINCT FROM pool.total THEN
            RAISE EXCEPTION 'POOL_REPRODUCIBLE: the components of epoch % sum to %, not %',
                OLD.id, pool.total, NEW.pool_total_credits
                USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_reproducible';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION ledger_guard_epoch_delete() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status = 'closed' THEN
        RAISE EXCEPTION 'EPOCH_FROZEN_ON_CLOSE: epoch % is closed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_frozen_on_close';
    END IF;
    RETURN OLD;
END
$$;

-- Rows as the payout rules make them: whole numbers as text, sorted bytewise, each user once, and in
-- all the pool. Whether they are the right ones only a recomputation tells.
CREATE FUNCTION ledger_is_payout_table(payouts jsonb, pool bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) = 0 OR coalesce(
        bool_and(coalesce(
            fields = ARRAY['amount_credits', 'share', 'total_units', 'user_id']
            AND texts = 4
            AND payout->>'total_units' ~ '^(0|[1-9][0-9]{0,18})$'
            AND (substring(payout->>'total_units' FROM '^[0-9]{1,19}$'))::numeric
                <= 9223372036854775807
            AND payout->>'amount_credits' ~ '^(0|[1-9][0-9]{0,18})$'
            AND payout->>'share' ~ '^(0\.[0-9]{6}|1\.000000)$'
            AND user_id ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(user_id) <= 256
            AND (place = 1 OR user_id > previous),
            false
        )) AND sum((substring(payout->>'amount_credits' FROM '^[0-9]{1,19}$'))::numeric) = pool,
        false
    )
    FROM (
        SELECT payout, place, (payout->>'user_id') COLLATE "C" AS user_id,
            lag((payout->>'user_id') COLLATE "C") OVER (ORDER BY place) AS previous,
            (SELECT array_agg(f.key ORDER BY f.key COLLATE "C") FROM jsonb_each(payout) f) AS fields,
            (SELECT count(*) FROM jsonb_each(payout) f WHERE jsonb_typeof(f.value) = 'string')
                AS texts
        FROM (
            SELECT place,
                CASE WHEN jsonb_typeof(one) = 'object' THEN one ELSE '{}' END AS payout
            FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(payouts) = 'array' THEN payouts ELSE '[null]' END
            ) WITH ORDINALITY AS listed (one, place)
        ) objects
    ) rows
$$;

CREATE FUNCTION ledger_guard_statement_insert() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    paid record;
BEGIN
    SELECT e.status, e.pool_total_credits INTO paid FROM public.epochs e
    WHERE e.ledger_id = NEW.ledger_id AND e.id = NEW.epoch_id
    FOR SHARE;
    IF FOUND AND paid.status <> 'closed' THEN
        RAISE EXCEPTION 'epoch % is not closed', NEW.epoch_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_requires_closed_epoch';
    END IF;
    IF FOUND AND paid.pool_total_credits IS DISTINCT FROM NEW.pool_total_credits THEN
        RAISE EXCEPTION 'POOL_REPRODUCIBLE: epoch % paid %, not %',
            NEW.epoch_id, paid.pool_total_credits, NEW.pool_total_credits
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_reproducible';
    END IF;
    -- Statements of an epoch form one line: the key alone would let a row supersede itself, or two
    -- of one INSERT each other.
    IF NEW.supersedes_statement_id IS NULL THEN
        IF EXISTS (
            SELECT FROM public.payout_statements s
            WHERE s.ledger_id = NEW.ledger_id AND s.epoch_id = NEW.epoch_id
        ) THEN
            RAISE EXCEPTION 'STATEMENT_IMMUTABLE: epoch % has a statement already', NEW.epoch_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'one_statement_per_epoch';
        END IF;
    ELSIF NOT EXISTS (
        SELECT FROM public.payout_statements s
        WHERE s.ledger_id = NEW.ledger_id AND s.epoch_id = NEW.epoch_id
            AND s.id = NEW.supersedes_statement_id
    ) THEN
        RAISE EXCEPTION 'epoch % has no statement % to supersede', NEW.epoch_id,
            NEW.supersedes_statement_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_statements_supersedes_fkey';
    END IF;
    IF NOT public.ledger_is_payout_table(NEW.payouts_json, NEW.pool_total_credits) THEN
        RAISE EXCEPTION 'the payouts of epoch % are not rows that sum to the pool', NEW.epoch_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payouts_are_a_table';
    END IF;
    RETURN NEW;
END
$$;

-- Events.
CREATE TRIGGER activity_events_guard_update BEFORE UPDATE ON activity_events
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_event_update();
CREATE TRIGGER activity_events_refuse_delete BEFORE DELETE OR TRUNCATE ON activity_events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write('activity_append_only');
CREATE TRIGGER activity_events_guard_insert AFTER INSERT ON activity_events
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_event_insert();
CREATE TRIGGER activity_events_frozen_update AFTER UPDATE ON activity_events
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_epoch_not_closed();

-- Epochs.
CREATE TRIGGER epochs_guard_insert BEFORE INSERT ON epochs
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_epoch_insert();
CREATE TRIGGER epochs_guard_update BEFORE UPDATE ON epochs
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_epoch_update();
CREATE TRIGGER epochs_guard_delete BEFORE DELETE ON epochs
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_epoch_delete();
CREATE TRIGGER epochs_refuse_truncate BEFORE TRUNCATE ON epochs
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write('epoch_frozen_on_close');

-- Allocations.
CREATE TRIGGER epoch_allocations_frozen_insert AFTER INSERT ON epoch_allocations
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_epoch_not_closed();
CREATE TRIGGER epoch_allocations_frozen_update AFTER UPDATE ON epoch_allocations
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_epoch_not_closed();
CREATE TRIGGER epoch_allocations_frozen_delete AFTER DELETE ON epoch_allocations
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_epoch_not_closed();
CREATE TRIGGER epoch_allocations_refuse_truncate BEFORE TRUNCATE ON epoch_allocations
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write('epoch_frozen_on_close');

-- Pool components.
CREATE TRIGGER epoch_pool_components_guard_insert AFTER INSERT ON epoch_pool_components
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard_component_insert();
CREATE TRIGGER epoch_pool_components_refuse_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON epoch_pool_components
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write('pool_immutable');

-- Statements.
CREATE TRIGGER payout_statements_guard_insert BEFORE INSERT ON payout_statements
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_statement_insert();
CREATE TRIGGER payout_statements_refuse_change
    BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_statements
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_write('statement_immutable');
