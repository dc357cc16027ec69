ALTER TABLE activity_events
    DROP CONSTRAINT provenance_required,
    DROP CONSTRAINT activity_events_kind_is_slug,
    ADD CONSTRAINT provenance_required CHECK (
        producer <> '' AND producer_version <> '' AND payload_hash ~ '^[0-9a-f]{64}$'
    ),
    ADD CONSTRAINT activity_events_kind_is_slug CHECK (
        source ~ '^[a-z][a-z0-9_.-]{0,63}$' AND event_type ~ '^[a-z][a-z0-9_.-]{0,63}$'
    );
