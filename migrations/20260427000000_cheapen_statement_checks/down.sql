-- As it was.
CREATE OR REPLACE FUNCTION ledger_is_payout_table(payouts jsonb, pool bigint) RETURNS boolean
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
