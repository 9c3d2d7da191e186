-- Takes those rows of a slice that nobody has: posts, or parts of a generation. The caller holds the batch's row and a share of the worker's.
-- $1 worker, $2 batch, $3 posts, $4 the status that they wait in.
WITH
taken AS (
    UPDATE campaign_posts p
    SET status = 'processing', owner = $1, epoch = p.epoch + 1, begun = false, wake_at = NULL, updated_at = now()
    FROM batch_jobs b
    WHERE b.id = $2 AND b.status IN ('pending', 'processing')
      -- Compared so that no index of the batch's rows serves: those of the slice are looked up by id.
      AND p.id = ANY ($3) AND p.batch_job_id IS NOT DISTINCT FROM b.id AND p.status = $4
    RETURNING p.*
),
counted AS (
    UPDATE batch_jobs b
    SET status = 'processing',
        started_at = coalesce(b.started_at, now()),
        processing = b.processing + t.posts,
        retrying = b.retrying - CASE WHEN $4 = 'retrying' THEN t.posts ELSE 0 END,
        version = b.version + 1,
        updated_at = now()
    FROM (SELECT count(*) AS posts FROM taken) t
    WHERE b.id = $2 AND t.posts > 0
    RETURNING b.version, b.context
)
SELECT t.id, t.batch_job_id, t.user_id, t.position, t.kind, t.brand_name, t.topic, t.tone, t.brief, t.target_audience,
       t.platform, t.language, t.image_size, t.image_quality, t.epoch, t.deliveries, t.retries, t.revision,
       t.caption_ordinal, t.image_ordinal, t.moderation_ordinal, t.text_ordinal, t.moderation,
       t.generated_caption, t.hashtags, t.image_prompt, t.alt_text, t.generated_image_url, c.version, g.parameters,
       -- All of them have it; it is read once.
       CASE WHEN t.position = min(t.position) OVER () THEN c.context END AS context
FROM taken t CROSS JOIN counted c
LEFT JOIN generations g ON t.kind <> 'post' AND g.id = $2
ORDER BY t.position
