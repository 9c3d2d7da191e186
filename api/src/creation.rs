//! Making something once for each `Idempotency-Key`: the key, what was made and the answer are committed together.

use poem_openapi::types::{ParseFromJSON, ToJSON};
use serde::Serialize;
use serde_json::Value;
use shared::domain::UserId;
use shared::store::idempotency::{self, Claim, KeyedRequest};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::app::App;
use crate::idempotency_key::IdempotencyKey;
use crate::problem::Problem;

/// Whether a request is new.
pub(crate) enum Begun {
    /// It is: make what it asks for.
    New(Creation),
    /// It was done before: the answer that was kept.
    Before(Before),
}

/// What an earlier request with the same key was answered.
pub(crate) struct Before {
    answer: Value,
}

/// Something that is being made. Dropped before it is kept, nothing was made.
pub(crate) struct Creation {
    tx: Transaction<'static, Postgres>,
    request: Option<KeyedRequest>,
}

impl Creation {
    /// Begins to do `what` (a method and a path) with `body`.
    pub(crate) async fn begin(
        app: &App,
        user: UserId,
        key: Option<IdempotencyKey>,
        what: &str,
        body: &impl Serialize,
    ) -> Result<Begun, Problem> {
        let body = serde_json::to_vec(body).map_err(|error| Problem::internal(&error))?;
        let request = key.map(|key| KeyedRequest::new(user, key.as_str(), what, &body));
        let mut tx = app.store.pool().begin().await?;
        if let Some(request) = &request
            && let Claim::Replay { response, .. } = idempotency::claim(&mut tx, request).await?
        {
            return Ok(Begun::Before(Before { answer: response }));
        }
        Ok(Begun::New(Self { tx, request }))
    }

    /// Where it is made.
    pub(crate) fn tx(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// It is made. `answer` is what the same request is answered when it comes again; it must hold no secret.
    pub(crate) async fn keep(mut self, id: impl Into<Uuid>, answer: &impl ToJSON) -> Result<(), Problem> {
        if let Some(request) = &self.request {
            let answer = answer.to_json().unwrap_or_default();
            idempotency::keep(&mut self.tx, request, id.into(), &answer).await?;
        }
        Ok(self.tx.commit().await?)
    }
}

impl Before {
    /// The answer of that time.
    pub(crate) fn answer<V: ParseFromJSON>(self) -> Result<V, Problem> {
        V::parse_from_json(Some(self.answer)).map_err(|_| Problem::internal(&"a kept answer is unreadable"))
    }
}
