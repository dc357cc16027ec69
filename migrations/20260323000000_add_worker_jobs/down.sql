-- Jobs are made again by whoever runs a worker. What was missing in an epoch is told nowhere else, so
-- this way down refuses while that is recorded.
DO $$
BEGIN
    IF EXISTS (SELECT FROM epoch_collections) THEN
        RAISE EXCEPTION 'the schema before this one cannot hold how far each source was collected into '
            'each epoch, and that would be lost; restore a backup from before the upgrade instead'
            USING ERRCODE = 'object_not_in_prerequisite_state',
            CONSTRAINT = 'way_down_loses_nothing';
    END IF;
END
$$;

DROP TABLE epoch_collections;
DROP TABLE jobs;
