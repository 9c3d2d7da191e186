-- A user's calls as old clients count them: as jobs that made a text or an image, the newest first. A call that was not
-- billed and was followed by another for the same work is no job; judging a text is part of making it.
-- $1 user  $2 who it was asked for: the name that the client gave, else the user's own number  $3 text or image  $4 rows
SELECT a.number, a.step, a.model, a.state, a.outcome, a.verdict, a.cost_nanos, a.usage, a.started_at, a.duration_ms,
       g.external_user, u.number AS user_number,
       coalesce(g.prompt, p.topic, p.brand_name, '') AS prompt
FROM attempts a
JOIN users u ON u.id = a.user_id
LEFT JOIN generations g ON g.id = a.batch_job_id
LEFT JOIN campaign_posts p ON p.id = a.work_id
WHERE a.user_id = $1 AND a.state <> 'reserved' AND a.step <> 'moderation'
  AND ($2::text IS NULL OR coalesce(g.external_user, u.number::text) = $2)
  AND ($3::text IS NULL OR (a.step = 'image') = ($3 = 'image'))
  AND (a.state <> 'failed' OR NOT EXISTS (
      SELECT FROM attempts later WHERE later.work_id = a.work_id AND later.step = a.step AND later.ordinal > a.ordinal))
ORDER BY a.call_id DESC
LIMIT $4
