-- One batch as it stands. $1 batch
SELECT b.id, b.campaign_id, b.user_id, b.created_by, b.name, b.status, b.pause_reason, b.priority, b.total_posts,
       b.released, b.processing, b.retrying, b.completed_posts, b.failed_posts, b.cancelled_posts, b.version, b.run,
       b.cap_nanos, b.held_nanos, b.spent_nanos, b.unconfirmed_nanos, b.unknown_attempts, b.mode, b.deadline,
       b.lane, b.lane_reason, b.errors, b.error_log,
       b.created_at, b.updated_at, b.started_at, b.finished_at, now() AS read_at,
       EXISTS (SELECT FROM workers w WHERE w.lease_until > now()) AS has_workers
FROM batch_jobs b
WHERE b.id = $1 AND b.kind = 'post'
