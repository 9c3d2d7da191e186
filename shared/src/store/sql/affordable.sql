-- Batches that a cap has paused and that no cap keeps any longer: what was refused fits now. In the order of locks.
-- $1 user, or NULL for everybody's  $2 batches, or NULL for any
SELECT b.id
FROM batch_jobs b
CROSS JOIN LATERAL (SELECT b.held_nanos + b.spent_nanos + coalesce(b.wanted_nanos, 0) AS nanos) own
WHERE b.pause_reason = 'budget'
  AND ($1::uuid IS NULL OR b.user_id = $1)
  AND ($2::uuid[] IS NULL OR b.id = ANY ($2))
  AND (b.cap_nanos IS NULL OR own.nanos <= b.cap_nanos)
  AND NOT EXISTS (
      SELECT FROM budgets g
      WHERE g.scope_id IN (b.campaign_id, b.user_id) AND g.period IN ('all', month_of(now()))
        AND g.held_nanos + g.spent_nanos + coalesce(b.wanted_nanos, 0) > g.cap_nanos)
ORDER BY b.id
