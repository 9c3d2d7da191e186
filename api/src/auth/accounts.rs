//! Accounts: registration, the profile, the password. Operations of every shape call these.

use secrecy::ExposeSecret;
use shared::domain::UserId;
use shared::store::StoreError;
use shared::store::login_attempts::{Exceeded, Subject};
use shared::store::sessions::{self, Reason};
use shared::store::users::{self, NewUser, ProfileChange, Taken, User, UserError};

use super::bodies::{PasswordChange, Registration};
use super::client::Client;
use super::logins::Attempt;
use super::names::{Refusal, username_from};
use super::passwords::{Match, PasswordError};
use super::weak;
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
    #[error("the new password is easily guessed")]
    WeakPassword(Refusal),
    #[error("too many failed logins")]
    TooManyFailures(Exceeded),
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

/// The caller.
pub(crate) async fn me(app: &App, user: UserId) -> Result<User, AccountError> {
    users::find(app.store.orm(), user).await?.ok_or(AccountError::NoUser)
}

/// Changes the caller's profile.
pub(crate) async fn change_profile(app: &App, user: UserId, change: ProfileChange) -> Result<User, AccountError> {
    users::update(app.store.orm(), user, change).await?.ok_or(AccountError::NoUser)
}

/// Changes the caller's password and ends every other session.
pub(crate) async fn change_password(
    app: &App,
    caller: Caller,
    client: &Client,
    change: PasswordChange,
) -> Result<(), AccountError> {
    let found = users::credentials_of(app.store.orm(), caller.user).await?.ok_or(AccountError::NoUser)?;
    weak::check(&change.new_password, &[&found.user.username, &found.user.email])
        .map_err(AccountError::WeakPassword)?;
    let attempt = Attempt::begin(app, client, Subject::user(caller.user)).await?;
    let record = found.password_hash.expose_secret().to_owned();
    if attempt.verify(app, change.current_password, Some(record.clone())).await? == Match::Wrong {
        tracing::warn!("password change failed: wrong current password");
        return Err(AccountError::WrongPassword);
    }
    attempt.succeed(app).await?;
    let renewed = app.passwords.hash(change.new_password).await?;
    if !users::replace_hash(app.store.orm(), caller.user, &record, renewed).await? {
        // Somebody else changed it in the meantime.
        return Err(AccountError::WrongPassword);
    }
    let ended = sessions::revoke_all(app.store.pool(), caller.user, Some(caller.session), Reason::Password).await?;
    tracing::info!(sessions.ended = ended.len(), "password changed");
    app.sessions.revoke(ended);
    Ok(())
}
