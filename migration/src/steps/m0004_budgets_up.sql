-- Caps above the batch's own, and what nobody knows the cost of.

-- Money of calls that were cut off: held, and shown as unconfirmed until somebody knows.
ALTER TABLE batch_jobs
    ADD COLUMN unconfirmed_nanos bigint NOT NULL DEFAULT 0 CHECK (unconfirmed_nanos >= 0),
    ADD COLUMN unknown_attempts integer NOT NULL DEFAULT 0 CHECK (unknown_attempts >= 0),
    -- The smallest reservation that a cap refused. A batch that a cap has paused goes on when that much fits.
    ADD COLUMN wanted_nanos bigint CHECK (wanted_nanos >= 0),
    ADD CONSTRAINT batch_jobs_unconfirmed_is_held CHECK (unconfirmed_nanos <= held_nanos);
UPDATE batch_jobs b
SET unconfirmed_nanos = u.nanos, unknown_attempts = u.attempts
FROM (SELECT batch_job_id, sum(reserved_nanos) AS nanos, count(*) AS attempts
      FROM attempts WHERE state = 'unknown' GROUP BY batch_job_id) u
WHERE b.id = u.batch_job_id;
CREATE INDEX batch_jobs_over_budget ON batch_jobs (id) WHERE pause_reason = 'budget';

-- A row only where a cap exists: of a campaign for its whole life, of a user for a calendar month in UTC. What is held and
-- spent belongs to the month in which the call was reserved.
CREATE TABLE budgets (
    scope             text NOT NULL CHECK (scope IN ('campaign', 'user')),
    -- The campaign or the user.
    scope_id          uuid NOT NULL,
    -- 'all', or a month such as '2026-11'.
    period            text NOT NULL,
    user_id           uuid NOT NULL REFERENCES users (id),
    cap_nanos         bigint NOT NULL CHECK (cap_nanos >= 0),
    held_nanos        bigint NOT NULL DEFAULT 0 CHECK (held_nanos >= 0),
    spent_nanos       bigint NOT NULL DEFAULT 0 CHECK (spent_nanos >= 0),
    unconfirmed_nanos bigint NOT NULL DEFAULT 0 CHECK (unconfirmed_nanos >= 0),
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope_id, period),
    CHECK (unconfirmed_nanos <= held_nanos),
    CHECK (CASE scope WHEN 'campaign' THEN period = 'all' ELSE period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' AND scope_id = user_id END)
) WITH (fillfactor = 50);
CREATE INDEX budgets_of_user ON budgets (user_id, scope_id);

-- The month, in UTC, as budgets name it.
CREATE FUNCTION month_of(at timestamptz) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM')
$$;

-- A user's cap holds for every month: each gets its row ahead of time, with the cap of the month before. The newest row is
-- locked, so that a cap that is being changed is copied as it is then.
CREATE FUNCTION ensure_budget_months(months_ahead integer) RETURNS void LANGUAGE sql AS $$
    WITH newest AS (
        SELECT g.scope_id, g.period, g.cap_nanos
        FROM budgets g
        WHERE g.scope = 'user' AND g.period < month_of(now() + months_ahead * interval '1 month')
          AND NOT EXISTS (SELECT FROM budgets l WHERE l.scope_id = g.scope_id AND l.period > g.period)
        ORDER BY g.scope_id
        FOR UPDATE
    )
    INSERT INTO budgets (scope, scope_id, period, user_id, cap_nanos)
    SELECT 'user', n.scope_id, coming.period, n.scope_id, n.cap_nanos
    FROM newest n
    CROSS JOIN LATERAL (
        SELECT to_char(month, 'YYYY-MM') AS period
        FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
                             date_trunc('month', now() AT TIME ZONE 'UTC') + months_ahead * interval '1 month',
                             interval '1 month') month) coming
    WHERE coming.period > n.period
    ON CONFLICT DO NOTHING
$$;
