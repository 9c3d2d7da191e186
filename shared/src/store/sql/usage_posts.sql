-- Posts that were made for a user since a moment. $1 user  $2 since
SELECT coalesce(sum(
    -- Of batches that are older, the posts that ended since.
    CASE WHEN b.created_at >= $2 THEN b.completed_posts
         ELSE (SELECT count(*) FROM campaign_posts p
               WHERE p.batch_job_id = b.id AND p.status = 'completed' AND p.finalized_at >= $2) END), 0)::bigint
FROM batch_jobs b
WHERE b.user_id = $1 AND b.kind = 'post' AND b.updated_at >= $2
