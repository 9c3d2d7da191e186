//! Users: who may call.

use chrono::Utc;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, SqlErr};
use secrecy::SecretString;
use sqlx::PgConnection;

use super::StoreError;
use super::entity::user::{ActiveModel, Column, Entity, Model};
use crate::domain::{SessionId, UserId};

/// A user, as everybody may see them; the hash of their password stays in this file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// A short integer name for clients that cannot hold a UUID.
    pub number: i64,
    pub username: String,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub created_at: chrono::DateTime<Utc>,
    pub updated_at: chrono::DateTime<Utc>,
}

/// A user who wants in.
pub struct Credentials {
    pub user: User,
    pub password_hash: SecretString,
    pub suspended: bool,
}

/// A user to be made.
#[derive(Clone)]
pub struct NewUser {
    pub username: String,
    pub email: String,
    pub password_hash: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

/// What changes of a profile; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    pub username: Option<String>,
    pub email: Option<String>,
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
}

/// Which names somebody else has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    pub username: bool,
    pub email: bool,
}

/// Why a user could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("the name is somebody else's")]
    Taken(Taken),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Model> for User {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            number: row.number,
            username: row.username,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Makes a user. Names are compared without case.
pub async fn insert(db: &impl ConnectionTrait, new: NewUser) -> Result<User, UserError> {
    let (username, email) = (new.username.clone(), new.email.clone());
    let now = Utc::now();
    let row = ActiveModel {
        id: Set(UserId::new()),
        number: NotSet,
        username: Set(new.username),
        email: Set(new.email),
        password_hash: Set(new.password_hash),
        first_name: Set(new.first_name),
        last_name: Set(new.last_name),
        role: NotSet,
        suspended_at: NotSet,
        created_at: Set(now),
        updated_at: Set(now),
    };
    match Entity::insert(row).exec_with_returning(db).await {
        Ok(row) => Ok(row.into()),
        Err(error) => Err(explain(db, error, &username, &email, None).await),
    }
}

/// One user.
pub async fn find(db: &impl ConnectionTrait, user: UserId) -> Result<Option<User>, StoreError> {
    Ok(Entity::find_by_id(user).one(db).await?.map(User::from))
}

/// Whether a user runs the installation: sees what all of it costs.
pub async fn is_admin(db: &impl ConnectionTrait, user: UserId) -> Result<bool, StoreError> {
    Ok(Entity::find_by_id(user).one(db).await?.is_some_and(|row| row.role == "admin"))
}

/// Who goes by a name: an email address when it has an @, else (or when nobody has that address) a username.
pub async fn credentials(db: &impl ConnectionTrait, name: &str) -> Result<Option<Credentials>, StoreError> {
    let mut found = None;
    if name.contains('@') {
        found = Entity::find().filter(is("email", name)).one(db).await?;
    }
    if found.is_none() {
        found = Entity::find().filter(is("username", name)).one(db).await?;
    }
    Ok(found.map(with_hash))
}

/// The credentials of a user who is known.
pub async fn credentials_of(db: &impl ConnectionTrait, user: UserId) -> Result<Option<Credentials>, StoreError> {
    Ok(Entity::find_by_id(user).one(db).await?.map(with_hash))
}

fn with_hash(row: Model) -> Credentials {
    Credentials {
        password_hash: row.password_hash.clone().into(),
        suspended: row.suspended_at.is_some(),
        user: row.into(),
    }
}

/// Which of these names others have.
pub async fn taken(
    db: &impl ConnectionTrait,
    username: Option<&str>,
    email: Option<&str>,
    except: Option<UserId>,
) -> Result<Taken, StoreError> {
    let mut taken = Taken::default();
    if let Some(username) = username {
        let other = Entity::find().filter(is("username", username)).one(db).await?;
        taken.username = other.is_some_and(|row| Some(row.id) != except);
    }
    if let Some(email) = email {
        let other = Entity::find().filter(is("email", email)).one(db).await?;
        taken.email = other.is_some_and(|row| Some(row.id) != except);
    }
    Ok(taken)
}

/// Changes a profile; `None` when there is no such user.
pub async fn update(db: &impl ConnectionTrait, user: UserId, change: ProfileChange) -> Result<Option<User>, UserError> {
    let (username, email) = (change.username.clone().unwrap_or_default(), change.email.clone().unwrap_or_default());
    let row = ActiveModel {
        id: Set(user),
        username: change.username.map_or(NotSet, Set),
        email: change.email.map_or(NotSet, Set),
        first_name: change.first_name.map_or(NotSet, Set),
        last_name: change.last_name.map_or(NotSet, Set),
        updated_at: Set(Utc::now()),
        ..Default::default()
    };
    match Entity::update(row).exec(db).await {
        Ok(row) => Ok(Some(row.into())),
        Err(DbErr::RecordNotUpdated) => Ok(None),
        Err(error) => Err(explain(db, error, &username, &email, Some(user)).await),
    }
}

/// Replaces a hash, unless it has changed since `old` was read. Whether it did.
pub async fn replace_hash(db: &impl ConnectionTrait, user: UserId, old: &str, new: String) -> Result<bool, StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(new))
        .col_expr(Column::UpdatedAt, Expr::current_timestamp())
        .filter(Expr::col(Column::Id).eq(user))
        .filter(Expr::col(Column::PasswordHash).eq(old))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Shuts a user out and ends their sessions, which are returned for the revocation feed of this process.
pub async fn suspend(tx: &mut PgConnection, user: UserId) -> Result<Vec<SessionId>, StoreError> {
    sqlx::query("UPDATE users SET suspended_at = coalesce(suspended_at, now()), updated_at = now() WHERE id = $1")
        .bind(user)
        .execute(&mut *tx)
        .await?;
    super::sessions::revoke_all(tx, user, None, super::sessions::Reason::Suspended).await
}

/// Lets a user in again; they log in anew.
pub async fn unsuspend(tx: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET suspended_at = NULL, updated_at = now() WHERE id = $1")
        .bind(user)
        .execute(tx)
        .await?;
    Ok(())
}

/// Compared as the unique indexes do.
fn is(column: &'static str, name: &str) -> Expr {
    Expr::cust_with_values(format!("lower({column}) = lower($1)"), [name.to_owned()])
}

/// A broken uniqueness says which name it was about.
async fn explain(
    db: &impl ConnectionTrait,
    error: DbErr,
    username: &str,
    email: &str,
    user: Option<UserId>,
) -> UserError {
    if !matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
        return UserError::Store(error.into());
    }
    match taken(db, Some(username), Some(email), user).await {
        Ok(taken) => UserError::Taken(taken),
        Err(error) => UserError::Store(error),
    }
}
