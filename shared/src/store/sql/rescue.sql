-- Takes posts of one batch back from their owners: $1 batch; $2 to $7 are the columns of a list of posts: the post, its owner
-- and its epoch, the counts that it has from now on, and the reason why it fails (NULL: it is tried again). Posts that have
-- left this owner or this epoch are left out. The caller holds the batch. What was sent for the posts is unknown now, and its
-- money stays held.
WITH
lost AS (
    SELECT t.* FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::smallint[], $6::smallint[], $7::text[])
        AS t (post_id, owner, epoch, deliveries, retries, failure)
),
freed AS (
    UPDATE campaign_posts p
    SET status = CASE WHEN b.status = 'cancelling' THEN 'cancelled' WHEN l.failure IS NOT NULL THEN 'failed' ELSE 'retrying' END,
        owner = NULL,
        epoch = p.epoch + 1,
        begun = false,
        deliveries = l.deliveries,
        retries = l.retries,
        wake_at = CASE WHEN b.status <> 'cancelling' AND l.failure IS NULL THEN now() END,
        error_class = CASE WHEN b.status <> 'cancelling' AND l.failure IS NOT NULL THEN 'worker_lost' ELSE p.error_class END,
        error_message = CASE WHEN b.status <> 'cancelling' AND l.failure IS NOT NULL THEN l.failure ELSE p.error_message END,
        finalized_at = CASE WHEN b.status = 'cancelling' OR l.failure IS NOT NULL THEN now() END,
        updated_at = now()
    FROM lost l, batch_jobs b
    WHERE b.id = $1 AND p.id = l.post_id AND p.id = ANY ($2) AND p.status = 'processing' AND p.owner = l.owner
      AND p.epoch = l.epoch
    RETURNING p.id, p.status, p.error_message
),
unknown AS (
    UPDATE attempts a SET state = 'unknown', outcome = 'error', verdict = 'worker_lost', cost_source = 'none'
    FROM freed f WHERE a.work_id = f.id AND a.work_id = ANY ($2) AND a.state = 'sent'
    RETURNING month_of(a.started_at) AS month, a.reserved_nanos
),
doubt AS (
    SELECT coalesce(sum(nanos), 0) AS nanos, coalesce(sum(attempts), 0) AS attempts,
           coalesce(array_agg(month), '{}') AS months, coalesce(array_agg(nanos::bigint), '{}') AS by_month
    FROM (SELECT month, sum(reserved_nanos) AS nanos, count(*) AS attempts FROM unknown GROUP BY month) u
),
tally AS (
    SELECT count(*) AS freed,
           count(*) FILTER (WHERE status = 'retrying') AS retrying,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
           min(error_message) FILTER (WHERE status = 'failed') AS message
    FROM freed
),
final AS (
    SELECT b.id, b.completed_posts + b.failed_posts + b.cancelled_posts + t.failed + t.cancelled = b.total_posts AS whole
    FROM batch_jobs b, tally t WHERE b.id = $1
)
UPDATE batch_jobs b
SET processing = b.processing - t.freed,
    retrying = b.retrying + t.retrying,
    failed_posts = b.failed_posts + t.failed,
    cancelled_posts = b.cancelled_posts + t.cancelled,
    errors = CASE WHEN t.failed > 0
        THEN b.errors || jsonb_build_object('worker_lost', t.failed + coalesce((b.errors ->> 'worker_lost')::bigint, 0))
        ELSE b.errors END,
    error_log = CASE WHEN t.failed > 0 AND NOT b.errors ? 'worker_lost'
        THEN concat_ws(E'\n', b.error_log, 'worker_lost: ' || t.message) ELSE b.error_log END,
    status = CASE WHEN NOT f.whole THEN b.status
                  WHEN b.status = 'cancelling' OR b.cancelled_posts + t.cancelled > 0 THEN 'cancelled'
                  WHEN b.completed_posts > 0 THEN 'completed'
                  ELSE 'failed' END,
    pause_reason = CASE WHEN f.whole THEN NULL ELSE b.pause_reason END,
    finished_at = CASE WHEN f.whole THEN now() END,
    unconfirmed_nanos = b.unconfirmed_nanos + d.nanos,
    unknown_attempts = b.unknown_attempts + d.attempts,
    version = b.version + 1,
    updated_at = now()
FROM tally t, final f, doubt d
WHERE b.id = $1 AND t.freed > 0
RETURNING b.version, t.freed, b.campaign_id, b.user_id, d.months, d.by_month
