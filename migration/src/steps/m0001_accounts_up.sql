-- Who may call, and the sessions that they hold.

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    -- A short integer name for clients that cannot hold a UUID.
    number        bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    username      text NOT NULL CHECK (char_length(username) BETWEEN 1 AND 50),
    email         text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 255),
    -- Argon2id in PHC form; a bcrypt hash of an older database is replaced at the next login.
    password_hash text NOT NULL,
    first_name    text CHECK (char_length(first_name) <= 100),
    last_name     text CHECK (char_length(last_name) <= 100),
    role          text NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')),
    suspended_at  timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
-- Names are compared without case, so that nobody can pose as somebody else.
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- One row a login. An access token names its session; a revoked session refuses them all.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    user_agent   text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    revoked_for  text CHECK (revoked_for IN ('logout', 'reuse', 'password', 'suspended', 'operator')),
    CHECK ((revoked_at IS NULL) = (revoked_for IS NULL))
);
CREATE INDEX sessions_user ON sessions (user_id);
-- The revocation feed that every API process reads.
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- Each refresh token ever given for a session, by hash. A token that comes twice was stolen: its session is revoked.
CREATE TABLE refresh_tokens (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
