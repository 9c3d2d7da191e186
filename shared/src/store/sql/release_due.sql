-- The ids of at most $2 posts whose time to be tried again has come. The caller holds the batch. Their time moves on by 8
-- seconds, after which an id that was lost on its way comes again; the claim clears it.
UPDATE campaign_posts p
SET wake_at = now() + interval '8 seconds'
WHERE p.id = ANY (ARRAY(
    SELECT id FROM campaign_posts
    WHERE batch_job_id = $1 AND wake_at <= now()
    ORDER BY wake_at LIMIT $2
))
RETURNING p.id
