-- Sets a batch's mark back to its first post that is not final, so that every post is pushed again; claims make the
-- duplicates harmless. The caller holds the batch.
UPDATE batch_jobs b
SET released = least(b.released, first.position), floor = least(b.released, first.position),
    released_at = now(), version = b.version + 1, updated_at = now()
FROM (
    SELECT coalesce((
        SELECT p.position FROM campaign_posts p
        WHERE p.batch_job_id = $1 AND p.position >= (SELECT floor FROM batch_jobs WHERE id = $1)
          AND p.status IN ('pending', 'processing', 'retrying')
        ORDER BY p.position LIMIT 1
    ), (SELECT total_posts FROM batch_jobs WHERE id = $1)) AS position
) first
WHERE b.id = $1
RETURNING b.version
