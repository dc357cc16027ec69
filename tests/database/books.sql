INSERT INTO ledgers VALUES ($stranger, 'stranger', now());
INSERT INTO users (ledger_id, user_id) VALUES
    ($ledger, 'alice'), ($ledger, 'bob'), ($stranger, 'carol');
INSERT INTO identity_bindings VALUES ($ledger, 'git', 'alice@example.org', 'alice', now());
INSERT INTO source_cursors VALUES ($ledger, 'git', 'main', 'owner/repo', 'abc', now());
INSERT INTO access_tokens VALUES
    ($ledger, $token, 'dashboard', 'read', repeat('0', 64), now(), NULL, NULL);
INSERT INTO idempotency_keys VALUES ($ledger, 'key', repeat('0', 64), '{"n": 1.0}', now());
INSERT INTO jobs (ledger_id, kind, subject, state, run_at, attempts, updated_at)
VALUES ($ledger, 'collect-source', 'main', 'queued', now(), 0, now());

CREATE FUNCTION pg_temp.open_epoch(ledger uuid, day date) RETURNS void LANGUAGE sql AS $f$
    INSERT INTO epochs (ledger_id, period_start, period_end, weight_config)
    VALUES (ledger, day, day + 7, '{"git:commit_authored": 1000}');
$f$;
CREATE FUNCTION pg_temp.fill(prefix text, ledger uuid, epoch bigint) RETURNS void LANGUAGE sql AS $f$
    INSERT INTO activity_events
    SELECT ledger, prefix || name, epoch, 'git', 'commit_authored', name || '@example.org', NULL,
        nullif(name, 'nobody'), NULL, '{"lines": 1.0}', repeat('0', 64), 'test', '1',
        '2026-11-01', '2026-11-01', now()
    FROM unnest(ARRAY['alice', 'nobody']) AS name;
    INSERT INTO epoch_allocations VALUES
        (ledger, epoch, 'alice', 1000, NULL, NULL, 1, now(), now()),
        (ledger, epoch, 'bob', 0, 500, 'helped', 0, now(), now());
    INSERT INTO epoch_pool_components
        (ledger_id, epoch_id, component_id, algorithm_version, inputs_json, amount_credits)
    VALUES (ledger, epoch, 'base_issuance', '1', '{"n": 1.0}', 100);
    INSERT INTO epoch_collections VALUES (ledger, epoch, 'main', '2026-11-30', NULL, NULL);
$f$;
CREATE FUNCTION pg_temp.close_epoch(epoch bigint) RETURNS void LANGUAGE sql AS $f$
    UPDATE epochs SET status = 'closed', pool_total_credits = 100, closed_at = now() WHERE id = epoch;
$f$;
CREATE FUNCTION pg_temp.pay(statement uuid, ledger uuid, epoch bigint) RETURNS void LANGUAGE sql AS $f$
    INSERT INTO payout_statements
        (id, ledger_id, epoch_id, allocation_set_hash, pool_total_credits, payouts_json)
    VALUES (statement, ledger, epoch, repeat('0', 64), 100, '[]');
$f$;

SELECT pg_temp.open_epoch($ledger, '2026-11-02'), pg_temp.fill('closed:', $ledger, $closed),
    pg_temp.close_epoch($closed), pg_temp.pay($statement, $ledger, $closed);
SELECT pg_temp.open_epoch($ledger, '2026-11-09'), pg_temp.fill('unpaid:', $ledger, $unpaid),
    pg_temp.close_epoch($unpaid);
SELECT pg_temp.open_epoch($ledger, '2026-11-16'), pg_temp.fill('review:', $ledger, $review);
UPDATE epochs SET status = 'review' WHERE id = $review;
SELECT pg_temp.open_epoch($ledger, '2026-11-23'), pg_temp.fill('open:', $ledger, $open);

SELECT pg_temp.open_epoch($stranger, '2026-11-02'), pg_temp.fill('closed:', $stranger, $theirs_closed),
    pg_temp.close_epoch($theirs_closed),
    pg_temp.pay('00000000-0000-0000-0000-000000000002', $stranger, $theirs_closed);
SELECT pg_temp.open_epoch($stranger, '2026-11-23'), pg_temp.fill('open:', $stranger, $theirs);
