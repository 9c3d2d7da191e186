//! What happens to accounts and sessions. Operations of every shape call these.

use secrecy::ExposeSecret;
use shared::domain::{SessionId, UserId};
use shared::store::StoreError;
use shared::store::sessions::{self, Reason, Rotation};
use shared::store::users::{self, NewUser, ProfileChange, Taken, User, UserError};

use super::bodies::{Login, PasswordChange, Registration};
use super::names::username_from;
use super::passwords::{Match, PasswordError};
use super::refresh_tokens;
use super::tokens::AccessToken;
use crate::app::App;
use crate::caller::Caller;

/// How often a username made from an address gets another suffix before we give up.
const SUFFIXES: u32 = 8;

/// Why something did not happen.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("the name is somebody else's")]
    Taken(Taken),
    #[error("no such user, or another password")]
    WrongCredentials,
    #[error("the present password is another")]
    WrongPassword,
    #[error("the account is suspended")]
    Suspended,
    #[error("the refresh token is not one of ours, or its session has ended")]
    RefreshEnded,
    #[error("the refresh token was used before")]
    RefreshReused,
    #[error("no such user")]
    NoUser,
    #[error("no such session")]
    NoSession,
    #[error("password: {0}")]
    Password(#[from] PasswordError),
    #[error("token: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("random numbers: {0}")]
    Random(#[from] rand::rngs::SysError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<UserError> for AccountError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Taken(taken) => Self::Taken(taken),
            UserError::Store(error) => Self::Store(error),
        }
    }
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The tokens of a session.
pub(crate) struct Grant {
    pub(crate) access: AccessToken,
    pub(crate) refresh: String,
}

/// Makes an account.
pub(crate) async fn register(app: &App, registration: Registration) -> Result<User, AccountError> {
    let Registration { email, password, username, first_name, last_name } = registration;
    // Before the costly hash; the unique indexes have the last word.
    let taken = users::taken(app.store.orm(), username.as_deref(), Some(&email), None).await?;
    if taken != Taken::default() {
        return Err(AccountError::Taken(taken));
    }
    let password_hash = app.passwords.hash(password).await?;
    let chosen = username.is_some();
    let base = username.unwrap_or_else(|| username_from(&email));
    let mut new = NewUser { username: base.clone(), email, password_hash, first_name, last_name };
    for _ in 0..SUFFIXES {
        match users::insert(app.store.orm(), new.clone()).await {
            Err(UserError::Taken(Taken { email: false, .. })) if !chosen => {
                new.username = format!("{base}-{:06}", rand::random_range(0..1_000_000));
            }
            outcome => return Ok(outcome?),
        }
    }
    Err(AccountError::Taken(Taken { username: true, email: false }))
}

/// Begins a session.
pub(crate) async fn log_in(app: &App, login: Login, user_agent: Option<&str>) -> Result<Grant, AccountError> {
    let found = users::credentials(app.store.orm(), login.name()).await?;
    let record = found.as_ref().map(|found| found.password_hash.expose_secret().to_owned());
    let outcome = app.passwords.verify(login.password.clone(), record).await?;
    let Some(found) = found.filter(|_| outcome != Match::Wrong) else { return Err(AccountError::WrongCredentials) };
    if found.suspended {
        return Err(AccountError::Suspended);
    }
    if outcome == Match::RightButOld {
        let renewed = app.passwords.hash(login.password).await?;
        users::replace_hash(app.store.orm(), found.user.id, found.password_hash.expose_secret(), renewed).await?;
    }
    let (refresh, hash) = refresh_tokens::make()?;
    let agent = user_agent.map(|agent| agent.chars().filter(|c| !c.is_control()).take(200).collect::<String>());
    let lifetime = app.settings.auth.refresh_ttl();
    let session = sessions::open(app.store.pool(), found.user.id, agent.as_deref(), &hash, lifetime)
        .await?
        .ok_or(AccountError::Suspended)?;
    let access = app.tokens.issue(Caller { user: found.user.id, session })?;
    Ok(Grant { access, refresh })
}

/// Takes a refresh token for new tokens of the same session.
pub(crate) async fn refresh(app: &App, presented: &str) -> Result<Grant, AccountError> {
    let (refresh, next) = refresh_tokens::make()?;
    let presented = refresh_tokens::hash(presented);
    let mut tx = app.store.pool().begin().await?;
    let rotation = sessions::rotate(&mut tx, &presented, &next, app.settings.auth.refresh_ttl()).await?;
    // Also when it was reused: the end of the session is committed.
    tx.commit().await?;
    match rotation {
        Rotation::Rotated { user, session } => {
            Ok(Grant { access: app.tokens.issue(Caller { user, session })?, refresh })
        }
        Rotation::Reused { session } => {
            tracing::warn!(session.id = %session, "a refresh token came twice; its session was ended");
            app.sessions.revoke([session]);
            Err(AccountError::RefreshReused)
        }
        Rotation::Ended | Rotation::Unknown => Err(AccountError::RefreshEnded),
    }
}

/// Ends the caller's session.
pub(crate) async fn log_out(app: &App, caller: Caller) -> Result<(), AccountError> {
    sessions::revoke(app.store.pool(), caller.user, caller.session, Reason::Logout).await?;
    app.sessions.revoke([caller.session]);
    Ok(())
}

/// Ends one of the caller's sessions.
pub(crate) async fn end_session(app: &App, caller: Caller, session: SessionId) -> Result<(), AccountError> {
    if !sessions::revoke(app.store.pool(), caller.user, session, Reason::Logout).await? {
        return Err(AccountError::NoSession);
    }
    app.sessions.revoke([session]);
    Ok(())
}

/// The caller.
pub(crate) async fn me(app: &App, user: UserId) -> Result<User, AccountError> {
    users::find(app.store.orm(), user).await?.ok_or(AccountError::NoUser)
}

/// Changes the caller's profile.
pub(crate) async fn change_profile(app: &App, user: UserId, change: ProfileChange) -> Result<User, AccountError> {
    users::update(app.store.orm(), user, change).await?.ok_or(AccountError::NoUser)
}

/// Changes the caller's password and ends every other session.
pub(crate) async fn change_password(app: &App, caller: Caller, change: PasswordChange) -> Result<(), AccountError> {
    let found = users::credentials_of(app.store.orm(), caller.user).await?.ok_or(AccountError::NoUser)?;
    let record = found.password_hash.expose_secret().to_owned();
    if app.passwords.verify(change.current_password, Some(record.clone())).await? == Match::Wrong {
        return Err(AccountError::WrongPassword);
    }
    let renewed = app.passwords.hash(change.new_password).await?;
    if !users::replace_hash(app.store.orm(), caller.user, &record, renewed).await? {
        // Somebody else changed it in the meantime.
        return Err(AccountError::WrongPassword);
    }
    let ended = sessions::revoke_all(app.store.pool(), caller.user, Some(caller.session), Reason::Password).await?;
    app.sessions.revoke(ended);
    Ok(())
}
