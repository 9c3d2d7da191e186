-- The posts that any of the workers $1 owns in the batches $2.
SELECT p.id AS post, p.batch_job_id AS batch, p.owner, p.epoch, p.begun, p.deliveries, p.retries
FROM batch_jobs b JOIN campaign_posts p ON p.batch_job_id = b.id AND p.position >= b.floor
WHERE b.id = ANY ($2) AND p.status = 'processing' AND p.owner = ANY ($1)
