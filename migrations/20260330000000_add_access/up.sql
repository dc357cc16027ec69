-- What a service on the network needs beside the books: who may call, who may read without calling
-- themselves anything, and what a repeated request answers.

ALTER TABLE ledgers
    ADD COLUMN visibility text COLLATE "C" NOT NULL DEFAULT 'private',
    ADD CONSTRAINT ledgers_visibility_known CHECK (visibility IN ('private', 'public'));
COMMENT ON COLUMN ledgers.visibility IS
    'public: everybody may read it, without addresses and platforms'' ids. private: token holders.';

-- Not validated: a name of the baseline may break it, and counts as none. Nothing of it is lost.
ALTER TABLE users ADD CONSTRAINT users_display_name_public CHECK (
    display_name ~ '^[^\u0001-\u001f\u007f-\u009f@]+$' AND octet_length(display_name) <= 128
    AND display_name = btrim(display_name)
) NOT VALID;

CREATE TABLE access_tokens (
    ledger_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    scope text COLLATE "C" NOT NULL,
    secret_hash text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT access_tokens_pkey PRIMARY KEY (ledger_id, id),
    CONSTRAINT access_tokens_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers (ledger_id),
    CONSTRAINT access_tokens_scope_known CHECK (scope IN ('read', 'collect', 'review', 'admin')),
    CONSTRAINT access_tokens_readable CHECK (
        name ~ '^[^\u0001-\u001f\u007f-\u009f]+$' AND octet_length(name) <= 128
        AND name = btrim(name)
        AND secret_hash ~ '^[0-9a-f]{64}$'
        AND created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00'
        AND expires_at >= '0001-01-01 00:00:00+00' AND expires_at < '10000-01-01 00:00:00+00'
        AND revoked_at >= '0001-01-01 00:00:00+00' AND revoked_at < '10000-01-01 00:00:00+00'
    )
);
COMMENT ON TABLE access_tokens IS
    'Who may call over the network, for one ledger. Rows stay, so that it can be told who could.';
COMMENT ON COLUMN access_tokens.secret_hash IS
    'SHA-256 of the secret, which is 32 random bytes and stored nowhere.';
COMMENT ON COLUMN access_tokens.expires_at IS 'When it ends by itself; NULL: it does not.';
COMMENT ON COLUMN access_tokens.revoked_at IS 'When it was taken back, once and for good.';

CREATE FUNCTION ledger_guard_token_stays_revoked() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
        OR (NEW.ledger_id, NEW.id, NEW.name, NEW.scope, NEW.secret_hash, NEW.created_at)
            IS DISTINCT FROM
           (OLD.ledger_id, OLD.id, OLD.name, OLD.scope, OLD.secret_hash, OLD.created_at)
        OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
    THEN
        RAISE EXCEPTION 'a token never changes, and one that was revoked stays so'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'access_token_stays_revoked';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER access_tokens_stay_revoked BEFORE UPDATE ON access_tokens
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_token_stays_revoked();

CREATE TABLE idempotency_keys (
    ledger_id uuid NOT NULL,
    key text COLLATE "C" NOT NULL,
    request_hash text COLLATE "C" NOT NULL,
    answer text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (ledger_id, key),
    CONSTRAINT idempotency_keys_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers (ledger_id),
    CONSTRAINT idempotency_keys_readable CHECK (
        key ~ '^[!-~]+$' AND octet_length(key) <= 255
        AND request_hash ~ '^[0-9a-f]{64}$'
        AND created_at >= '0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00'
    )
);
COMMENT ON TABLE idempotency_keys IS
    'Which requests were done, and what was answered, so that the same request again is answered and '
    'not done. The only table that lets rows go: a key is forgotten after some days.';
COMMENT ON COLUMN idempotency_keys.request_hash IS
    'SHA-256 over the request, so that another one under the same key is refused.';
COMMENT ON COLUMN idempotency_keys.answer IS
    'The answer, byte for byte.';
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (ledger_id, created_at);
COMMENT ON INDEX idempotency_keys_by_age IS 'Which keys to forget.';

CREATE INDEX activity_events_by_user
    ON activity_events (ledger_id, epoch_id, user_id, event_time, id) WHERE user_id IS NOT NULL;
COMMENT ON INDEX activity_events_by_user IS
    'find_activity and count_activity for one person: WHERE ledger_id = $1 AND epoch_id = $2 AND '
    'user_id = $3 ORDER BY event_time, id.';

GRANT SELECT, INSERT ON access_tokens, idempotency_keys TO ledger_service;
GRANT UPDATE (revoked_at) ON access_tokens TO ledger_service;
GRANT DELETE ON idempotency_keys TO ledger_service;
GRANT UPDATE (visibility) ON ledgers TO ledger_service;
GRANT UPDATE (display_name) ON users TO ledger_service;
ALTER TABLE access_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
