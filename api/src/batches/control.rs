//! Telling a batch what to do.

use shared::domain::BatchId;
use shared::queue::Track;
use shared::store::{batches, control};

use super::news::{announce, announce_cancelled};
use super::view::BatchView;
use crate::app::App;
use crate::caller::Caller;
use crate::problem::Problem;

/// What a batch can be told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    Cancel,
    Pause,
    Resume,
    /// Run what failed again.
    Retry,
}

/// Changes a batch and answers how it stands then.
pub(super) async fn command(app: &App, caller: Caller, id: BatchId, command: Command) -> Result<BatchView, Problem> {
    let mut tx = app.store.pool().begin().await?;
    let changed = match command {
        Command::Cancel => control::cancel(&mut tx, caller.user, Track::Posts, id).await,
        Command::Pause => control::pause(&mut tx, caller.user, id).await,
        Command::Resume => control::resume(&mut tx, caller.user, id).await,
        Command::Retry => control::retry(&mut tx, caller.user, id).await,
    }?;
    let batch = batches::read(&mut *tx, id).await?.ok_or_else(|| Problem::not_found("batch"))?;
    tx.commit().await?;
    tracing::info!(batch.id = %id, user.id = %caller.user, command = ?command, "a batch was told what to do");
    match command {
        Command::Cancel => announce_cancelled(app, &[changed]).await,
        Command::Pause | Command::Resume | Command::Retry => announce(app, &[changed]).await,
    }
    Ok(BatchView::for_caller(&batch, &app.links, caller))
}
