-- What the checks on content found, and the prints that near-duplicate captions are found by.

ALTER TABLE campaign_posts
    -- What moderation said of the caption; NULL until it is known.
    ADD COLUMN moderation         text CHECK (moderation IN ('passed', 'flagged', 'skipped')),
    ADD COLUMN moderation_ordinal smallint NOT NULL DEFAULT 0,
    -- What was done to the content or is odd about it: trimmed, near_duplicate, …
    ADD COLUMN flags              text[] NOT NULL DEFAULT '{}',
    ADD COLUMN near_duplicate_of  uuid,
    -- Captions that say almost the same differ in few bits.
    ADD COLUMN simhash            bigint,
    ADD COLUMN image_width        integer CHECK (image_width > 0),
    ADD COLUMN image_height       integer CHECK (image_height > 0),
    ADD COLUMN image_bytes        integer CHECK (image_bytes > 0),
    ADD COLUMN image_format       text CHECK (image_format IN ('png', 'jpeg', 'webp')),
    ADD COLUMN image_thumbhash    bytea CHECK (octet_length(image_thumbhash) <= 32);

-- The captions of a campaign by the parts of their simhash: near ones have a part in common. Written when a batch has ended.
CREATE TABLE caption_prints (
    campaign_id uuid NOT NULL,
    band        smallint NOT NULL,
    part        integer NOT NULL,
    post_id     uuid NOT NULL,
    simhash     bigint NOT NULL,
    PRIMARY KEY (campaign_id, band, part, post_id)
);

-- The run of a batch whose captions have been compared. What ended before there were prints is left as it is.
ALTER TABLE batch_jobs ADD COLUMN compared_run integer NOT NULL DEFAULT 0;
UPDATE batch_jobs SET compared_run = run WHERE finished_at IS NOT NULL;
CREATE INDEX batch_jobs_uncompared ON batch_jobs (id) WHERE finished_at IS NOT NULL AND compared_run < run;
