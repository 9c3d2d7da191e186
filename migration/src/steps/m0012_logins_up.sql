-- Failed logins, counted over all processes, and refresh tokens that may be asked for again.

-- How often an account or an address has failed in the window that is running.
CREATE TABLE login_attempts (
    -- A hash of the account or the address.
    subject    bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    failures   integer NOT NULL CHECK (failures >= 0),
    -- The end of the window.
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX login_attempts_expiry ON login_attempts (expires_at);

-- A hash of the client that used the token: within some seconds the same client is given the same successor again. The version
-- before writes none, and then nobody is.
ALTER TABLE refresh_tokens ADD COLUMN used_by bytea CHECK (octet_length(used_by) = 32);
