-- Moves a batch's mark past its next $2 posts that wait to be pushed, and answers their ids. The caller holds the batch.
WITH
mark AS (
    SELECT released, total_posts FROM batch_jobs WHERE id = $1 AND status IN ('pending', 'processing')
      AND (lane IS NULL OR lane IN ('done', 'live'))
),
next AS (
    SELECT p.id, p.position FROM campaign_posts p
    WHERE p.batch_job_id = $1 AND p.position >= (SELECT released FROM mark) AND p.status = 'pending'
    ORDER BY p.position LIMIT $2
),
found AS (
    SELECT count(*) AS posts, max(position) + 1 AS mark, array_agg(id ORDER BY position) AS ids FROM next
)
UPDATE batch_jobs b
SET released = CASE WHEN f.posts < $2 THEN b.total_posts ELSE f.mark END,
    released_at = now(), version = b.version + 1, updated_at = now()
FROM found f, mark
WHERE b.id = $1
RETURNING coalesce(f.ids, '{}') AS ids, b.version
