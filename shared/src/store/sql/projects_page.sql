-- A page of a user's projects, the newest first, each with what belongs to it and what that has cost; with $4 that project
-- only. A batch holds the sum over its calls, so the sum over its batches is the sum over all calls of a project.
-- $1 user  $2 the last id of the page before  $3 rows  $4 one project
SELECT p.id, p.number, p.user_id, p.name, p.description, p.status, p.created_at, p.updated_at,
       held.campaigns, made.generations, made.cost_nanos
FROM (
    SELECT * FROM projects
    WHERE user_id = $1 AND deleted_at IS NULL AND id < $2 AND ($4::uuid IS NULL OR id = $4)
    ORDER BY id DESC
    LIMIT $3
) p
CROSS JOIN LATERAL (
    SELECT count(*) AS campaigns FROM campaigns c WHERE c.project_id = p.id AND c.deleted_at IS NULL
) held
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE b.kind <> 'post') AS generations,
           coalesce(sum(b.spent_nanos), 0)::bigint AS cost_nanos
    FROM batch_jobs b WHERE b.project_id = p.id
) made
ORDER BY p.id DESC
