-- What a user's calls have cost as old clients add it up: one row for all of them, and one a model. What counts as a job is
-- said with the page of them; every call's cost counts.
-- $1 user  $2 who it was asked for: the name that the client gave, else the user's own number  $3 text or image
WITH call AS (
    SELECT a.model, a.step = 'image' AS of_image, a.cost_nanos, a.started_at,
           a.step <> 'moderation' AND (a.state <> 'failed' OR NOT EXISTS (
               SELECT FROM attempts later
               WHERE later.work_id = a.work_id AND later.step = a.step AND later.ordinal > a.ordinal)) AS is_job
    FROM attempts a
    JOIN users u ON u.id = a.user_id
    LEFT JOIN generations g ON g.id = a.batch_job_id
    WHERE a.user_id = $1 AND a.state <> 'reserved'
      AND ($2::text IS NULL OR coalesce(g.external_user, u.number::text) = $2)
      AND ($3::text IS NULL OR (a.step = 'image') = ($3 = 'image'))
)
SELECT grouping(model) = 1 AS is_total, model,
       count(*) FILTER (WHERE is_job AND NOT of_image) AS text_jobs,
       count(*) FILTER (WHERE is_job AND of_image) AS image_jobs,
       coalesce(sum(cost_nanos) FILTER (WHERE NOT of_image), 0)::bigint AS text_nanos,
       coalesce(sum(cost_nanos) FILTER (WHERE of_image), 0)::bigint AS image_nanos,
       min(started_at) AS first_at
FROM call
GROUP BY GROUPING SETS ((model), ())
HAVING grouping(model) = 1 OR bool_or(is_job) OR sum(cost_nanos) > 0
ORDER BY is_total DESC, model
