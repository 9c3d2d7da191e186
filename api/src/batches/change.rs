//! Changing what a batch may cost.

use poem_openapi::Object;
use shared::domain::{BatchId, Nanodollars};
use shared::store::{batches, control};

use super::news::announce;
use super::view::BatchView;
use crate::app::App;
use crate::caller::Caller;
use crate::parse::{Fields, ReadBody};
use crate::problem::Problem;

/// What of a batch can be changed after its submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchChange {
    /// `None` takes the limit away.
    cap: Option<Nanodollars>,
}

/// What changes of a batch.
#[derive(Object)]
#[oai(rename = "BatchChange")]
pub(crate) struct BatchChangeSchema {
    /// What the batch may cost at most from its beginning on, in dollars; 0 lets nothing more through. Null takes the limit
    /// away.
    #[oai(validator(minimum(value = "0"), maximum(value = "1000000000")))]
    budget_usd: Option<f64>,
}

impl ReadBody for BatchChange {
    type Schema = BatchChangeSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        Some(Self { cap: fields.dollars("budget_usd")? })
    }
}

/// Changes a batch and answers how it stands then.
pub(super) async fn change(app: &App, caller: Caller, id: BatchId, change: BatchChange) -> Result<BatchView, Problem> {
    let mut tx = app.store.pool().begin().await?;
    let changed = control::set_cap(&mut tx, caller.user, id, change.cap).await?;
    let batch = batches::read(&mut *tx, id).await?.ok_or_else(|| Problem::not_found("batch"))?;
    tx.commit().await?;
    tracing::info!(batch.id = %id, user.id = %caller.user, cap_nanos = change.cap.map(|cap| cap.0), "a batch's cap was changed");
    announce(app, &[changed]).await;
    Ok(BatchView::for_caller(&batch, &app.links, caller))
}
