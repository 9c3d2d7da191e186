-- Flags those captions of a stretch that say almost what an earlier post of the campaign says. Their prints are kept. The
-- caller holds the batch. Ids rise with time, so the earliest post keeps its good name and the later ones point at it.
-- $1 batch  $2 campaign  $3 the first position  $4 the position after the last  $5 bits that two captions may differ in
WITH
mine AS (
    SELECT p.id, p.simhash
    FROM campaign_posts p
    WHERE p.batch_job_id = $1 AND p.position >= $3 AND p.position < $4 AND p.status = 'completed' AND p.simhash IS NOT NULL
),
earliest AS (
    SELECT m.id, min(o.post_id::text)::uuid AS original
    FROM mine m
    CROSS JOIN (VALUES (0, 0, 2047), (1, 11, 2047), (2, 22, 2047), (3, 33, 2047), (4, 44, 1023), (5, 54, 1023)) b (band, shift, mask)
    -- One a part: a campaign that says the same a thousand times is not compared a million times.
    CROSS JOIN LATERAL (
        SELECT c.post_id
        FROM caption_prints c
        JOIN campaign_posts o ON o.id = c.post_id AND o.simhash = c.simhash
        WHERE c.campaign_id = $2 AND c.band = b.band AND c.part = ((m.simhash >> b.shift) & b.mask) AND c.post_id < m.id
          AND bit_count((c.simhash # m.simhash)::bit(64)) <= $5
        ORDER BY c.post_id
        LIMIT 1
    ) o
    GROUP BY m.id
)
UPDATE campaign_posts p
SET near_duplicate_of = e.original, updated_at = now(),
    flags = CASE WHEN 'near_duplicate' = ANY (p.flags) THEN p.flags ELSE p.flags || 'near_duplicate'::text END
FROM earliest e
WHERE p.id = e.id AND p.near_duplicate_of IS DISTINCT FROM e.original
