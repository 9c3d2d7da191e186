//! Accounts and sessions: passwords, access tokens, refresh tokens, revocation.
//!
//! An access token is a JWT that names its session and is checked without the database. A session is one row; revoking it
//! refuses its tokens at once in the process that did it, and within a second in every other, through the feed that
//! [`Sessions`] reads.

mod passwords;
mod rate_limit;
mod sessions;
mod tokens;

pub use passwords::{Match, PasswordError, Passwords};
pub use rate_limit::RateLimit;
pub use sessions::{SessionRefusal, Sessions};
pub use tokens::{AccessToken, TokenRefusal, Tokens};
