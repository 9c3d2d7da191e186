-- Tells whether an asset has the uploaded image of a key, and whether work that is not finished needs its bytes.
-- $1: the key.
SELECT EXISTS (
    SELECT FROM assets a JOIN projects p ON p.id = a.project_id
    WHERE a.media_key = $1 AND a.deleted_at IS NULL AND p.deleted_at IS NULL
) OR EXISTS (
    SELECT FROM assets a JOIN projects p ON p.id = a.project_id
    WHERE a.thumbnail_key = $1 AND a.deleted_at IS NULL AND p.deleted_at IS NULL
), EXISTS (
    SELECT FROM batch_jobs WHERE finished_at IS NULL AND context ->> 'reference' = $1
)
