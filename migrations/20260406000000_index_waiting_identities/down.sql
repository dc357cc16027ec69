DROP INDEX activity_events_waiting;
CREATE INDEX activity_events_unresolved
    ON activity_events (ledger_id, epoch_id, event_time, id) WHERE user_id IS NULL;
COMMENT ON INDEX activity_events_unresolved IS
    'get_unresolved_activity, list_unresolved_identities and resolve_activity_by_bindings: the '
    'same where user_id IS NULL.';
COMMENT ON INDEX activity_events_by_epoch IS
    'get_activity_for_epoch, its stream, and propose_allocations: WHERE ledger_id = $1 AND '
    'epoch_id = $2 ORDER BY event_time, id.';
