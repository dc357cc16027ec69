-- Reads all events, and lets others read and write meanwhile.
ALTER TABLE activity_events VALIDATE CONSTRAINT provenance_required;
ALTER TABLE activity_events VALIDATE CONSTRAINT activity_events_kind_is_slug;
