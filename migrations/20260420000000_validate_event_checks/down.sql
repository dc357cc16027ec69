ALTER TABLE activity_events
    DROP CONSTRAINT provenance_required,
    DROP CONSTRAINT activity_events_kind_is_slug,
    ADD CONSTRAINT provenance_required CHECK (
        producer <> '' AND producer_version <> ''
        AND octet_length(payload_hash) = 64 AND payload_hash ~ '^[0-9a-f]+$'
    ) NOT VALID,
    ADD CONSTRAINT activity_events_kind_is_slug CHECK (
        octet_length(source) <= 64 AND source ~ '^[a-z][a-z0-9_.-]*$'
        AND octet_length(event_type) <= 64 AND event_type ~ '^[a-z][a-z0-9_.-]*$'
    ) NOT VALID;
