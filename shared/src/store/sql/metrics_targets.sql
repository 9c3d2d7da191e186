-- What metrics are about, one row each in their order: what those things belong to, and what is wrong: they are the user's,
-- and what is named together belongs together.
-- $1 user  $2 projects  $3 campaigns  $4 posts, null where none is named
SELECT array_remove(ARRAY[
           CASE WHEN t.project_id IS NOT NULL AND p.id IS NULL THEN 'no_project' END,
           CASE WHEN t.campaign_id IS NOT NULL AND c.id IS NULL THEN 'no_campaign' END,
           CASE WHEN t.post_id IS NOT NULL AND w.id IS NULL THEN 'no_post' END,
           -- A post is of one campaign, and a campaign of one project or none.
           CASE WHEN c.id IS NOT NULL AND w.campaign_id <> c.id THEN 'post_elsewhere' END,
           CASE WHEN p.id IS NOT NULL AND home.id IS NOT NULL AND home.project_id IS DISTINCT FROM p.id
                THEN 'campaign_elsewhere' END], NULL) AS wrong,
       coalesce(t.project_id, home.project_id) AS project_id,
       coalesce(t.campaign_id, w.campaign_id) AS campaign_id,
       t.post_id
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) WITH ORDINALITY AS t (project_id, campaign_id, post_id, n)
LEFT JOIN projects p ON p.id = t.project_id AND p.user_id = $1 AND p.deleted_at IS NULL
LEFT JOIN campaigns c ON c.id = t.campaign_id AND c.user_id = $1 AND c.deleted_at IS NULL
LEFT JOIN campaign_posts w ON w.id = t.post_id AND w.user_id = $1 AND w.kind = 'post'
LEFT JOIN campaigns home ON home.id = coalesce(t.campaign_id, w.campaign_id) AND home.user_id = $1
ORDER BY t.n
