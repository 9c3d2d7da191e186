-- One row for each call to a provider, written before the call and settled after it.

CREATE TABLE attempts (
    work_id             uuid NOT NULL,
    step                text NOT NULL CHECK (step IN ('moderation', 'caption', 'image')),
    ordinal             smallint NOT NULL CHECK (ordinal > 0),
    -- What the call is known by at the provider (X-Client-Request-Id), so that bills can be joined.
    call_id             uuid NOT NULL,
    epoch               integer NOT NULL,
    revision            integer NOT NULL,
    user_id             uuid NOT NULL,
    batch_job_id        uuid NOT NULL,
    provider            text NOT NULL,
    pool                text NOT NULL,
    key_label           text NOT NULL,
    model               text NOT NULL,
    -- Where the money stands: reserved (not sent yet), sent, settled (billed), failed (not billed), unknown.
    state               text NOT NULL CHECK (state IN ('reserved', 'sent', 'settled', 'failed', 'unknown')),
    -- What came of it: ok, rejected (billed but useless) or error.
    outcome             text CHECK (outcome IN ('ok', 'rejected', 'error')),
    -- Why the gateway moved on.
    verdict             text,
    reserved_nanos      bigint NOT NULL CHECK (reserved_nanos >= 0),
    cost_nanos          bigint NOT NULL DEFAULT 0 CHECK (cost_nanos >= 0),
    cost_source         text CHECK (cost_source IN ('prices', 'provider', 'none')),
    price_version       text,
    usage               jsonb,
    provider_request_id text,
    started_at          timestamptz NOT NULL DEFAULT now(),
    duration_ms         integer,
    PRIMARY KEY (work_id, step, ordinal),
    CHECK (state IN ('settled', 'unknown') OR cost_nanos = 0)
) PARTITION BY RANGE (work_id);

-- Ids are UUIDv7, so a range of ids is a range of time: one partition a month, and a default for anything else.
CREATE FUNCTION uuid7_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION ensure_attempt_partitions(months_ahead integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', now() AT TIME ZONE 'UTC');
    part text;
BEGIN
    FOR i IN 0..months_ahead LOOP
        part := 'attempts_' || to_char(month, 'YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF attempts FOR VALUES FROM (%L) TO (%L)', part,
                uuid7_floor(month::timestamp AT TIME ZONE 'UTC'),
                uuid7_floor((month + interval '1 month')::timestamp AT TIME ZONE 'UTC'));
        END IF;
        month := month + interval '1 month';
    END LOOP;
END $$;

CREATE TABLE attempts_other PARTITION OF attempts DEFAULT;
SELECT ensure_attempt_partitions(3);
