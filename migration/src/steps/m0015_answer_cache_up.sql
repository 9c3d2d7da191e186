-- The answer cache: the generation that answers a request, by a hash of what the request says. Its primary key lets one of
-- several identical requests in flight place a generation; the others wait for that transaction and are given what it placed.
CREATE TABLE cached_answers (
    user_id       uuid NOT NULL,
    request       bytea NOT NULL,
    generation_id uuid NOT NULL,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (user_id, request)
);
CREATE INDEX cached_answers_age ON cached_answers (expires_at);
