-- The books as they were before activity was collected: one community, epochs under a policy file,
-- their budget and what was paid.

CREATE TABLE users (
    user_id text COLLATE "C" NOT NULL,
    display_name text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (user_id)
);

CREATE TABLE epochs (
    id bigserial NOT NULL,
    status text COLLATE "C" NOT NULL DEFAULT 'open',
    policy_repo text NOT NULL,
    policy_commit_sha text NOT NULL,
    policy_path text NOT NULL,
    policy_content_hash text NOT NULL,
    pool_total_credits bigint,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT epochs_pkey PRIMARY KEY (id),
    CONSTRAINT epochs_status_known CHECK (status IN ('open', 'closed')),
    CONSTRAINT epochs_closed_is_complete CHECK (
        (status = 'closed') = (closed_at IS NOT NULL)
        AND (status = 'closed') = (pool_total_credits IS NOT NULL)
    ),
    CONSTRAINT epochs_pool_total_not_negative CHECK (pool_total_credits >= 0)
);

CREATE UNIQUE INDEX one_open_epoch ON epochs (status) WHERE status = 'open';

CREATE TABLE epoch_pool_components (
    epoch_id bigint NOT NULL,
    component_id text COLLATE "C" NOT NULL,
    algorithm_version text NOT NULL,
    inputs_json jsonb NOT NULL,
    amount_credits bigint NOT NULL,
    evidence_ref text,
    computed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pool_unique_per_type PRIMARY KEY (epoch_id, component_id),
    CONSTRAINT epoch_pool_components_epoch_fkey FOREIGN KEY (epoch_id) REFERENCES epochs (id),
    CONSTRAINT epoch_pool_components_amount_not_negative CHECK (amount_credits >= 0)
);

CREATE TABLE payout_statements (
    id uuid NOT NULL,
    epoch_id bigint NOT NULL,
    allocation_set_hash text COLLATE "C" NOT NULL,
    pool_total_credits bigint NOT NULL,
    payouts_json jsonb NOT NULL,
    supersedes_statement_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payout_statements_pkey PRIMARY KEY (id),
    CONSTRAINT payout_statements_epoch_fkey FOREIGN KEY (epoch_id) REFERENCES epochs (id),
    CONSTRAINT payout_statements_supersedes_fkey
        FOREIGN KEY (supersedes_statement_id) REFERENCES payout_statements (id),
    CONSTRAINT payout_statements_superseded_once UNIQUE (supersedes_statement_id),
    CONSTRAINT payout_statements_pool_total_not_negative CHECK (pool_total_credits >= 0)
);

CREATE UNIQUE INDEX one_statement_per_epoch ON payout_statements (epoch_id)
    WHERE supersedes_statement_id IS NULL;
