//! A request that is done once for each `Idempotency-Key`, in one transaction with the key.
//!
//! [`Once::begin`] takes the key or finds what was answered before; the work goes through [`Once::connection`];
//! [`Once::finish`] keeps the answer and commits. One that is dropped before has done nothing, and its key is free.

use poem_openapi::types::{ParseFromJSON, ToJSON};
use serde::Serialize;
use shared::domain::UserId;
use shared::store::idempotency::{self, Claim, KeyedRequest};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::app::App;
use crate::idempotency_key::IdempotencyKey;
use crate::problem::Problem;

/// Work that is being done.
pub(crate) struct Once {
    tx: Transaction<'static, Postgres>,
    /// `None` without a key: then it is only a transaction.
    request: Option<KeyedRequest>,
}

/// Whether there is anything to do.
pub(crate) enum Begun<V> {
    Fresh(Once),
    /// It was done before: this is what was answered.
    Replay(V),
}

impl Once {
    /// Begins the request `what` (a method and a path) with `body`, which says everything that makes it what it is.
    pub(crate) async fn begin<V: ParseFromJSON>(
        app: &App,
        user: UserId,
        key: Option<IdempotencyKey>,
        what: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Begun<V>, Problem> {
        let mut tx = app.store.pool().begin().await?;
        let Some(key) = key else { return Ok(Begun::Fresh(Self { tx, request: None })) };
        let body = serde_json::to_vec(body).map_err(|error| Problem::internal(&error))?;
        let request = KeyedRequest::new(user, key.as_str(), what, &body);
        match idempotency::claim(&mut tx, &request).await? {
            Claim::Fresh => Ok(Begun::Fresh(Self { tx, request: Some(request) })),
            Claim::Replay { response, .. } => {
                let kept = V::parse_from_json(Some(response));
                Ok(Begun::Replay(kept.map_err(|_| Problem::internal(&"a kept answer is unreadable"))?))
            }
        }
    }

    /// What the work is written through.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Keeps the answer about `resource`, and commits.
    pub(crate) async fn finish<V: ToJSON>(mut self, resource: Uuid, answer: &V) -> Result<(), Problem> {
        if let Some(request) = &self.request {
            let answer = answer.to_json().unwrap_or_default();
            idempotency::keep(&mut self.tx, request, resource, &answer).await?;
        }
        Ok(self.tx.commit().await?)
    }
}
