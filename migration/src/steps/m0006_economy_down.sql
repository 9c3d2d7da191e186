ALTER TABLE attempts DROP COLUMN provider_batch;
DROP TABLE provider_batches;
ALTER TABLE batch_jobs
    DROP COLUMN mode,
    DROP COLUMN deadline,
    DROP COLUMN lane,
    DROP COLUMN lane_reason,
    DROP COLUMN lane_tender;
