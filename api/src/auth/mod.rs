//! Accounts and sessions: passwords, access tokens, refresh tokens, revocation.
//!
//! An access token is a JWT that names its session and is checked without the database. A session is one row; revoking it
//! refuses its tokens at once in the process that did it, and within a second in every other, through the feed that
//! [`Sessions`] reads. A refresh token works once and gives the next; one that comes twice ends its session.

pub(crate) mod accounts;
pub(crate) mod bodies;
mod names;
mod operations;
mod passwords;
mod refresh_tokens;
mod sessions;
mod tokens;
pub(crate) mod views;

pub use accounts::AccountError;
pub use operations::AccountsApi;
pub(crate) use operations::user_agent;
pub use passwords::{Match, PasswordError, Passwords};
pub use sessions::{SessionRefusal, Sessions};
pub use tokens::{AccessToken, TokenRefusal, Tokens};
