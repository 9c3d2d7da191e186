-- What a user's calls have cost: one row a group, the dearest first (days and months in their order), and one row for all of
-- them. Calls that were booked but not sent are left out; of those that were cut off, nobody knows the cost, so what they may
-- have cost at most stands beside the sum. Costs of deleted projects and campaigns stay.
-- $1 user  $2 $3 ids of calls between which the period lies  $4 from  $5 to (not included)  $6 project  $7 campaign  $8 kind
-- $9 model  $10 what to group by  $11 groups at most
WITH call AS (
    SELECT CASE $10
               WHEN 'kind' THEN b.kind
               WHEN 'step' THEN a.step
               WHEN 'model' THEN a.model
               WHEN 'provider' THEN a.provider
               WHEN 'key' THEN concat_ws('/', a.provider, a.pool, a.key_label)
               WHEN 'campaign' THEN b.campaign_id::text
               WHEN 'project' THEN b.project_id::text
               WHEN 'day' THEN (a.started_at AT TIME ZONE 'UTC')::date::text
               WHEN 'month' THEN month_of(a.started_at)
           END AS key,
           a.step, a.state, a.outcome, a.cost_nanos, a.reserved_nanos, a.usage
    FROM attempts a
    JOIN batch_jobs b ON b.id = a.batch_job_id
    WHERE a.user_id = $1 AND a.call_id >= $2 AND a.call_id <= $3 AND a.state <> 'reserved'
      AND ($4::timestamptz IS NULL OR a.started_at >= $4) AND ($5::timestamptz IS NULL OR a.started_at < $5)
      AND ($6::uuid IS NULL OR b.project_id = $6) AND ($7::uuid IS NULL OR b.campaign_id = $7)
      AND ($8::text IS NULL OR b.kind = $8) AND ($9::text IS NULL OR a.model = $9)
), summed AS (
    SELECT grouping(key) = 1 AS is_total, key,
           count(*) AS calls,
           coalesce(sum(cost_nanos), 0)::bigint AS cost_nanos,
           count(*) FILTER (WHERE state = 'unknown') AS unconfirmed_calls,
           coalesce(sum(reserved_nanos) FILTER (WHERE state = 'unknown'), 0)::bigint AS unconfirmed_nanos,
           coalesce(sum((usage ->> 'input_tokens')::bigint), 0)::bigint AS input_tokens,
           coalesce(sum((usage ->> 'output_tokens')::bigint), 0)::bigint AS output_tokens,
           count(*) FILTER (WHERE step = 'image' AND outcome = 'ok') AS images
    FROM call
    GROUP BY GROUPING SETS ((key), ())
)
SELECT s.is_total, s.key, coalesce(c.name, p.name) AS name, s.calls, s.cost_nanos, s.unconfirmed_calls, s.unconfirmed_nanos,
       s.input_tokens, s.output_tokens, s.images
FROM summed s
LEFT JOIN campaigns c ON $10 = 'campaign' AND c.id::text = s.key AND c.user_id = $1
LEFT JOIN projects p ON $10 = 'project' AND p.id::text = s.key AND p.user_id = $1
ORDER BY s.is_total DESC, CASE WHEN $10 IN ('day', 'month') THEN s.key END, s.cost_nanos DESC, s.key
LIMIT $11::bigint + 1
