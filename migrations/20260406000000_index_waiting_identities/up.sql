-- Who waits, and for which events. The index before this one had them by time, so that giving a person
-- one event read all that wait: seconds where a large repository came in and few of its authors are
-- bound. Events of one platform user share a key here, which makes it a fourteenth of the size.
DROP INDEX activity_events_unresolved;
CREATE INDEX activity_events_waiting
    ON activity_events (ledger_id, epoch_id, source, platform_user_id) WHERE user_id IS NULL;
COMMENT ON INDEX activity_events_waiting IS
    'list_unresolved_identities, resolve_activity_by_bindings and bind_identities: WHERE ledger_id = '
    '$1 AND epoch_id = $2 AND user_id IS NULL, by source and platform_user_id.';
COMMENT ON INDEX activity_events_by_epoch IS
    'get_activity_for_epoch, get_unresolved_activity, find_activity, the stream, and '
    'propose_allocations: WHERE ledger_id = $1 AND epoch_id = $2 ORDER BY event_time, id.';
