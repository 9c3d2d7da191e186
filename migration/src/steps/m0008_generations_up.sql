-- Kinds of work beside posts: one request of a person each, made by the same hands under the same rules. A generation is a
-- batch of another kind, and its parts (the variations of a design) are rows beside the posts. And projects, which campaigns
-- and generations may belong to.

CREATE TABLE projects (
    id          uuid PRIMARY KEY,
    -- A short integer name for clients that cannot hold a UUID.
    number      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    user_id     uuid NOT NULL REFERENCES users (id),
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    description text,
    status      text NOT NULL DEFAULT 'draft' CHECK (char_length(status) BETWEEN 1 AND 50),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz
);
CREATE INDEX projects_of_user ON projects (user_id, id DESC) WHERE deleted_at IS NULL;

ALTER TABLE campaigns ADD COLUMN project_id uuid REFERENCES projects (id);
CREATE INDEX campaigns_of_project ON campaigns (project_id) WHERE project_id IS NOT NULL;

ALTER TABLE batch_jobs
    ADD COLUMN kind       text NOT NULL DEFAULT 'post' CHECK (char_length(kind) BETWEEN 1 AND 40),
    -- What it belonged to when it was placed.
    ADD COLUMN project_id uuid,
    -- What prompts need beside the inputs of each row, as it was when the batch was placed: brand kit, segment, reference.
    ADD COLUMN context    jsonb,
    ALTER COLUMN campaign_id DROP NOT NULL,
    ADD CONSTRAINT batch_jobs_posts_have_a_campaign CHECK (kind <> 'post' OR campaign_id IS NOT NULL);

ALTER TABLE campaign_posts
    ADD COLUMN kind         text NOT NULL DEFAULT 'post' CHECK (char_length(kind) BETWEEN 1 AND 40),
    ADD COLUMN text_ordinal smallint NOT NULL DEFAULT 0,
    -- Of the other kinds: what was made, what the checks say of it from 0 to 1 by name, and which model made it.
    ADD COLUMN result       jsonb,
    ADD COLUMN scores       jsonb,
    ADD COLUMN model        text,
    ALTER COLUMN campaign_id DROP NOT NULL,
    ALTER COLUMN brand_name DROP NOT NULL,
    ALTER COLUMN tone DROP NOT NULL,
    ADD CONSTRAINT campaign_posts_posts_have_a_brief
        CHECK (kind <> 'post' OR (campaign_id IS NOT NULL AND brand_name IS NOT NULL AND tone IS NOT NULL)),
    DROP CONSTRAINT campaign_posts_check4,
    ADD CONSTRAINT campaign_posts_completed_is_made CHECK (status <> 'completed' OR CASE kind
        WHEN 'post' THEN generated_caption IS NOT NULL AND (image_size IS NULL OR generated_image_url IS NOT NULL)
        ELSE result IS NOT NULL END);

ALTER TABLE attempts
    DROP CONSTRAINT attempts_step_check,
    ADD CONSTRAINT attempts_step_check CHECK (step IN ('moderation', 'caption', 'image', 'text'));

-- What was asked for; how it stands is in the batch of the same id, and what was made in its rows.
CREATE TABLE generations (
    id            uuid PRIMARY KEY,
    -- A short integer name for clients that cannot hold a UUID.
    number        bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    user_id       uuid NOT NULL REFERENCES users (id),
    project_id    uuid,
    campaign_id   uuid,
    kind          text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 40),
    -- As the kind's parameters are written.
    parameters    jsonb NOT NULL,
    -- What it is about, for people: lists show it and searches look through it.
    prompt        text NOT NULL,
    -- Who a client said that it asks for; kept, never trusted.
    external_user text CHECK (char_length(external_user) <= 255),
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX generations_of_user ON generations (user_id, id DESC);
CREATE INDEX generations_of_project ON generations (project_id, id DESC) WHERE project_id IS NOT NULL;
