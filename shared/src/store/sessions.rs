//! Sessions, their refresh tokens, and the feed of revocations.
//!
//! A session begins with a login and ends with its revocation or its expiry. It has one refresh token that works at a time:
//! using it gives the next. A token that comes a second time was stolen, or its thief used it first: either way the session
//! ends. Only within [`GRACE`], and from the client that used it, it is taken for the same request once more (two tabs, a lost
//! answer). Only hashes of refresh tokens are stored.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder};
use sqlx::{PgConnection, PgExecutor};

use super::StoreError;
use super::entity::session::{Column, Entity, Model};
use crate::domain::{SessionId, UserId};

/// How long a used token may come again from the same client.
pub const GRACE: Duration = Duration::from_secs(10);

/// The SHA-256 of a refresh token, or of what tells a client.
pub type TokenHash = [u8; 32];

/// Why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Logout,
    /// A refresh token came twice.
    Reuse,
    /// The password was changed.
    Password,
    Suspended,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Reuse => "reuse",
            Self::Password => "password",
            Self::Suspended => "suspended",
        }
    }
}

/// What came of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The token is used up; the next one works.
    Rotated {
        user: UserId,
        session: SessionId,
    },
    /// The same client used the token a moment ago: it may have the same successor again.
    Repeated {
        user: UserId,
        session: SessionId,
        successor: TokenHash,
    },
    /// The token had been used before: its session is now ended.
    Reused {
        session: SessionId,
    },
    /// Its session had ended, or its user is shut out.
    Ended,
    Unknown,
}

/// Begins a session; `None` when the user is suspended. Any suspension that commits later ends it.
pub async fn open(
    db: impl PgExecutor<'_>,
    user: UserId,
    user_agent: Option<&str>,
    refresh: &TokenHash,
    lifetime: Duration,
) -> Result<Option<SessionId>, StoreError> {
    Ok(sqlx::query_scalar(
        "WITH owner AS (SELECT id FROM users WHERE id = $2 AND suspended_at IS NULL FOR SHARE),
              opened AS (
                  INSERT INTO sessions (id, user_id, user_agent, expires_at)
                  SELECT $1, id, $3, now() + make_interval(secs => $4) FROM owner
                  RETURNING id)
         INSERT INTO refresh_tokens (hash, session_id) SELECT $5, id FROM opened RETURNING session_id",
    )
    .bind(SessionId::new())
    .bind(user)
    .bind(user_agent)
    .bind(lifetime.as_secs_f64())
    .bind(&refresh[..])
    .fetch_optional(db)
    .await?)
}

/// A refresh token that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    pub hash: &'a TokenHash,
    pub client: &'a TokenHash,
    /// Its successors: the one to be made, then those that servers with an earlier secret would have made.
    pub successors: &'a [TokenHash],
}

/// Takes a refresh token and makes its first successor the token that works. Commit whatever it says: a reuse ends the session.
pub async fn rotate(
    tx: &mut PgConnection,
    presented: Presented<'_>,
    lifetime: Duration,
) -> Result<Rotation, StoreError> {
    let found: Option<(SessionId, UserId, bool, bool, bool)> = sqlx::query_as(
        "SELECT s.id, s.user_id, t.used_at IS NOT NULL,
                coalesce(t.used_at > clock_timestamp() - make_interval(secs => $2) AND t.used_by = $3, false),
                s.revoked_at IS NOT NULL OR s.expires_at <= now() OR u.suspended_at IS NOT NULL
         FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
         WHERE t.hash = $1
         FOR UPDATE OF t, s",
    )
    .bind(&presented.hash[..])
    .bind(GRACE.as_secs_f64())
    .bind(&presented.client[..])
    .fetch_optional(&mut *tx)
    .await?;
    let Some((session, user, spent, repeated, ended)) = found else { return Ok(Rotation::Unknown) };
    if ended {
        return Ok(Rotation::Ended);
    }
    if repeated {
        // A server with a newer secret may have made one that this one cannot make: no reason to end the session.
        let successor = given_before(tx, session, presented.successors).await?;
        return Ok(successor.map_or(Rotation::Ended, |successor| Rotation::Repeated { user, session, successor }));
    }
    if spent {
        revoke(tx, user, session, Reason::Reuse).await?;
        return Ok(Rotation::Reused { session });
    }
    sqlx::query(
        "WITH used AS (UPDATE refresh_tokens SET used_at = clock_timestamp(), used_by = $5 WHERE hash = $1),
              kept AS (UPDATE sessions SET last_used_at = now(), expires_at = now() + make_interval(secs => $4)
                       WHERE id = $3)
         INSERT INTO refresh_tokens (hash, session_id) VALUES ($2, $3)",
    )
    .bind(&presented.hash[..])
    .bind(presented.successors.first().map(|hash| &hash[..]))
    .bind(session)
    .bind(lifetime.as_secs_f64())
    .bind(&presented.client[..])
    .execute(tx)
    .await?;
    Ok(Rotation::Rotated { user, session })
}

