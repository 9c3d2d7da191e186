-- Cancels what waits in a batch. The caller holds the batch. Posts that a worker has end by themselves, at the latest before
-- their next call; the last of them ends the batch.
WITH
stopped AS (
    UPDATE campaign_posts p
    SET status = 'cancelled', wake_at = NULL, finalized_at = now(), updated_at = now()
    FROM (SELECT id, floor FROM batch_jobs WHERE id = $1) b
    WHERE p.batch_job_id = b.id AND p.position >= b.floor AND p.status IN ('pending', 'retrying')
    RETURNING p.id
)
UPDATE batch_jobs b
SET cancelled_posts = b.cancelled_posts + s.posts,
    retrying = 0,
    status = CASE WHEN b.processing = 0 THEN 'cancelled' ELSE 'cancelling' END,
    finished_at = CASE WHEN b.processing = 0 THEN now() END,
    pause_reason = NULL,
    version = b.version + 1,
    updated_at = now()
FROM (SELECT count(*) AS posts FROM stopped) s
WHERE b.id = $1
RETURNING b.version
