//! Every domain error, as a problem. The one place where they meet HTTP.

use std::time::Duration;

use poem::http::StatusCode;
use sea_orm::{DbErr, RuntimeErr};
use shared::media::MediaError;
use shared::outgoing::{OutgoingError, Refusal};
use shared::store::StoreError;
use shared::store::budgets::BudgetError;
use shared::store::control::ControlError;
use shared::store::idempotency::IdempotencyError;
use shared::store::login_attempts::Exceeded;
use shared::store::place::PlaceError;
use shared::store::templates::TemplateError;
use shared::store::users::Taken;

use super::{FieldError, Problem};
use crate::auth::{AccountError, PasswordError, SessionRefusal, TokenRefusal};
use crate::download::DownloadError;
use crate::media::LinkRefusal;

impl From<TokenRefusal> for Problem {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Expired => Self::unauthorized("token_expired", "The access token has expired: refresh it."),
            TokenRefusal::Invalid => Self::unauthorized("token_invalid", "The access token is not valid: log in."),
        }
    }
}

impl From<SessionRefusal> for Problem {
    fn from(refusal: SessionRefusal) -> Self {
        match refusal {
            SessionRefusal::Revoked => Self::unauthorized("session_ended", "This session has ended: log in."),
            SessionRefusal::Stale => Self::unavailable(
                "sessions_unavailable",
                "Sessions cannot be checked at the moment. Try again.",
                Duration::from_secs(1),
            ),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Taken(taken) => Self::taken(taken),
            AccountError::WrongCredentials => {
                Self::unauthorized("invalid_credentials", "There is no user of that name with that password.")
            }
            AccountError::WrongPassword => {
                Self::new(StatusCode::FORBIDDEN, "wrong_password", "The present password is another.")
            }
            AccountError::WeakPassword((code, detail)) => {
                Self::invalid(vec![FieldError::new("/new_password", code, detail)])
            }
            AccountError::TooManyFailures(exceeded) => exceeded.into(),
            AccountError::Suspended => {
                Self::new(StatusCode::FORBIDDEN, "account_suspended", "This account is suspended.")
            }
            AccountError::RefreshEnded => {
                Self::unauthorized("refresh_invalid", "The refresh token is not valid any more: log in.")
            }
            AccountError::RefreshReused => Self::unauthorized(
                "refresh_reused",
                "The refresh token was used before, so its session was ended for safety: log in.",
            ),
            AccountError::NoUser => Self::no_such_user(),
            AccountError::NoSession => Self::not_found("session"),
            AccountError::Password(error) => error.into(),
            AccountError::Token(error) => Self::internal(&error),
            AccountError::Random(error) => Self::internal(&error),
            AccountError::Store(error) => error.into(),
        }
    }
}

impl From<Exceeded> for Problem {
    fn from(exceeded: Exceeded) -> Self {
        let (detail, again_in) = match exceeded {
            Exceeded::Account { again_in } => {
                ("Too many failed logins for this account. Wait, then try again.", again_in)
            }
            Exceeded::Address { again_in } => {
                ("Too many failed logins from this address. Wait, then try again.", again_in)
            }
        };
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_after(again_in)
    }
}

impl Problem {
    /// 401 for a token that names a user who is not there.
    fn no_such_user() -> Self {
        Self::unauthorized("token_invalid", "The access token names a user who is not there: log in.")
    }

    /// 409 with a pointer to each name that somebody else has.
    fn taken(taken: Taken) -> Self {
        let mut problem = Self::conflict("taken", "Somebody else has that name.");
        for (is_taken, pointer) in [(taken.username, "/username"), (taken.email, "/email")] {
            if is_taken {
                problem.0.errors.push(FieldError::new(pointer, "taken", "is somebody else's"));
            }
        }
        problem
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => {
                let detail = "Too many passwords are being checked at the moment. Try again.";
                Self::unavailable("busy", detail, Duration::from_secs(1))
            }
            PasswordError::Hash(_) | PasswordError::Parameters(_) | PasswordError::Gone => Self::internal(&error),
        }
    }
}

impl From<IdempotencyError> for Problem {
    fn from(error: IdempotencyError) -> Self {
        match error {
            IdempotencyError::InFlight => {
                Self::conflict("idempotency_key_in_flight", "A request with this Idempotency-Key is being worked on.")
                    .retry_after(Duration::from_secs(1))
            }
            IdempotencyError::Reused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request.",
            ),
            IdempotencyError::Store(error) => error.into(),
        }
    }
}

impl From<PlaceError> for Problem {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::NoCampaign => Self::not_found("campaign"),
            PlaceError::Store(error) => error.into(),
        }
    }
}

impl From<TemplateError> for Problem {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::NameTaken => {
                let mut problem = Self::conflict("taken", "There is another template of that name.");
                problem.0.errors.push(FieldError::new("/name", "taken", "is another template's"));
                problem
            }
            TemplateError::Store(error) => error.into(),
        }
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NotFound => Self::not_found("batch"),
            ControlError::State(status) => {
                Self::conflict("wrong_state", format!("The batch is {status}; that cannot be done now."))
            }
            ControlError::Store(error) => error.into(),
        }
    }
}

impl From<BudgetError> for Problem {
    fn from(error: BudgetError) -> Self {
        match error {
            BudgetError::NoCampaign => Self::not_found("campaign"),
            BudgetError::Store(error) => error.into(),
        }
    }
}

