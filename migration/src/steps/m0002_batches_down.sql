DROP TABLE idempotency_keys;
DROP TABLE campaign_posts;
DROP TABLE batch_jobs;
DROP TABLE workers;
DROP TABLE campaigns;
