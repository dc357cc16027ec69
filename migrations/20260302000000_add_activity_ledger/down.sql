-- Back to the baseline, which knows one ledger, no activity and no review. What it cannot hold is
-- never dropped silently: this way down refuses while there is any.
DO $$
BEGIN
    IF EXISTS (SELECT FROM activity_events) OR EXISTS (SELECT FROM epoch_allocations)
        OR EXISTS (SELECT FROM source_cursors) OR EXISTS (SELECT FROM identity_bindings)
        OR EXISTS (SELECT FROM ledgers WHERE name <> 'default')
        OR EXISTS (SELECT FROM epochs
            WHERE status = 'review' OR weight_config <> '{}' OR policy_repo IS NULL)
    THEN
        RAISE EXCEPTION 'the baseline cannot hold what this database holds: activity, allocations, '
            'cursors, bindings, weights, epochs opened since or in review, or other ledgers would be lost; restore a '
            'backup from before the upgrade instead'
            USING ERRCODE = 'object_not_in_prerequisite_state',
            CONSTRAINT = 'baseline_loses_nothing';
    END IF;
END
$$;

DROP TABLE identity_bindings;
DROP TABLE source_cursors;
DROP TABLE epoch_allocations;
DROP TABLE activity_events;

DROP INDEX one_statement_per_epoch;
ALTER TABLE payout_statements
    DROP CONSTRAINT payout_statements_supersedes_fkey,
    DROP CONSTRAINT payout_statements_epoch_fkey,
    DROP CONSTRAINT payout_statements_superseded_once,
    DROP CONSTRAINT payout_statements_by_epoch,
    DROP CONSTRAINT payout_statements_pkey,
    DROP CONSTRAINT payout_statements_readable,
    DROP COLUMN ledger_id;
ALTER TABLE epoch_pool_components
    DROP CONSTRAINT epoch_pool_components_epoch_fkey,
    DROP CONSTRAINT pool_unique_per_type,
    DROP CONSTRAINT epoch_pool_components_readable,
    DROP COLUMN ledger_id;
ALTER TABLE users
    DROP CONSTRAINT users_ledger_fkey,
    DROP CONSTRAINT users_pkey,
    DROP CONSTRAINT users_user_id_printable,
    DROP COLUMN ledger_id;
DROP INDEX one_open_epoch;
ALTER TABLE epochs
    DROP CONSTRAINT epoch_window_unique,
    DROP CONSTRAINT epochs_weight_config_is_table,
    DROP CONSTRAINT epochs_times_readable,
    DROP CONSTRAINT epochs_window_not_empty,
    DROP CONSTRAINT epochs_status_known,
    DROP CONSTRAINT epochs_ledger_fkey,
    DROP CONSTRAINT epochs_pkey,
    DROP COLUMN ledger_id,
    DROP COLUMN period_start,
    DROP COLUMN period_end,
    DROP COLUMN weight_config,
    ALTER COLUMN policy_repo SET NOT NULL,
    ALTER COLUMN policy_commit_sha SET NOT NULL,
    ALTER COLUMN policy_path SET NOT NULL,
    ALTER COLUMN policy_content_hash SET NOT NULL,
    ADD CONSTRAINT epochs_pkey PRIMARY KEY (id),
    ADD CONSTRAINT epochs_status_known CHECK (status IN ('open', 'closed'));
COMMENT ON TABLE epochs IS NULL;
COMMENT ON COLUMN epochs.status IS NULL;
COMMENT ON COLUMN epochs.policy_repo IS NULL;
COMMENT ON COLUMN epochs.policy_commit_sha IS NULL;
COMMENT ON COLUMN epochs.policy_path IS NULL;
COMMENT ON COLUMN epochs.policy_content_hash IS NULL;
COMMENT ON COLUMN epochs.pool_total_credits IS NULL;
COMMENT ON TABLE users IS NULL;
COMMENT ON TABLE epoch_pool_components IS NULL;
COMMENT ON COLUMN epoch_pool_components.component_id IS NULL;
COMMENT ON COLUMN epoch_pool_components.algorithm_version IS NULL;
COMMENT ON COLUMN epoch_pool_components.evidence_ref IS NULL;
COMMENT ON COLUMN epoch_pool_components.inputs_json IS NULL;
COMMENT ON TABLE payout_statements IS NULL;
COMMENT ON COLUMN payout_statements.supersedes_statement_id IS NULL;
COMMENT ON COLUMN payout_statements.allocation_set_hash IS NULL;
COMMENT ON COLUMN payout_statements.payouts_json IS NULL;
DROP TABLE ledgers;
DROP FUNCTION ledger_is_weight_table(jsonb);
DROP FUNCTION ledger_is_readable_json(jsonb);
-- btree_gist stays: others may use it by now.

ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (user_id);
ALTER TABLE epoch_pool_components
    ADD CONSTRAINT pool_unique_per_type PRIMARY KEY (epoch_id, component_id),
    ADD CONSTRAINT epoch_pool_components_epoch_fkey FOREIGN KEY (epoch_id) REFERENCES epochs (id);
ALTER TABLE payout_statements
    ADD CONSTRAINT payout_statements_pkey PRIMARY KEY (id),
    ADD CONSTRAINT payout_statements_epoch_fkey FOREIGN KEY (epoch_id) REFERENCES epochs (id),
    ADD CONSTRAINT payout_statements_supersedes_fkey
        FOREIGN KEY (supersedes_statement_id) REFERENCES payout_statements (id),
    ADD CONSTRAINT payout_statements_superseded_once UNIQUE (supersedes_statement_id);
CREATE UNIQUE INDEX one_open_epoch ON epochs (status) WHERE status = 'open';
CREATE UNIQUE INDEX one_statement_per_epoch ON payout_statements (epoch_id)
    WHERE supersedes_statement_id IS NULL;
