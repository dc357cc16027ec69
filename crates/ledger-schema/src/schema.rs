// @generated automatically by Diesel CLI.

diesel::table! {
    access_tokens (ledger_id, id) {
        ledger_id -> Uuid,
        id -> Uuid,
        name -> Text,
        scope -> Text,
        secret_hash -> Text,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    activity_events (ledger_id, id) {
        ledger_id -> Uuid,
        id -> Text,
        epoch_id -> Int8,
        source -> Text,
        event_type -> Text,
        platform_user_id -> Text,
        platform_login -> Nullable<Text>,
        user_id -> Nullable<Text>,
        artifact_url -> Nullable<Text>,
        metadata -> Nullable<Jsonb>,
        payload_hash -> Text,
        producer -> Text,
        producer_version -> Text,
        event_time -> Timestamptz,
        retrieved_at -> Timestamptz,
        ingested_at -> Timestamptz,
    }
}

diesel::table! {
    epoch_allocations (ledger_id, epoch_id, user_id) {
        ledger_id -> Uuid,
        epoch_id -> Int8,
        user_id -> Text,
        proposed_units -> Int8,
        final_units -> Nullable<Int8>,
        override_reason -> Nullable<Text>,
        activity_count -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    epoch_collections (ledger_id, epoch_id, source_id) {
        ledger_id -> Uuid,
        epoch_id -> Int8,
        source_id -> Text,
        collected_through -> Nullable<Timestamptz>,
        failed_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    epoch_pool_components (ledger_id, epoch_id, component_id) {
        epoch_id -> Int8,
        component_id -> Text,
        algorithm_version -> Text,
        inputs_json -> Jsonb,
        amount_credits -> Int8,
        evidence_ref -> Nullable<Text>,
        computed_at -> Timestamptz,
        ledger_id -> Uuid,
    }
}

diesel::table! {
    epochs (ledger_id, id) {
        id -> Int8,
        status -> Text,
        policy_repo -> Nullable<Text>,
        policy_commit_sha -> Nullable<Text>,
        policy_path -> Nullable<Text>,
        policy_content_hash -> Nullable<Text>,
        pool_total_credits -> Nullable<Int8>,
        opened_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        ledger_id -> Uuid,
        period_start -> Timestamptz,
        period_end -> Timestamptz,
        weight_config -> Jsonb,
    }
}

diesel::table! {
    idempotency_keys (ledger_id, key) {
        ledger_id -> Uuid,
        key -> Text,
        request_hash -> Text,
        answer -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    identity_bindings (ledger_id, source, platform_user_id) {
        ledger_id -> Uuid,
        source -> Text,
        platform_user_id -> Text,
        user_id -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (ledger_id, kind, subject) {
        ledger_id -> Uuid,
        kind -> Text,
        subject -> Text,
        state -> Text,
        run_at -> Timestamptz,
        attempts -> Int8,
        worker -> Nullable<Text>,
        lease_id -> Nullable<Uuid>,
        lease_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        waits_for -> Nullable<Text>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    ledgers (ledger_id) {
        ledger_id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
        visibility -> Text,
    }
}

diesel::table! {
    payout_statements (ledger_id, id) {
        id -> Uuid,
        epoch_id -> Int8,
        allocation_set_hash -> Text,
        pool_total_credits -> Int8,
        payouts_json -> Jsonb,
        supersedes_statement_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        ledger_id -> Uuid,
    }
}

diesel::table! {
    source_cursors (ledger_id, source, stream, scope) {
        ledger_id -> Uuid,
        source -> Text,
        stream -> Text,
        scope -> Text,
        cursor_value -> Text,
        retrieved_at -> Timestamptz,
    }
}

diesel::table! {
    users (ledger_id, user_id) {
        user_id -> Text,
        display_name -> Nullable<Text>,
        created_at -> Timestamptz,
        ledger_id -> Uuid,
    }
}

diesel::joinable!(access_tokens -> ledgers (ledger_id));
diesel::joinable!(epochs -> ledgers (ledger_id));
diesel::joinable!(idempotency_keys -> ledgers (ledger_id));
diesel::joinable!(jobs -> ledgers (ledger_id));
diesel::joinable!(source_cursors -> ledgers (ledger_id));
diesel::joinable!(users -> ledgers (ledger_id));

diesel::allow_tables_to_appear_in_same_query!(
    access_tokens,
    activity_events,
    epoch_allocations,
    epoch_collections,
    epoch_pool_components,
    epochs,
    idempotency_keys,
    identity_bindings,
    jobs,
    ledgers,
    payout_statements,
    source_cursors,
    users,
);
