-- Whom texts speak to, what came of what was published, and a ledger that is read by time as quickly as it is written.

CREATE TABLE segments (
    id          uuid PRIMARY KEY,
    -- A short integer name for clients that cannot hold a UUID.
    number      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    user_id     uuid NOT NULL REFERENCES users (id),
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    description text,
    -- Not jsonb: its author's order is kept.
    criteria    json NOT NULL CHECK (json_typeof(criteria) = 'object'),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX segments_of_user ON segments (user_id, id DESC);

-- What was counted elsewhere. A metric of a post also names the post's campaign, and that of a campaign its project, as they
-- were when it came in.
CREATE TABLE metrics (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    project_id  uuid,
    campaign_id uuid,
    post_id     uuid,
    metric      text NOT NULL CHECK (metric IN ('impressions', 'clicks', 'conversions')),
    value       bigint NOT NULL CHECK (value >= 0),
    occurred_at timestamptz NOT NULL,
    -- The sender's name for it: the same twice is counted once.
    external_id text CHECK (char_length(external_id) BETWEEN 1 AND 255),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(project_id, campaign_id, post_id) > 0)
);
CREATE UNIQUE INDEX metrics_external ON metrics (user_id, external_id) WHERE external_id IS NOT NULL;
-- Sums are made from this index alone.
CREATE INDEX metrics_of_user ON metrics (user_id, occurred_at) INCLUDE (project_id, campaign_id, metric, value);

-- A call is written twice, before and after; room for the second keeps it on its page, and the indexes as they are. With that
-- the index below costs a call about what the room saves.
CREATE OR REPLACE FUNCTION ensure_attempt_partitions(months_ahead integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', now() AT TIME ZONE 'UTC');
    part text;
BEGIN
    FOR i IN 0..months_ahead LOOP
        part := 'attempts_' || to_char(month, 'YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF attempts FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 50)', part,
                uuid7_floor(month::timestamp AT TIME ZONE 'UTC'),
                uuid7_floor((month + interval '1 month')::timestamp AT TIME ZONE 'UTC'));
        END IF;
        month := month + interval '1 month';
    END LOOP;
END $$;
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'attempts'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (fillfactor = 50)', part);
    END LOOP;
END $$;

-- A short integer name for clients that cannot hold a UUID. Partitions can have no unique index on it: the sequence sees to it.
CREATE SEQUENCE attempts_number;
ALTER TABLE attempts ADD COLUMN number bigint NOT NULL DEFAULT nextval('attempts_number');
ALTER SEQUENCE attempts_number OWNED BY attempts.number;
-- The calls of a user, the newest first. Ids of calls are UUIDv7, so a range of ids is a range of time.
CREATE INDEX attempts_of_user ON attempts (user_id, call_id);
