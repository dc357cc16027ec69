-- As it was: asked for each row.
DROP TRIGGER activity_events_guard_update ON activity_events;
CREATE TRIGGER activity_events_guard_update
BEFORE UPDATE ON activity_events FOR EACH ROW EXECUTE FUNCTION ledger_guard_event_update();
