-- Keeps the prints of a stretch of a batch's captions: each in six parts, so that two that differ in at most five bits have
-- at least one part in common.
-- $1 batch  $2 campaign  $3 the first position  $4 the position after the last
INSERT INTO caption_prints (campaign_id, band, part, post_id, simhash)
SELECT $2, b.band, (p.simhash >> b.shift) & b.mask, p.id, p.simhash
FROM campaign_posts p
CROSS JOIN (VALUES (0, 0, 2047), (1, 11, 2047), (2, 22, 2047), (3, 33, 2047), (4, 44, 1023), (5, 54, 1023)) b (band, shift, mask)
WHERE p.batch_job_id = $1 AND p.position >= $3 AND p.position < $4 AND p.status = 'completed' AND p.simhash IS NOT NULL
ON CONFLICT (campaign_id, band, part, post_id) DO UPDATE SET simhash = excluded.simhash
