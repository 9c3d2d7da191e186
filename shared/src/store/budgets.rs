//! Caps on what a campaign and a user may spend. A batch's own cap stands in its row.
//!
//! A row exists only where a cap does: for a campaign over its whole life, for a user one for each calendar month in UTC.
//! `advance` grants a call only while spent + held + its bound stay within every cap that its batch stands under, and moves
//! the money at all of them in the same transaction; a call counts in the month in which it was reserved.
//!
//! **A cap that comes late** begins with what was spent and is held already. [`set`] takes the rows of the user or campaign,
//! so that no batch is placed meanwhile, and then those of all the batches, so that no call is granted or settled while it
//! adds up. Locks are taken in the order users, campaigns, batches, budgets.
//!
//! **A batch that a cap has paused** remembers the smallest call that was refused, and goes on by itself once that fits:
//! because a cap was raised or taken away, a new month has begun, or a call turned out cheaper than feared. [`resume`] does
//! so; whoever changes a cap calls it, and so does every worker once a second.

use sqlx::{FromRow, PgConnection, PgExecutor, PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use super::advance::lock_batches;
use super::{StoreError, control};
use crate::domain::{BatchId, CampaignId, Nanodollars, UserId};
use crate::progress::Progress;

/// What a cap is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A campaign over its whole life.
    Campaign(CampaignId),
    /// Everything of the user's, each calendar month in UTC.
    UserMonth,
}

/// A cap and how much of it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    pub scope: Scope,
    /// The campaign's or the user's id: the key of the list.
    pub scope_id: Uuid,
    /// `all`, or a month such as `2026-11`.
    pub period: String,
    pub cap: Nanodollars,
    pub spent: Nanodollars,
    /// What calls under way may cost at most.
    pub held: Nanodollars,
    /// The part of `held` that belongs to calls of which nobody knows what they cost.
    pub unconfirmed: Nanodollars,
}

impl FromRow<'_, PgRow> for Budget {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let scope_id: Uuid = row.try_get("scope_id")?;
        let scope = match row.try_get("scope")? {
            "campaign" => Scope::Campaign(CampaignId(scope_id)),
            _ => Scope::UserMonth,
        };
        Ok(Self {
            scope,
            scope_id,
            period: row.try_get("period")?,
            cap: row.try_get("cap_nanos")?,
            spent: row.try_get("spent_nanos")?,
            held: row.try_get("held_nanos")?,
            unconfirmed: row.try_get("unconfirmed_nanos")?,
        })
    }
}

/// Why a cap could not be set.
#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
    #[error("the user has no such campaign")]
    NoCampaign,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BudgetError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Sets a cap, or changes it. One below what is spent already is taken: it lets nothing more through. After the commit,
/// [`resume`] lets go on what fits now.
pub async fn set(tx: &mut PgConnection, user: UserId, scope: Scope, cap: Nanodollars) -> Result<Budget, BudgetError> {
    lock_parents(tx, user, scope).await?;
    let changed = sqlx::query(
        "UPDATE budgets SET cap_nanos = $2, updated_at = now()
         WHERE scope_id = $1 AND period >= CASE scope WHEN 'user' THEN month_of(now()) ELSE 'all' END",
    )
    .bind(scope.id(user))
    .bind(cap)
    .execute(&mut *tx)
    .await?;
    if changed.rows_affected() == 0 {
        open(tx, user, scope, cap).await?;
    }
    let budget = sqlx::query_as(
        "SELECT scope, scope_id, period, cap_nanos, spent_nanos, held_nanos, unconfirmed_nanos
         FROM budgets WHERE scope_id = $1 AND period >= CASE scope WHEN 'user' THEN month_of(now()) ELSE 'all' END
         ORDER BY period LIMIT 1",
    );
    Ok(budget.bind(scope.id(user)).fetch_one(tx).await?)
}

/// Takes a cap away; it is no error when there is none.
pub async fn remove(tx: &mut PgConnection, user: UserId, scope: Scope) -> Result<(), BudgetError> {
    lock_parents(tx, user, scope).await?;
    sqlx::query("DELETE FROM budgets WHERE scope_id = $1").bind(scope.id(user)).execute(tx).await?;
    Ok(())
}

/// A user's caps as they stand now, the user's own first, after the one with the key `after`.
pub async fn list(
    db: impl PgExecutor<'_>,
    user: UserId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Budget>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT scope, scope_id, period, cap_nanos, spent_nanos, held_nanos, unconfirmed_nanos
         FROM budgets
         WHERE user_id = $1 AND scope_id > $2 AND period IN ('all', month_of(now()))
         ORDER BY scope_id LIMIT $3",
    )
    .bind(user)
    .bind(after.unwrap_or(Uuid::nil()))
    .bind(limit)
    .fetch_all(db)
    .await?)
}

