-- All figures of a user, or of one of the user's projects, and how many campaigns there are.
-- $1 user  $2 whether of one project only  $3 its id, or  $4 its number
WITH project AS (
    SELECT id FROM projects WHERE user_id = $1 AND (id = $3 OR number = $4)
)
SELECT (SELECT count(*) FROM campaigns c
        WHERE c.user_id = $1 AND c.deleted_at IS NULL
          AND (NOT $2 OR c.project_id = (SELECT id FROM project))) AS campaigns,
       coalesce(sum(m.value) FILTER (WHERE m.metric = 'impressions'), 0)::bigint AS impressions,
       coalesce(sum(m.value) FILTER (WHERE m.metric = 'clicks'), 0)::bigint AS clicks,
       coalesce(sum(m.value) FILTER (WHERE m.metric = 'conversions'), 0)::bigint AS conversions
FROM metrics m
WHERE m.user_id = $1 AND (NOT $2 OR m.project_id = (SELECT id FROM project))
