DROP INDEX batch_jobs_uncompared;
ALTER TABLE batch_jobs DROP COLUMN compared_run;
DROP TABLE caption_prints;
ALTER TABLE campaign_posts
    DROP COLUMN moderation, DROP COLUMN moderation_ordinal, DROP COLUMN flags, DROP COLUMN near_duplicate_of,
    DROP COLUMN simhash, DROP COLUMN image_width, DROP COLUMN image_height, DROP COLUMN image_bytes,
    DROP COLUMN image_format, DROP COLUMN image_thumbhash;
