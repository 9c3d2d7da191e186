DROP TABLE worker_deaths;
ALTER TABLE workers DROP COLUMN steady_since;
COMMENT ON COLUMN campaign_posts.deliveries IS NULL;
ALTER TABLE campaign_posts DROP COLUMN begun;
