-- A page of a user's calls, the newest first, each with what it was made for.
-- $1 user  $2 the first id of the period  $3 the last one  $4 from  $5 to (not included)  $6 project  $7 campaign  $8 kind
-- $9 model  $10 the call that the page before ended with  $11 rows
SELECT a.call_id, a.number, b.kind, a.step, a.ordinal, a.revision, a.provider, a.pool, a.key_label, a.model, a.state, a.outcome,
       a.verdict, a.reserved_nanos, a.cost_nanos, a.cost_source, a.usage, a.provider_request_id, a.started_at, a.duration_ms,
       a.work_id, a.batch_job_id, b.campaign_id, b.project_id
FROM attempts a
JOIN batch_jobs b ON b.id = a.batch_job_id
WHERE a.user_id = $1 AND a.call_id >= $2 AND a.call_id <= $3 AND a.call_id < $10
  AND ($4::timestamptz IS NULL OR a.started_at >= $4) AND ($5::timestamptz IS NULL OR a.started_at < $5)
  AND ($6::uuid IS NULL OR b.project_id = $6) AND ($7::uuid IS NULL OR b.campaign_id = $7)
  AND ($8::text IS NULL OR b.kind = $8) AND ($9::text IS NULL OR a.model = $9)
ORDER BY a.call_id DESC
LIMIT $11
