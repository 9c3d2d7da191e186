-- What posts cannot hold goes with its kinds; its calls stay in the ledger under the nearest step.
DROP TABLE generations;
DELETE FROM campaign_posts WHERE kind <> 'post';
DELETE FROM batch_jobs WHERE kind <> 'post';
-- The ordinals of the two steps may meet: those of texts go behind every other.
UPDATE attempts SET step = 'caption', ordinal = ordinal + 10000 WHERE step = 'text';
ALTER TABLE attempts
    DROP CONSTRAINT attempts_step_check,
    ADD CONSTRAINT attempts_step_check CHECK (step IN ('moderation', 'caption', 'image'));
ALTER TABLE campaign_posts
    DROP CONSTRAINT campaign_posts_completed_is_made,
    ADD CONSTRAINT campaign_posts_check4 CHECK (
        status <> 'completed' OR (generated_caption IS NOT NULL AND (image_size IS NULL OR generated_image_url IS NOT NULL))),
    DROP CONSTRAINT campaign_posts_posts_have_a_brief,
    ALTER COLUMN campaign_id SET NOT NULL,
    ALTER COLUMN brand_name SET NOT NULL,
    ALTER COLUMN tone SET NOT NULL,
    DROP COLUMN kind, DROP COLUMN text_ordinal, DROP COLUMN result, DROP COLUMN scores, DROP COLUMN model;
ALTER TABLE batch_jobs
    DROP CONSTRAINT batch_jobs_posts_have_a_campaign,
    ALTER COLUMN campaign_id SET NOT NULL,
    DROP COLUMN kind, DROP COLUMN project_id, DROP COLUMN context;
ALTER TABLE campaigns DROP COLUMN project_id;
DROP TABLE projects;
