//! Logins and the sessions that they begin. Operations of every shape call these.

use secrecy::ExposeSecret;
use shared::domain::SessionId;
use shared::store::login_attempts::{self, Exceeded, Limits, Subject};
use shared::store::sessions::{self, Presented, Reason, Rotation};
use shared::store::users;

use super::accounts::AccountError;
use super::bodies::Login;
use super::client::Client;
use super::passwords::Match;
use super::refresh_tokens::{self, RefreshToken};
use super::tokens::AccessToken;
use crate::app::App;
use crate::caller::Caller;

/// The tokens of a session.
pub(crate) struct Grant {
    pub(crate) access: AccessToken,
    pub(crate) refresh: String,
}

/// Begins a session.
pub(crate) async fn log_in(app: &App, login: Login, client: &Client) -> Result<Grant, AccountError> {
    let found = users::credentials(app.store.orm(), login.name()).await?;
    let account = found.as_ref().map_or_else(|| Subject::name(login.name()), |found| Subject::user(found.user.id));
    let attempt = Attempt::begin(app, client, account).await?;
    let record = found.as_ref().map(|found| found.password_hash.expose_secret().to_owned());
    let outcome = attempt.verify(app, login.password.clone(), record).await?;
    // Never the name that was typed: it may be a password in the wrong field.
    let known = found.as_ref().map(|found| tracing::field::display(found.user.id));
    let Some(found) = found.as_ref().filter(|_| outcome != Match::Wrong) else {
        tracing::warn!(user.id = known, "login failed: wrong credentials");
        return Err(AccountError::WrongCredentials);
    };
    attempt.succeed(app).await?;
    if found.suspended {
        tracing::warn!(user.id = known, "login failed: the account is suspended");
        return Err(AccountError::Suspended);
    }
    if outcome == Match::RightButOld {
        let renewed = app.passwords.hash(login.password).await?;
        users::replace_hash(app.store.orm(), found.user.id, found.password_hash.expose_secret(), renewed).await?;
    }
    let refresh = refresh_tokens::make()?;
    let (agent, lifetime) = (client.user_agent.as_deref(), app.settings.auth.refresh_ttl());
    let session = sessions::open(app.store.pool(), found.user.id, agent, &refresh.hash, lifetime)
        .await?
        .ok_or(AccountError::Suspended)?;
    let access = app.tokens.issue(Caller { user: found.user.id, session })?;
    tracing::info!(user.id = known, session.id = %session, "login succeeded");
    Ok(Grant { access, refresh: refresh.token })
}

/// Takes a refresh token for new tokens of the same session.
pub(crate) async fn refresh(app: &App, presented: &str, client: &Client) -> Result<Grant, AccountError> {
    let hash = refresh_tokens::hash(presented);
    let successors = app.successors.of(&hash);
    let hashes: Vec<_> = successors.iter().map(|successor| successor.hash).collect();
    let presented = Presented { hash: &hash, client: &client.fingerprint(), successors: &hashes };
    let mut tx = app.store.pool().begin().await?;
    let rotation = sessions::rotate(&mut tx, presented, app.settings.auth.refresh_ttl()).await?;
    // Also when it was reused: the end of the session is committed.
    tx.commit().await?;
    match rotation {
        Rotation::Rotated { user, session } => grant(app, Caller { user, session }, successors.into_iter().next()),
        Rotation::Repeated { user, session, successor } => {
            grant(app, Caller { user, session }, successors.into_iter().find(|made| made.hash == successor))
        }
        Rotation::Reused { session } => {
            tracing::warn!(session.id = %session, "a refresh token came twice; its session was ended");
            app.sessions.revoke([session]);
            Err(AccountError::RefreshReused)
        }
        Rotation::Ended | Rotation::Unknown => {
            tracing::warn!("refresh failed: no standing session has this token");
            Err(AccountError::RefreshEnded)
        }
    }
}

fn grant(app: &App, caller: Caller, refresh: Option<RefreshToken>) -> Result<Grant, AccountError> {
    let refresh = refresh.ok_or(AccountError::RefreshEnded)?.token;
    Ok(Grant { access: app.tokens.issue(caller)?, refresh })
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

/// A password that is about to be checked, counted as a failure until it is right.
pub(super) struct Attempt {
    address: Subject,
    account: Subject,
}

impl Attempt {
    /// Counts an attempt for its account and its address; refuses it when either has failed too often.
    pub(super) async fn begin(app: &App, client: &Client, account: Subject) -> Result<Self, AccountError> {
        let auth = &app.settings.auth;
        let limits = Limits {
            account: auth.failures_per_account,
            address: auth.failures_per_address,
            window: auth.failure_window(),
        };
        let address = Subject::address(&client.address.to_string());
        match login_attempts::begin(app.store.pool(), address, account, limits).await? {
            None => Ok(Self { address, account }),
            Some(exceeded) => {
                if let Exceeded::Account { .. } = exceeded {
                    tracing::warn!(client.address = %client.address, "login refused: too many failures of the account");
                }
                Err(AccountError::TooManyFailures(exceeded))
            }
        }
    }

    /// Compares the password with the hash on record. A comparison that did not happen counts for nothing.
    pub(super) async fn verify(
        &self,
        app: &App,
        password: String,
        record: Option<String>,
    ) -> Result<Match, AccountError> {
        let outcome = app.passwords.verify(password, record).await;
        if outcome.is_err() {
            login_attempts::retract(app.store.pool(), self.address).await?;
            login_attempts::retract(app.store.pool(), self.account).await?;
        }
        Ok(outcome?)
    }

    /// Takes the count back: the password was right.
    pub(super) async fn succeed(self, app: &App) -> Result<(), AccountError> {
        Ok(login_attempts::succeed(app.store.pool(), self.address, self.account).await?)
    }
}
