-- Which generations a page shows, behind the statement that selects them.
-- $1 user  $2 the last id of the page before  $3 kinds, any when empty  $4 status  $5 project  $6 campaign  $7 from
-- $8 to (not included)  $9 a pattern for prompts and texts  $10 the same as JSON writes it  $11 rows
WHERE g.user_id = $1 AND g.id < $2
  AND (cardinality($3::text[]) = 0 OR g.kind = ANY ($3)) AND ($4::text IS NULL OR b.status = $4)
  AND ($5::uuid IS NULL OR g.project_id = $5) AND ($6::uuid IS NULL OR g.campaign_id = $6)
  AND ($7::timestamptz IS NULL OR g.created_at >= $7) AND ($8::timestamptz IS NULL OR g.created_at < $8)
  AND ($9::text IS NULL OR g.prompt ILIKE $9 OR EXISTS (
      SELECT FROM campaign_posts r
      -- First the text of the whole, which is quick; then every value, because names of fields are nobody's words.
      WHERE r.batch_job_id = g.id AND r.result::text ILIKE $10
        AND EXISTS (SELECT FROM jsonb_path_query(r.result, '$.** ? (@.type() == "string")') word WHERE word #>> '{}' ILIKE $9)))
ORDER BY g.id DESC
LIMIT $11
