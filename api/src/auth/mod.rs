//! Accounts and sessions: passwords, access tokens, refresh tokens, revocation.
//!
//! An access token is a JWT that names its session and is checked without the database. A session is one row; revoking it
//! refuses its tokens at once in the process that did it, and within a second in every other, through the feed that
//! [`Sessions`] reads. A refresh token works once and gives the next; one that comes twice ends its session, unless
//! the same client sends it again within some seconds (two tabs, an answer that was lost): it is given the same successor.

pub(crate) mod accounts;
pub(crate) mod bodies;
mod client;
pub(crate) mod logins;
mod names;
mod operations;
mod passwords;
mod refresh_tokens;
mod sessions;
mod signing;
mod tokens;
pub(crate) mod views;
mod weak;

pub use accounts::AccountError;
pub(crate) use client::Client;
pub use operations::AccountsApi;
pub use passwords::{Match, PasswordError, Passwords};
pub use refresh_tokens::SuccessorKeys;
pub use sessions::{SessionRefusal, Sessions};
pub use tokens::{AccessToken, TokenRefusal, Tokens};
