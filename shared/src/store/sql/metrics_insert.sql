-- Writes metrics, and answers the ids of those that were written. One whose name is known already is left out; in the order
-- of their names, so that two senders of the same ones wait for each other and never in a ring.
-- $1 user  $2 ids  $3 projects  $4 campaigns  $5 posts  $6 metrics  $7 values  $8 times, null for now  $9 names
INSERT INTO metrics (user_id, id, project_id, campaign_id, post_id, metric, value, occurred_at, external_id)
SELECT $1, t.id, t.project_id, t.campaign_id, t.post_id, t.metric, t.value, coalesce(t.occurred_at, now()), t.external_id
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::bigint[], $8::timestamptz[], $9::text[])
     WITH ORDINALITY AS t (id, project_id, campaign_id, post_id, metric, value, occurred_at, external_id, n)
ORDER BY t.external_id, t.n
ON CONFLICT (user_id, external_id) WHERE external_id IS NOT NULL DO NOTHING
RETURNING id
