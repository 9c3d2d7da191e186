-- The economy lane: batches whose captions are made through a provider's Batch API, for half the money and in its time.

ALTER TABLE batch_jobs
    ADD COLUMN mode        text NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'economy')),
    -- When every caption of an economy batch has to be there.
    ADD COLUMN deadline    timestamptz,
    -- How the lane stands. While it is open (the first three), a pending post is the lane's and is not dispatched.
    ADD COLUMN lane        text CHECK (lane IN ('waiting', 'at_provider', 'falling_over', 'done', 'live')),
    ADD COLUMN lane_reason text,
    -- The worker that tends the lane, as long as its lease lives.
    ADD COLUMN lane_tender uuid,
    ADD CHECK ((mode = 'economy') = (deadline IS NOT NULL)),
    ADD CHECK ((mode = 'economy') = (lane IS NOT NULL));
CREATE INDEX batch_jobs_in_lane ON batch_jobs (id) WHERE lane IN ('waiting', 'at_provider', 'falling_over');

-- One row for each file of requests that is handed to a provider's Batch API.
CREATE TABLE provider_batches (
    -- Also in the provider's metadata and in the file's name, so that what was made there is found again.
    id                uuid PRIMARY KEY,
    batch_job_id      uuid NOT NULL,
    provider          text NOT NULL,
    pool              text NOT NULL,
    key_label         text NOT NULL,
    model             text NOT NULL,
    -- reserving (its lines are being written), reserved, uploaded, creating (the order may have gone out), created, ended.
    state             text NOT NULL DEFAULT 'reserving'
                      CHECK (state IN ('reserving', 'reserved', 'uploaded', 'creating', 'created', 'ended')),
    input_file_id     text,
    provider_batch_id text,
    lines             integer NOT NULL DEFAULT 0 CHECK (lines >= 0),
    -- What ended it: the provider's status, or our word.
    outcome           text,
    -- Nobody waits for it any more: its posts went on without it, what it still brings is only settled.
    given_up          boolean NOT NULL DEFAULT false,
    created_at        timestamptz NOT NULL DEFAULT now(),
    -- When it entered its state.
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CHECK (state NOT IN ('uploaded', 'creating', 'created') OR input_file_id IS NOT NULL),
    CHECK (state <> 'created' OR provider_batch_id IS NOT NULL),
    CHECK ((state = 'ended') = (outcome IS NOT NULL))
);
CREATE INDEX provider_batches_of_batch ON provider_batches (batch_job_id);
CREATE INDEX provider_batches_open ON provider_batches (batch_job_id) WHERE state <> 'ended';

-- The file that a call is a line of.
ALTER TABLE attempts ADD COLUMN provider_batch uuid;
CREATE INDEX attempts_of_provider_batch ON attempts (provider_batch) WHERE provider_batch IS NOT NULL;
