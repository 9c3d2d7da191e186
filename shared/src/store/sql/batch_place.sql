-- Inserts a batch under a campaign of the user's that is not deleted; no row comes back when there is none. It keeps its
-- campaign's project, and that project's brand kit as it is now.
-- FOR SHARE keeps the campaign from being deleted before this transaction ends, so that no batch is left behind it.
-- $1 batch  $2 campaign  $3 user  $4 name  $5 priority  $6 total posts  $7 posts released at once  $8 cap in nano-dollars
-- $9 deadline of an economy batch, whose lane is open from the start
WITH campaign AS (
    SELECT c.id, c.target_audience, c.project_id,
           (SELECT jsonb_build_object('brand', k.kit) FROM brand_kits k WHERE k.project_id = c.project_id) AS context
    FROM campaigns c
    WHERE c.id = $2 AND c.user_id = $3 AND c.deleted_at IS NULL
    FOR SHARE OF c
), batch AS (
    INSERT INTO batch_jobs (id, campaign_id, user_id, created_by, name, priority, total_posts, released, cap_nanos, mode,
                            deadline, lane, project_id, context)
    SELECT $1, campaign.id, $3, $3, $4, $5, $6, $7, $8,
           CASE WHEN $9::timestamptz IS NULL THEN 'live' ELSE 'economy' END, $9,
           CASE WHEN $9::timestamptz IS NOT NULL THEN 'waiting' END,
           campaign.project_id, campaign.context
    FROM campaign
    RETURNING *
)
SELECT b.id, b.campaign_id, b.user_id, b.created_by, b.name, b.status, b.pause_reason, b.priority, b.total_posts,
       b.released, b.processing, b.retrying, b.completed_posts, b.failed_posts, b.cancelled_posts, b.version, b.run,
       b.cap_nanos, b.held_nanos, b.spent_nanos, b.unconfirmed_nanos, b.unknown_attempts, b.mode, b.deadline,
       b.lane, b.lane_reason, b.errors, b.error_log,
       b.created_at, b.updated_at, b.started_at, b.finished_at, now() AS read_at,
       EXISTS (SELECT FROM workers w WHERE w.lease_until > now()) AS has_workers,
       campaign.target_audience
FROM batch b, campaign
