-- A page of a batch's posts in their order, of those that stand at $4 if that is given.
-- $1 user  $2 batch  $3 the last position of the page before  $4 status as shown  $5 rows
SELECT p.id, p.batch_job_id, p.campaign_id, p.position, p.external_id, p.brand_name, p.topic, p.tone, p.brief,
       p.target_audience, p.platform, p.language, p.image_size, p.image_quality, p.wake_at, p.retries, p.revision,
       p.generated_caption, p.hashtags, p.image_prompt, p.alt_text, p.moderation, p.flags, p.near_duplicate_of,
       p.generated_image_url, p.image_width, p.image_height, p.image_bytes, p.image_format, p.image_thumbhash, p.cost_nanos, p.error_class,
       p.error_message, p.created_at, p.updated_at, p.finalized_at, shown.status
FROM batch_jobs b
JOIN campaign_posts p ON p.batch_job_id = b.id
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.status = 'pending' AND p.position < b.released THEN 'queued' ELSE p.status END AS status
) shown
WHERE b.id = $2 AND b.user_id = $1 AND b.kind = 'post' AND p.position > $3 AND ($4::text IS NULL OR shown.status = $4)
ORDER BY p.position
LIMIT $5
