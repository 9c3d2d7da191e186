-- Which posts ran when their worker died, which of the living may say that another one did, and what is known of deaths.

-- Set by the first thing that a hold writes: the post ran, and did not only wait in its worker's hands. A claim clears it.
ALTER TABLE campaign_posts ADD COLUMN begun boolean NOT NULL DEFAULT false;
-- A claim counts no more. The higher it is, the fewer posts run beside this one.
COMMENT ON COLUMN campaign_posts.deliveries IS 'Workers that died while they ran this post, or one that died while it waited.';

-- Since when the lease has been renewed without a gap, so that the database was there for everybody.
ALTER TABLE workers ADD COLUMN steady_since timestamptz NOT NULL DEFAULT now();

-- One row a worker that died, kept for a day.
CREATE TABLE worker_deaths (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    worker_id uuid NOT NULL,
    -- The post that it ran and that ran alone; NULL when it ran several or none.
    sole_post uuid,
    died_at   timestamptz NOT NULL DEFAULT now()
);
