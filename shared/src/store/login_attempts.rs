//! Failed logins, counted for an account and for an address, over all API processes.
//!
//! [`begin`] counts a login as failed before its password is checked; [`succeed`] takes that back. Only hashes of names and
//! addresses are stored.

use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::{PgExecutor, PgPool};

use super::StoreError;
use crate::domain::UserId;

/// Account or address that failures are counted for, as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject([u8; 32]);

impl Subject {
    pub fn user(user: UserId) -> Self {
        Self::of("user", &user.to_string())
    }

    /// A name that nobody has: counted like an account, so that it looks like one.
    pub fn name(name: &str) -> Self {
        Self::of("name", &name.to_lowercase())
    }

    pub fn address(address: &str) -> Self {
        Self::of("address", address)
    }

    fn of(kind: &str, text: &str) -> Self {
        Self(Sha256::new().chain_update(kind).chain_update(b"\n").chain_update(text).finalize().into())
    }
}

/// Failures that are allowed in a window.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub account: u32,
    pub address: u32,
    pub window: Duration,
}

/// Limit that a login has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Account { again_in: Duration },
    Address { again_in: Duration },
}

#[derive(sqlx::FromRow)]
struct Counted {
    address_admitted: bool,
    account_admitted: bool,
    seconds: f64,
}

/// Counts a login; `Some` when it may not be tried.
pub async fn begin(
    db: impl PgExecutor<'_>,
    address: Subject,
    account: Subject,
    limits: Limits,
) -> Result<Option<Exceeded>, StoreError> {
    let bounded = |limit: u32| i32::try_from(limit).unwrap_or(i32::MAX - 1);
    let counted: Counted = sqlx::query_as(include_str!("sql/login_attempt.sql"))
        .bind(&address.0[..])
        .bind(&account.0[..])
        .bind(bounded(limits.address))
        .bind(bounded(limits.account))
        .bind(limits.window.as_secs_f64())
        .fetch_one(db)
        .await?;
    let again_in = Duration::from_secs_f64(counted.seconds.max(0.0));
    Ok(if !counted.address_admitted {
        Some(Exceeded::Address { again_in })
    } else if !counted.account_admitted {
        Some(Exceeded::Account { again_in })
    } else {
        None
    })
}

/// Takes back what [`begin`] counted: the account's failures are forgotten, of the address's this one.
pub async fn succeed(pool: &PgPool, address: Subject, account: Subject) -> Result<(), StoreError> {
    retract(pool, address).await?;
    forget(pool, account).await
}

/// Takes back one count of a subject.
pub async fn retract(db: impl PgExecutor<'_>, subject: Subject) -> Result<(), StoreError> {
    sqlx::query("UPDATE login_attempts SET failures = greatest(failures - 1, 0) WHERE subject = $1")
        .bind(&subject.0[..])
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets the failures of an account.
pub async fn forget(db: impl PgExecutor<'_>, account: Subject) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM login_attempts WHERE subject = $1").bind(&account.0[..]).execute(db).await?;
    Ok(())
}

/// Deletes counts whose window has passed.
pub async fn sweep(db: impl PgExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM login_attempts WHERE expires_at <= now()").execute(db).await?;
    Ok(())
}
