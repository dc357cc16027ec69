-- Keys and tokens are made again. That a ledger is public would be lost without a word, so it is made
-- private first, by whoever knows that it was not.
DO $$
BEGIN
    IF EXISTS (SELECT FROM ledgers WHERE visibility = 'public') THEN
        RAISE EXCEPTION 'the schema before this one cannot hold that a ledger is public; make each '
            'private first with `epoch-ledger ledger visibility NAME private`'
            USING ERRCODE = 'object_not_in_prerequisite_state',
            CONSTRAINT = 'way_down_loses_nothing';
    END IF;
END
$$;

REVOKE UPDATE (visibility) ON ledgers FROM ledger_service;
REVOKE UPDATE (display_name) ON users FROM ledger_service;
DROP INDEX activity_events_by_user;
DROP TABLE idempotency_keys;
DROP TABLE access_tokens;
DROP FUNCTION ledger_guard_token_stays_revoked();
ALTER TABLE users DROP CONSTRAINT users_display_name_public;
ALTER TABLE ledgers DROP COLUMN visibility;