/// Finds the successor that was made of a token when it was used.
async fn given_before(
    tx: &mut PgConnection,
    session: SessionId,
    successors: &[TokenHash],
) -> Result<Option<TokenHash>, StoreError> {
    let hashes: Vec<&[u8]> = successors.iter().map(|hash| &hash[..]).collect();
    let found: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT hash FROM refresh_tokens WHERE session_id = $1 AND hash = ANY ($2)")
            .bind(session)
            .bind(hashes)
            .fetch_optional(tx)
            .await?;
    Ok(found.and_then(|hash| hash.try_into().ok()))
}

/// Ends one session of a user. Whether there was one to end.
pub async fn revoke(
    db: impl PgExecutor<'_>,
    user: UserId,
    session: SessionId,
    reason: Reason,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE sessions SET revoked_at = now(), revoked_for = $3
         WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL",
    )
    .bind(session)
    .bind(user)
    .bind(reason.as_str())
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends every session of a user, or every one but `except`; those that were ended.
pub async fn revoke_all(
    db: impl PgExecutor<'_>,
    user: UserId,
    except: Option<SessionId>,
    reason: Reason,
) -> Result<Vec<SessionId>, StoreError> {
    Ok(sqlx::query_scalar(
        "UPDATE sessions SET revoked_at = now(), revoked_for = $3
         WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND revoked_at IS NULL
         RETURNING id",
    )
    .bind(user)
    .bind(except)
    .bind(reason.as_str())
    .fetch_all(db)
    .await?)
}

/// A user's sessions that still stand, the newest first.
pub async fn standing(db: &impl ConnectionTrait, user: UserId) -> Result<Vec<Model>, StoreError> {
    Ok(Entity::find()
        .filter(Expr::col(Column::UserId).eq(user))
        .filter(Expr::col(Column::RevokedAt).is_null())
        .filter(Expr::col(Column::ExpiresAt).gt(Expr::current_timestamp()))
        .order_by_desc(Column::Id)
        .all(db)
        .await?)
}

/// Sessions revoked in a window.
#[derive(Clone, Debug)]
pub struct Revocations {
    pub sessions: Vec<SessionId>,
    /// The end of the window, on the database's clock: where the next one begins.
    pub until: DateTime<Utc>,
}

/// The sessions revoked since `since` less `overlap`; without `since`, those revoked in the last `overlap`.
pub async fn revoked_since(
    db: impl PgExecutor<'_>,
    since: Option<DateTime<Utc>>,
    overlap: Duration,
) -> Result<Revocations, StoreError> {
    let (until, sessions) = sqlx::query_as(
        "SELECT now(), coalesce(array_agg(id), '{}')
         FROM sessions
         WHERE revoked_at > coalesce($1, now()) - make_interval(secs => $2)",
    )
    .bind(since)
    .bind(overlap.as_secs_f64())
    .fetch_one(db)
    .await?;
    Ok(Revocations { sessions, until })
}

/// Deletes sessions that ended a day ago or longer, and used tokens that nobody could use any more.
pub async fn sweep(tx: &mut PgConnection, lifetime: Duration) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE expires_at < now() - interval '1 day'").execute(&mut *tx).await?;
    sqlx::query(
        "DELETE FROM refresh_tokens WHERE used_at IS NOT NULL AND created_at < now() - make_interval(secs => $1)",
    )
    .bind(lifetime.as_secs_f64())
    .execute(tx)
    .await?;
    Ok(())
}
