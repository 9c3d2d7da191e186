-- One post. $1 user  $2 post
SELECT p.id, p.batch_job_id, p.campaign_id, p.position, p.external_id, p.brand_name, p.topic, p.tone, p.brief,
       p.target_audience, p.platform, p.language, p.image_size, p.image_quality, p.wake_at, p.retries, p.revision,
       p.generated_caption, p.hashtags, p.image_prompt, p.alt_text, p.moderation, p.flags, p.near_duplicate_of,
       p.generated_image_url, p.image_width, p.image_height, p.image_bytes, p.image_format, p.image_thumbhash, p.cost_nanos, p.error_class,
       p.error_message, p.created_at, p.updated_at, p.finalized_at,
       CASE WHEN p.status = 'pending' AND p.position < b.released THEN 'queued' ELSE p.status END AS status
FROM campaign_posts p
JOIN batch_jobs b ON b.id = p.batch_job_id
WHERE p.id = $2 AND p.user_id = $1 AND p.kind = 'post'
