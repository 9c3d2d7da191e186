-- Campaigns, their batches, the posts of a batch, and the workers that own posts.

CREATE TABLE campaigns (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    description     text,
    brand_name      text NOT NULL CHECK (char_length(brand_name) BETWEEN 1 AND 255),
    target_audience text,
    tone_id         text CHECK (char_length(tone_id) <= 20),
    status          text NOT NULL DEFAULT 'draft' CHECK (char_length(status) BETWEEN 1 AND 20),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz
);
CREATE INDEX campaigns_of_user ON campaigns (user_id, id DESC) WHERE deleted_at IS NULL;

-- One row a boot of a worker. A post is owned while its owner's lease lives.
CREATE TABLE workers (
    id          uuid PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    slots       integer NOT NULL CHECK (slots > 0),
    lease_until timestamptz NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now()
);

-- The row of a batch is the lock of its posts: whoever changes a post holds it.
CREATE TABLE batch_jobs (
    id              uuid PRIMARY KEY,
    campaign_id     uuid NOT NULL,
    user_id         uuid NOT NULL,
    created_by      uuid NOT NULL,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    status          text NOT NULL DEFAULT 'pending'
                    CHECK (status IN ('pending', 'processing', 'paused', 'cancelling', 'completed', 'failed', 'cancelled')),
    pause_reason    text CHECK (pause_reason IN ('user', 'budget', 'provider_outage', 'review')),
    priority        smallint NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2),
    total_posts     integer NOT NULL CHECK (total_posts BETWEEN 1 AND 50000),
    -- Posts before `released` have been pushed; below `floor` all are final.
    released        integer NOT NULL DEFAULT 0,
    floor           integer NOT NULL DEFAULT 0,
    released_at     timestamptz NOT NULL DEFAULT now(),
    processing      integer NOT NULL DEFAULT 0 CHECK (processing >= 0),
    retrying        integer NOT NULL DEFAULT 0 CHECK (retrying >= 0),
    completed_posts integer NOT NULL DEFAULT 0 CHECK (completed_posts >= 0),
    failed_posts    integer NOT NULL DEFAULT 0 CHECK (failed_posts >= 0),
    cancelled_posts integer NOT NULL DEFAULT 0 CHECK (cancelled_posts >= 0),
    -- Rises with every change that a reader can see; the ETag and the event id.
    version         bigint NOT NULL DEFAULT 1,
    -- How often the batch has been run: 1, and one more for each retry of its failed posts.
    run             integer NOT NULL DEFAULT 1,
    cap_nanos       bigint CHECK (cap_nanos >= 0),
    held_nanos      bigint NOT NULL DEFAULT 0 CHECK (held_nanos >= 0),
    spent_nanos     bigint NOT NULL DEFAULT 0 CHECK (spent_nanos >= 0),
    -- Failed posts by error class.
    errors          jsonb NOT NULL DEFAULT '{}',
    error_log       text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    finished_at     timestamptz,
    CHECK (0 <= floor AND floor <= released AND released <= total_posts),
    CHECK (processing + retrying + completed_posts + failed_posts + cancelled_posts <= total_posts),
    CHECK ((finished_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled'))),
    CHECK (finished_at IS NULL OR completed_posts + failed_posts + cancelled_posts = total_posts),
    CHECK ((pause_reason IS NOT NULL) = (status = 'paused'))
) WITH (fillfactor = 50);
CREATE INDEX batch_jobs_of_campaign ON batch_jobs (campaign_id, id DESC);
CREATE INDEX batch_jobs_of_user ON batch_jobs (user_id, id DESC);
-- What dispatch, rescue and cancel look through.
CREATE INDEX batch_jobs_open ON batch_jobs (id) WHERE finished_at IS NULL;

-- No foreign keys (they halve the insert rate) and no index on status or owner (updates stay HOT).
CREATE TABLE campaign_posts (
    id                  uuid PRIMARY KEY,
    batch_job_id        uuid NOT NULL,
    campaign_id         uuid NOT NULL,
    user_id             uuid NOT NULL,
    position            integer NOT NULL CHECK (position >= 0),
    external_id         text,
    brand_name          text NOT NULL,
    topic               text,
    tone                text NOT NULL,
    brief               text,
    target_audience     text,
    platform            text,
    language            text,
    -- Both NULL: no image is wanted.
    image_size          text,
    image_quality       text,
    status              text NOT NULL DEFAULT 'pending'
                        CHECK (status IN ('pending', 'processing', 'retrying', 'completed', 'failed', 'cancelled')),
    -- The worker that has it, and how often it was taken. Content is written only by that owner in that epoch.
    owner               uuid,
    epoch               integer NOT NULL DEFAULT 0,
    -- Claims that did not end cleanly; a claim counts until it is handed back.
    deliveries          smallint NOT NULL DEFAULT 0,
    wake_at             timestamptz,
    retries             smallint NOT NULL DEFAULT 0,
    -- Which content this is: 1, and one more for each regeneration.
    revision            integer NOT NULL DEFAULT 1,
    -- Attempts begun at each step.
    caption_ordinal     smallint NOT NULL DEFAULT 0,
    image_ordinal       smallint NOT NULL DEFAULT 0,
    generated_caption   text,
    hashtags            text[],
    image_prompt        text,
    alt_text            text,
    -- The key of the stored image; links to it are signed when they are read.
    generated_image_url text,
    cost_nanos          bigint NOT NULL DEFAULT 0 CHECK (cost_nanos >= 0),
    error_class         text,
    error_message       text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    finalized_at        timestamptz,
    UNIQUE (batch_job_id, position),
    CHECK ((image_size IS NULL) = (image_quality IS NULL)),
    CHECK ((owner IS NOT NULL) = (status = 'processing')),
    CHECK ((wake_at IS NOT NULL) = (status = 'retrying')),
    CHECK ((finalized_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled'))),
    CHECK (status <> 'completed' OR (generated_caption IS NOT NULL AND (image_size IS NULL OR generated_image_url IS NOT NULL))),
    CHECK (status <> 'failed' OR (error_class IS NOT NULL AND error_message IS NOT NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX campaign_posts_external ON campaign_posts (batch_job_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX campaign_posts_waiting ON campaign_posts (batch_job_id, wake_at) WHERE wake_at IS NOT NULL;

-- The first answer to a request that names a key, kept with what it created.
CREATE TABLE idempotency_keys (
    user_id     uuid NOT NULL,
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,
    response    jsonb NOT NULL,
    resource_id uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
