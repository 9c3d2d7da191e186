-- What was spent since some time, by key: attempts are written in the order of time, so a block-range index finds those of
-- this month, weighs almost nothing and costs an insert nothing.

CREATE INDEX attempts_started ON attempts USING brin (started_at) WITH (pages_per_range = 32);
