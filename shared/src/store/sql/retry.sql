-- Runs a finished batch's failed posts again. The caller holds the batch. No row: nothing had failed.
WITH
again AS (
    UPDATE campaign_posts p
    SET status = 'pending', retries = 0, deliveries = 0, error_class = NULL, error_message = NULL, finalized_at = NULL,
        updated_at = now()
    WHERE p.batch_job_id = $1 AND p.status = 'failed'
    RETURNING p.position
)
UPDATE batch_jobs b
SET status = 'processing', finished_at = NULL, failed_posts = b.failed_posts - a.posts, run = b.run + 1,
    errors = '{}', error_log = NULL,
    released = least(b.released, a.first), floor = least(b.floor, a.first), released_at = now(),
    version = b.version + 1, updated_at = now()
FROM (SELECT count(*) AS posts, min(position) AS first FROM again) a
WHERE b.id = $1 AND a.posts > 0
RETURNING b.version
