-- Begins the account of a user for this month, with what calls that were reserved in it have cost and hold, and empty ones
-- for the two months to come. The caller holds the rows of the user, of the user's campaigns and of all their batches; the
-- month is that of the clock, after those locks were waited for.
-- $1 user  $2 cap in nano-dollars
WITH
month AS (
    SELECT date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') AS first
),
entry AS (
    -- Batches of this month, whole.
    SELECT b.held_nanos AS held, b.spent_nanos AS spent, b.unconfirmed_nanos AS unconfirmed
    FROM month m, batch_jobs b
    WHERE b.user_id = $1 AND b.created_at >= m.first AT TIME ZONE 'UTC'
    UNION ALL
    -- Of older batches that were still at work, the calls of this month. The hour covers transactions that began in the old
    -- month and ended in the new one.
    SELECT CASE WHEN a.state IN ('reserved', 'sent', 'unknown') THEN a.reserved_nanos ELSE 0 END,
           a.cost_nanos,
           CASE WHEN a.state = 'unknown' THEN a.reserved_nanos ELSE 0 END
    FROM month m, batch_jobs b
    JOIN campaign_posts p ON p.batch_job_id = b.id
    JOIN attempts a ON a.work_id = p.id
    WHERE b.user_id = $1 AND b.created_at < m.first AT TIME ZONE 'UTC'
      AND b.updated_at >= (m.first AT TIME ZONE 'UTC') - interval '1 hour'
      AND a.started_at >= m.first AT TIME ZONE 'UTC'
)
INSERT INTO budgets (scope, scope_id, period, user_id, cap_nanos, held_nanos, spent_nanos, unconfirmed_nanos)
SELECT 'user', $1, to_char(m.first, 'YYYY-MM'), $1, $2, e.held, e.spent, e.unconfirmed
FROM month m, (SELECT coalesce(sum(held), 0) AS held, coalesce(sum(spent), 0) AS spent,
                      coalesce(sum(unconfirmed), 0) AS unconfirmed FROM entry) e
UNION ALL
SELECT 'user', $1, to_char(m.first + n * interval '1 month', 'YYYY-MM'), $1, $2, 0, 0, 0
FROM month m, generate_series(1, 2) n
ON CONFLICT (scope_id, period) DO UPDATE SET cap_nanos = excluded.cap_nanos
