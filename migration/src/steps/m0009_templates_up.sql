-- Templates: named sets of the texts of a post, with variables in them.

CREATE TABLE templates (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    description text,
    -- By the name of the post's field, as their author wrote them: {"topic": "{{product}} in {{season}}"}.
    texts       jsonb NOT NULL CHECK (jsonb_typeof(texts) = 'object'),
    -- What a variable says when it is given no value, by its name.
    defaults    jsonb NOT NULL CHECK (jsonb_typeof(defaults) = 'object'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, name)
);
CREATE INDEX templates_of_user ON templates (user_id, id DESC);
