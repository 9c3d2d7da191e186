//! What callers are told about accounts.

use poem_openapi::Object;
use shared::domain::SessionId;
use shared::store::entity::session;
use shared::store::users::User;
use uuid::Uuid;

use super::logins::Grant;
use crate::time::rfc3339;

/// A user.
#[derive(Object)]
#[oai(rename = "User")]
pub(crate) struct UserView {
    id: Uuid,
    /// A short integer name for clients that cannot hold a UUID.
    number: i64,
    username: String,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.into(),
            number: user.number,
            username: user.username,
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            created_at: rfc3339(user.created_at),
            updated_at: rfc3339(user.updated_at),
        }
    }
}

/// Tokens of a session.
#[derive(Object)]
#[oai(rename = "Tokens")]
pub(crate) struct GrantView {
    access_token: String,
    /// Always `bearer`.
    token_type: String,
    /// How long the access token works, in seconds.
    expires_in: u64,
    /// Works once, and gives the next one. Sent a second time it ends the session.
    refresh_token: String,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        Self {
            access_token: grant.access.token,
            token_type: "bearer".to_owned(),
            expires_in: grant.access.seconds,
            refresh_token: grant.refresh,
        }
    }
}

/// One login.
#[derive(Object)]
#[oai(rename = "Session")]
pub(crate) struct SessionView {
    id: Uuid,
    /// Whether it is the session of this very call.
    current: bool,
    user_agent: Option<String>,
    created_at: String,
    last_used_at: String,
    expires_at: String,
}

impl SessionView {
    pub(crate) fn of(session: session::Model, current: SessionId) -> Self {
        Self {
            id: session.id.into(),
            current: session.id == current,
            user_agent: session.user_agent,
            created_at: rfc3339(session.created_at),
            last_used_at: rfc3339(session.last_used_at),
            expires_at: rfc3339(session.expires_at),
        }
    }
}
