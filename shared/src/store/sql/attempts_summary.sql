-- Every call of a batch, counted by where it went and what came of it. The ids of a batch's posts are made together and rise
-- with time, so the calls for them lie close together under the primary key of the attempts.
WITH posts AS (
    SELECT (SELECT id FROM campaign_posts WHERE batch_job_id = $2 AND user_id = $1 ORDER BY id LIMIT 1) AS first,
           (SELECT id FROM campaign_posts WHERE batch_job_id = $2 AND user_id = $1 ORDER BY id DESC LIMIT 1) AS last
)
SELECT a.step, a.provider, a.model,
       CASE WHEN a.state = 'sent' THEN 'in_flight'
            WHEN a.state = 'reserved' THEN 'reserved'
            WHEN a.verdict IS NOT NULL THEN split_part(a.verdict, ':', 1)
            WHEN a.state = 'unknown' THEN 'interrupted'
            ELSE 'served' END AS verdict,
       count(*) AS calls,
       count(*) FILTER (WHERE a.state = 'unknown') AS unknown,
       coalesce(sum(a.cost_nanos), 0)::bigint AS cost_nanos,
       coalesce(sum(a.reserved_nanos) FILTER (WHERE a.state = 'unknown'), 0)::bigint AS unconfirmed_nanos
FROM attempts a, posts
WHERE a.work_id BETWEEN posts.first AND posts.last AND a.batch_job_id = $2 AND a.user_id = $1
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
