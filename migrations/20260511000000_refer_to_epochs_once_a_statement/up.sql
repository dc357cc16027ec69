-- That an event is of an epoch that there is, asked once a statement. A foreign key asks for every row, and
-- was a fifth of what an event takes to insert; the guard looks the epoch up in any case, to lock it.
--
-- The guard raises what the key did, under its name: a program of before this migration knows it.

CREATE OR REPLACE FUNCTION ledger_guard_event_insert() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named record;
    touched record;
BEGIN
    FOR named IN
        SELECT n.ledger_id, n.epoch_id, max(n.event_time) AS last_event_time
        FROM new_rows n
        GROUP BY n.ledger_id, n.epoch_id
        ORDER BY n.ledger_id, n.epoch_id
    LOOP
        SELECT e.status, e.period_end INTO touched FROM public.epochs e
        WHERE e.ledger_id = named.ledger_id AND e.id = named.epoch_id
        FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'LEDGER_SCOPED: ledger % has no epoch %', named.ledger_id, named.epoch_id
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'activity_events_epoch_fkey';
        END IF;
        IF touched.status = 'closed' THEN
            RAISE EXCEPTION 'EPOCH_FROZEN_ON_CLOSE: epoch % is closed', named.epoch_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_frozen_on_close';
        END IF;
        IF named.last_event_time >= touched.period_end THEN
            RAISE EXCEPTION 'ACTIVITY_WITHIN_EPOCH: an event is of %, after epoch % ended at %',
                named.last_event_time, named.epoch_id, touched.period_end
                USING ERRCODE = 'check_violation', CONSTRAINT = 'activity_within_epoch';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- The other side of the reference: an epoch that has events stays. PostgreSQL locks the row before it asks,
-- so an insert that was under way is over and seen, and a later one finds no epoch. Its key never changes
-- (epoch_definition_pinned), and events neither change theirs nor leave (activity_append_only).
CREATE OR REPLACE FUNCTION ledger_guard_epoch_delete() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status = 'closed' THEN
        RAISE EXCEPTION 'EPOCH_FROZEN_ON_CLOSE: epoch % is closed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_frozen_on_close';
    END IF;
    -- An older snapshot would not show events that were committed since, and the lock that their insert
    -- took leaves nothing for REPEATABLE READ to notice.
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'an epoch is deleted in READ COMMITTED only'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_deleted_read_committed';
    END IF;
    IF EXISTS (
        SELECT FROM public.activity_events a
        WHERE a.ledger_id = OLD.ledger_id AND a.epoch_id = OLD.id
    ) THEN
        RAISE EXCEPTION 'LEDGER_SCOPED: epoch % has events', OLD.id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'activity_events_epoch_fkey';
    END IF;
    RETURN OLD;
END
$$;

ALTER TABLE activity_events DROP CONSTRAINT activity_events_epoch_fkey;
