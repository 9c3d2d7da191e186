-- Offers the print of a part's picture: it is kept, unless a sibling has almost the same. The caller holds the batch.
-- $1 part  $2 batch  $3 worker  $4 epoch  $5 print  $6 bits that two near-copies differ in at most
WITH
held AS (
    SELECT p.id FROM campaign_posts p
    WHERE p.id = $1 AND p.batch_job_id = $2 AND p.owner = $3 AND p.epoch = $4 AND p.status = 'processing'
),
nearest AS (
    -- What failed or was cancelled is shown to nobody.
    SELECT s.position, bit_count((s.simhash # $5::bigint)::bit(64))::int AS distance
    FROM campaign_posts s
    WHERE s.batch_job_id = $2 AND s.id <> $1 AND s.simhash IS NOT NULL AND s.status NOT IN ('failed', 'cancelled')
    ORDER BY distance, s.position
    LIMIT 1
),
kept AS (
    UPDATE campaign_posts p SET simhash = $5::bigint
    FROM held h
    WHERE p.id = h.id AND NOT EXISTS (SELECT FROM nearest n WHERE n.distance <= $6::int)
    RETURNING p.id
)
SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM kept) AS kept, n.position, n.distance
FROM (VALUES (1)) one LEFT JOIN nearest n ON true
