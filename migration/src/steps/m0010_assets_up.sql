-- What a project holds beside its campaigns: how its brand speaks and looks, and the images that were uploaded to it.

CREATE TABLE brand_kits (
    project_id uuid PRIMARY KEY REFERENCES projects (id),
    user_id    uuid NOT NULL REFERENCES users (id),
    -- As prompts and checks read it: voice, required_words, banned_words, colours, hashtags.
    kit        jsonb NOT NULL CHECK (jsonb_typeof(kit) = 'object'),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE assets (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id),
    project_id    uuid NOT NULL REFERENCES projects (id),
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    format        text NOT NULL CHECK (format IN ('png', 'jpeg', 'webp')),
    -- The keys of the stored image and of its small copy; both hold a hash, so the same image is stored once.
    media_key     text NOT NULL,
    thumbnail_key text NOT NULL,
    bytes         integer NOT NULL CHECK (bytes > 0),
    width         integer NOT NULL CHECK (width > 0),
    height        integer NOT NULL CHECK (height > 0),
    thumbhash     bytea NOT NULL CHECK (octet_length(thumbhash) <= 32),
    created_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz
);
CREATE INDEX assets_of_project ON assets (project_id, id DESC) WHERE deleted_at IS NULL;

-- What a project has cost is the sum over its batches.
CREATE INDEX batch_jobs_of_project ON batch_jobs (project_id) WHERE project_id IS NOT NULL;
