-- Inserts a generation: what was asked for, the batch of the same id, and one row a part.
-- $1 generation  $2 user  $3 kind  $4 parameters  $5 prompt  $6 external user  $7 project  $8 campaign  $9 context
-- $10 cap in nano-dollars  $11 parts released at once  $12 ids of the parts, in their order
WITH
asked AS (
    INSERT INTO generations (id, user_id, project_id, campaign_id, kind, parameters, prompt, external_user)
    VALUES ($1, $2, $7, $8, $3, $4, $5, $6)
),
batch AS (
    -- Its texts are not compared with those of campaigns: it counts as compared.
    INSERT INTO batch_jobs (id, campaign_id, user_id, created_by, name, total_posts, released, cap_nanos, kind, project_id,
                            context, compared_run)
    VALUES ($1, $8, $2, $2, left($3 || ': ' || $5, 255), cardinality($12::uuid[]), $11, $10, $3, $7, $9, 1)
)
INSERT INTO campaign_posts (id, batch_job_id, campaign_id, user_id, position, kind)
SELECT part.id, $1, $8, $2, part.place - 1, $3
FROM unnest($12::uuid[]) WITH ORDINALITY AS part (id, place)
