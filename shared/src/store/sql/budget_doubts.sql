-- Books calls that became unknown at the caps above their batches; their money stays held.
-- $1 campaigns or users  $2 periods  $3 nano-dollars
WITH
doubt AS (
    SELECT scope_id, period, sum(nanos) AS nanos
    FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS t (scope_id, period, nanos)
    GROUP BY scope_id, period
),
locked AS MATERIALIZED (
    SELECT g.scope_id, g.period FROM budgets g
    WHERE (g.scope_id, g.period) IN (SELECT scope_id, period FROM doubt)
    ORDER BY g.scope_id, g.period
    FOR UPDATE OF g
)
UPDATE budgets g
SET unconfirmed_nanos = g.unconfirmed_nanos + d.nanos, updated_at = now()
FROM doubt d JOIN locked USING (scope_id, period)
WHERE g.scope_id = d.scope_id AND g.period = d.period
