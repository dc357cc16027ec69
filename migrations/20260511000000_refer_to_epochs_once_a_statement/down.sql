-- As it was: a foreign key, and guards that rely on it. Reads all events, and keeps writers out meanwhile.
ALTER TABLE activity_events ADD CONSTRAINT activity_events_epoch_fkey
    FOREIGN KEY (ledger_id, epoch_id) REFERENCES epochs (ledger_id, id);

CREATE OR REPLACE FUNCTION ledger_guard_event_insert() RETURNS trigger
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

CREATE OR REPLACE FUNCTION ledger_guard_epoch_delete() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status = 'closed' THEN
        RAISE EXCEPTION 'EPOCH_FROZEN_ON_CLOSE: epoch % is closed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'epoch_frozen_on_close';
    END IF;
    RETURN OLD;
END
$$;
