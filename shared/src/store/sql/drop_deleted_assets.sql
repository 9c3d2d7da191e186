-- Drops the rows of assets that were deleted, or whose project was, and leaves their keys to the sweep of stored bytes.
-- $1: how many rows at most.
WITH gone AS (
    DELETE FROM assets WHERE id IN (
        SELECT id FROM assets WHERE deleted_at IS NOT NULL
        UNION ALL
        SELECT a.id FROM projects p JOIN assets a ON a.project_id = p.id
        WHERE p.deleted_at IS NOT NULL AND a.deleted_at IS NULL
        LIMIT $1
    )
    RETURNING media_key, thumbnail_key
), keys AS (
    INSERT INTO unreferenced_media (media_key)
    SELECT DISTINCT key FROM gone CROSS JOIN LATERAL (VALUES (media_key), (thumbnail_key)) both_keys (key)
    -- In one order, as uploads touch them.
    ORDER BY key
    ON CONFLICT (media_key) DO UPDATE SET touched_at = now()
)
SELECT count(*) FROM gone