impl From<LinkRefusal> for Problem {
    fn from(refusal: LinkRefusal) -> Self {
        match refusal {
            LinkRefusal::Expired => {
                Self::new(StatusCode::FORBIDDEN, "link_expired", "The link has expired: ask for a new one.")
            }
            LinkRefusal::Invalid => Self::new(StatusCode::FORBIDDEN, "link_invalid", "The link is not one of ours."),
        }
    }
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::NotFound => Self::not_found("image"),
            MediaError::Storage(_) => {
                tracing::warn!(error = %error, "the storage of images does not answer");
                let detail = "Images cannot be read at the moment. Try again.";
                Self::unavailable("storage_unavailable", detail, Duration::from_secs(2))
            }
            MediaError::Folder(_) | MediaError::Config(_) => Self::internal(&error),
        }
    }
}

impl From<DownloadError> for Problem {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::Outgoing(OutgoingError::Refused(refusal)) => refusal.into(),
            DownloadError::Outgoing(OutgoingError::Failed(_)) | DownloadError::Broken(_) => Self::no_download(),
            DownloadError::Status(status) => Self::new(
                StatusCode::BAD_GATEWAY,
                "download_failed",
                format!("The address answered with status {status}."),
            ),
            DownloadError::NotAnImage => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "not_an_image",
                "At the address is no PNG, JPEG or WebP image.",
            ),
            DownloadError::TooLarge(most) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "image_too_large",
                format!("The image is larger than {most} bytes."),
            ),
            DownloadError::Slow => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, "download_timeout", "The address took too long to answer.")
            }
            DownloadError::Busy => {
                let detail = "Too many images are on their way. Try again.";
                Self::unavailable("busy", detail, Duration::from_secs(1))
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // What a name resolves to is nobody's business: it could tell of the network that we stand in.
            Refusal::Unresolved | Refusal::Resolved(_) => Self::no_download(),
            Refusal::TooManyRedirects => {
                Self::new(StatusCode::BAD_GATEWAY, "download_failed", "The address redirects too often.")
            }
            Refusal::Malformed
            | Refusal::Scheme
            | Refusal::Credentials
            | Refusal::Port
            | Refusal::Encoded
            | Refusal::LocalName
            | Refusal::MetadataName
            | Refusal::Network(_) => {
                let detail = format!("The address may not be asked: {refusal}.");
                let mut problem = Self::new(StatusCode::BAD_REQUEST, "address_refused", detail);
                problem.0.errors = vec![FieldError::new("url", "invalid", refusal.to_string())];
                problem
            }
        }
    }
}

impl Problem {
    fn no_download() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "download_failed", "The address gave no image.")
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let trouble = match &error {
            StoreError::Sqlx(cause) => Trouble::of(cause),
            StoreError::Orm(
                DbErr::Exec(RuntimeErr::SqlxError(cause))
                | DbErr::Query(RuntimeErr::SqlxError(cause))
                | DbErr::Conn(RuntimeErr::SqlxError(cause)),
            ) => Trouble::of(cause),
            StoreError::Orm(DbErr::ConnectionAcquire(_)) => Trouble::Away,
            StoreError::Orm(_) | StoreError::Config(_) => Trouble::Bug,
        };
        match trouble {
            Trouble::Away => {
                tracing::warn!(error = %error, "the database cannot be reached");
                let detail = "The database cannot be reached. Try again.";
                Self::unavailable("database_unavailable", detail, Duration::from_secs(2))
            }
            Trouble::Busy => {
                tracing::warn!(error = %error, "the database was too busy for a request");
                Self::unavailable("busy", "The service is busy. Try again.", Duration::from_secs(1))
            }
            Trouble::NoUser => Self::no_such_user(),
            Trouble::Bug => Self::internal(&error),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        StoreError::from(error).into()
    }
}

/// What kind of trouble a database error is.
enum Trouble {
    /// It cannot be reached, or has no connection to spare.
    Away,
    /// It took too long.
    Busy,
    /// A row was to belong to a user who is not there.
    NoUser,
    /// Anything else is a mistake of ours.
    Bug,
}

impl Trouble {
    fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Away
            }
            sqlx::Error::Database(error) => match error.code().as_deref() {
                Some("23503") if error.constraint().is_some_and(|name| name.ends_with("_user_id_fkey")) => Self::NoUser,
                // lock_timeout, statement_timeout, deadlock, serialization.
                Some("55P03" | "57014" | "40P01" | "40001") => Self::Busy,
                // Shutting down, starting up, too many connections, connection lost.
                Some("53300") => Self::Away,
                Some(code) if code.starts_with("57P") || code.starts_with("08") => Self::Away,
                _ => Self::Bug,
            },
            _ => Self::Bug,
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::http::StatusCode;
    use shared::store::StoreError;

    use super::Problem;

    #[test]
    fn a_database_that_is_away_is_said_to_be_and_anything_else_is_ours() {
        let away: Problem = StoreError::Sqlx(sqlx::Error::PoolTimedOut).into();
        assert_eq!((away.status(), away.code()), (StatusCode::SERVICE_UNAVAILABLE, "database_unavailable"));
        let bug: Problem = StoreError::Sqlx(sqlx::Error::RowNotFound).into();
        assert_eq!((bug.status(), bug.code()), (StatusCode::INTERNAL_SERVER_ERROR, "internal"));
    }
}
