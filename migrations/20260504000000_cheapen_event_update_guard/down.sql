-- As it was: asked for each row.
CREATE OR REPLACE TRIGGER activity_events_guard_update
BEFORE UPDATE ON activity_events FOR EACH ROW EXECUTE FUNCTION ledger_guard_event_update();