/// Lets batches go on that a cap has paused and that none keeps any longer: of one user, or everybody's. Answers what is to
/// be published.
pub async fn resume(pool: &PgPool, user: Option<UserId>) -> Result<Vec<Progress>, StoreError> {
    // The usual answer costs one look at an index that is empty.
    if affordable(pool, user, None).await?.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = pool.begin().await?;
    let batches = affordable(&mut *tx, user, None).await?;
    let progress = resume_batches(&mut tx, user, &batches).await?;
    tx.commit().await?;
    Ok(progress)
}

/// The same for these batches, in the caller's transaction.
pub(super) async fn resume_batches(
    tx: &mut PgConnection,
    user: Option<UserId>,
    batches: &[BatchId],
) -> Result<Vec<Progress>, StoreError> {
    lock_batches(tx, batches).await?;
    let mut progress = Vec::new();
    // Looked at again under the locks: somebody else may have been quicker.
    for batch in affordable(&mut *tx, user, Some(batches)).await? {
        progress.extend(control::resume_locked(tx, batch).await?);
    }
    Ok(progress)
}

/// Gives every user who has a cap the rows of the months to come.
pub async fn ensure_months(db: impl PgExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query("SELECT ensure_budget_months(2)").execute(db).await?;
    Ok(())
}

/// Calls of one batch and month that became unknown.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    pub(super) campaign: Option<CampaignId>,
    pub(super) user: UserId,
    /// Such as `2026-11`.
    pub(super) month: String,
    pub(super) held: Nanodollars,
}

/// Books calls that became unknown. The caller holds the batches.
pub(super) async fn book_doubts(tx: &mut PgConnection, doubts: &[Doubt]) -> Result<(), StoreError> {
    if doubts.is_empty() {
        return Ok(());
    }
    let (mut scopes, mut periods, mut nanos) = (Vec::new(), Vec::new(), Vec::new());
    for doubt in doubts {
        for (scope, period) in [(doubt.campaign.map(|campaign| campaign.0), "all"), (Some(doubt.user.0), &doubt.month)]
        {
            scopes.push(scope);
            periods.push(period);
            nanos.push(doubt.held);
        }
    }
    sqlx::query(include_str!("sql/budget_doubts.sql")).bind(scopes).bind(periods).bind(nanos).execute(tx).await?;
    Ok(())
}

impl Scope {
    const fn id(self, user: UserId) -> Uuid {
        match self {
            Self::Campaign(campaign) => campaign.0,
            Self::UserMonth => user.0,
        }
    }
}

/// Takes the rows under which batches are placed: until the end of the transaction none is.
async fn lock_parents(tx: &mut PgConnection, user: UserId, scope: Scope) -> Result<(), BudgetError> {
    match scope {
        Scope::Campaign(campaign) => {
            sqlx::query("SELECT FROM campaigns WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL FOR UPDATE")
                .bind(campaign)
                .bind(user)
                .fetch_optional(tx)
                .await?
                .ok_or(BudgetError::NoCampaign)?;
        }
        Scope::UserMonth => {
            // The user's row keeps campaigns from being made.
            sqlx::query("SELECT FROM users WHERE id = $1 FOR UPDATE").bind(user).execute(&mut *tx).await?;
            sqlx::query("SELECT FROM campaigns WHERE user_id = $1 ORDER BY id FOR UPDATE")
                .bind(user)
                .execute(tx)
                .await?;
        }
    }
    Ok(())
}

/// Begins an account with what was spent and is held already. The caller holds the parents.
async fn open(tx: &mut PgConnection, user: UserId, scope: Scope, cap: Nanodollars) -> Result<(), StoreError> {
    match scope {
        Scope::Campaign(campaign) => {
            sqlx::query("SELECT FROM batch_jobs WHERE campaign_id = $1 ORDER BY id FOR UPDATE")
                .bind(campaign)
                .execute(&mut *tx)
                .await?;
            let opening = sqlx::query(include_str!("sql/budget_open_campaign.sql"));
            opening.bind(user).bind(campaign).bind(cap).execute(tx).await?;
        }
        Scope::UserMonth => {
            sqlx::query("SELECT FROM batch_jobs WHERE user_id = $1 ORDER BY id FOR UPDATE")
                .bind(user)
                .execute(&mut *tx)
                .await?;
            let opening = sqlx::query(include_str!("sql/budget_open_month.sql"));
            opening.bind(user).bind(cap).execute(tx).await?;
        }
    }
    Ok(())
}

async fn affordable(
    db: impl PgExecutor<'_>,
    user: Option<UserId>,
    batches: Option<&[BatchId]>,
) -> Result<Vec<BatchId>, StoreError> {
    Ok(sqlx::query_scalar(include_str!("sql/affordable.sql")).bind(user).bind(batches).fetch_all(db).await?)
}
