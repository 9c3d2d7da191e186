-- Counts a login as failed before its password is checked, so that any number of guesses at once stay within the limit: for
-- its address, and, if that has any left, for its account. The row of an address is always taken before that of an account.
-- $1 address  $2 account  $3 and $4 failures that each may have in a window  $5 the window in seconds
WITH
address AS (
    INSERT INTO login_attempts AS l (subject, failures, expires_at)
    VALUES ($1, 1, now() + make_interval(secs => $5))
    ON CONFLICT (subject) DO UPDATE
    SET failures = CASE WHEN l.expires_at <= now() THEN 1 ELSE least(l.failures, $3) + 1 END,
        expires_at = CASE WHEN l.expires_at <= now() THEN excluded.expires_at ELSE l.expires_at END
    RETURNING l.failures <= $3 AS admitted, l.expires_at
),
account AS (
    INSERT INTO login_attempts AS l (subject, failures, expires_at)
    SELECT $2, 1, now() + make_interval(secs => $5) FROM address WHERE admitted
    ON CONFLICT (subject) DO UPDATE
    SET failures = CASE WHEN l.expires_at <= now() THEN 1 ELSE least(l.failures, $4) + 1 END,
        expires_at = CASE WHEN l.expires_at <= now() THEN excluded.expires_at ELSE l.expires_at END
    RETURNING l.failures <= $4 AS admitted, l.expires_at
)
SELECT a.admitted AS address_admitted,
       coalesce(c.admitted, false) AS account_admitted,
       extract(epoch FROM CASE WHEN a.admitted THEN c.expires_at ELSE a.expires_at END - now())::float8 AS seconds
FROM address a LEFT JOIN account c ON true
