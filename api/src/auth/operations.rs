//! The operations about accounts and sessions.

use std::sync::Arc;

use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use shared::domain::SessionId;
use shared::store::sessions;
use shared::store::users::ProfileChange;
use uuid::Uuid;

use super::accounts;
use super::bodies::{Login, PasswordChange, Refresh, Registration};
use super::client::Client;
use super::logins;
use super::views::{GrantView, SessionView, UserView};
use crate::answer::{Created, NoContent};
use crate::app::App;
use crate::caller::Caller;
use crate::page::Page;
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;

/// Registration, login, sessions and the own profile.
pub struct AccountsApi {
    app: Arc<App>,
}

impl AccountsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Accounts")]
impl AccountsApi {
    /// Make an account
    ///
    /// Names are unique without regard to case. Counted per address; see `rate_limited`.
    #[oai(path = "/auth/register", method = "post")]
    async fn register(&self, request: &Request, body: Body<Registration>) -> Result<Created<UserView>, Problem> {
        self.app.door_limit.admit(request)?;
        let user = accounts::register(&self.app, body.0).await?;
        Ok(Created::new("/api/v1/users/me".to_owned(), user.into()))
    }

    /// Log in, by username or by email address
    ///
    /// Counted per address; failures also per account. See `rate_limited`.
    #[oai(path = "/auth/login", method = "post")]
    async fn log_in(&self, request: &Request, body: Body<Login>) -> Result<Json<GrantView>, Problem> {
        self.app.door_limit.admit(request)?;
        Ok(Json(logins::log_in(&self.app, body.0, &Client::of(&self.app, request)).await?.into()))
    }

    /// Take a refresh token for new tokens
    ///
    /// A refresh token works once. One that comes twice was stolen or its thief came first: its session ends. Only within 10
    /// seconds and from the same client (two tabs, an answer that was lost) it is answered once more with the same token.
    #[oai(path = "/auth/refresh", method = "post")]
    async fn refresh(&self, request: &Request, body: Body<Refresh>) -> Result<Json<GrantView>, Problem> {
        Ok(Json(logins::refresh(&self.app, &body.0.refresh_token, &Client::of(&self.app, request)).await?.into()))
    }

    /// End this session
    ///
    /// Its tokens are refused at once here, and within a second by every other process.
    #[oai(path = "/auth/logout", method = "post")]
    async fn log_out(&self, caller: Caller) -> Result<NoContent, Problem> {
        logins::log_out(&self.app, caller).await?;
        Ok(NoContent)
    }

    /// Change the password
    ///
    /// Every other session ends.
    #[oai(path = "/auth/password", method = "post")]
    async fn change_password(
        &self,
        caller: Caller,
        request: &Request,
        body: Body<PasswordChange>,
    ) -> Result<NoContent, Problem> {
        self.app.door_limit.admit(request)?;
        accounts::change_password(&self.app, caller, &Client::of(&self.app, request), body.0).await?;
        Ok(NoContent)
    }

    /// The caller
    #[oai(path = "/auth/me", method = "get")]
    async fn me(&self, caller: Caller) -> Result<Json<UserView>, Problem> {
        Ok(Json(accounts::me(&self.app, caller.user).await?.into()))
    }

    /// The caller's profile
    #[oai(path = "/users/me", method = "get")]
    async fn profile(&self, caller: Caller) -> Result<Json<UserView>, Problem> {
        Ok(Json(accounts::me(&self.app, caller.user).await?.into()))
    }

    /// Change the caller's profile
    ///
    /// What is left out stays as it is.
    #[oai(path = "/users/me", method = "put")]
    async fn change_profile(&self, caller: Caller, body: Body<ProfileChange>) -> Result<Json<UserView>, Problem> {
        Ok(Json(accounts::change_profile(&self.app, caller.user, body.0).await?.into()))
    }

    /// The caller's sessions that still stand
    #[oai(path = "/sessions", method = "get")]
    async fn sessions(&self, caller: Caller) -> Result<Json<Page<SessionView>>, Problem> {
        let standing = sessions::standing(self.app.store.orm(), caller.user).await?;
        let data = standing.into_iter().map(|session| SessionView::of(session, caller.session)).collect();
        Ok(Json(Page { data, next_cursor: None, has_more: false }))
    }

    /// End one of the caller's sessions
    #[oai(path = "/sessions/:id", method = "delete")]
    async fn end_session(&self, caller: Caller, id: Path<Uuid>) -> Result<NoContent, Problem> {
        logins::end_session(&self.app, caller, SessionId(id.0)).await?;
        Ok(NoContent)
    }
}
