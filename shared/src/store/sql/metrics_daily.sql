-- Sums by day (UTC), of days on which anything was counted. $1 user  $2 project  $3 campaign  $4 from  $5 to (not included)
SELECT (m.occurred_at AT TIME ZONE 'UTC')::date AS day,
       coalesce(sum(m.value) FILTER (WHERE m.metric = 'impressions'), 0)::bigint AS impressions,
       coalesce(sum(m.value) FILTER (WHERE m.metric = 'clicks'), 0)::bigint AS clicks,
       coalesce(sum(m.value) FILTER (WHERE m.metric = 'conversions'), 0)::bigint AS conversions
FROM metrics m
WHERE m.user_id = $1 AND ($2::uuid IS NULL OR m.project_id = $2) AND ($3::uuid IS NULL OR m.campaign_id = $3)
  AND m.occurred_at >= $4 AND m.occurred_at < $5
GROUP BY 1
ORDER BY 1
