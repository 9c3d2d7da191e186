//! One file, carried on from whatever step it is found at: booked, uploaded, ordered, looked at, settled.
//!
//! Each step is written before the next begins, so whoever finds a file knows what may have happened to it. Before an order
//! goes out it says so; one that is found in that state is looked for at the provider by our id, and ordered again only when
//! it has not turned up for longer than an order can be on its way.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use chrono::TimeDelta;
use serde_json::json;
use shared::domain::BatchStatus;
use shared::store::economy::{self, FileState, Line, ProviderBatch};
use tracing::{debug, info, warn};

use super::{Tender, clock};
use crate::gateway::{BatchPlace, DESK_PATIENCE, DeskError, ProviderView, Status};
use crate::prompts::{self, CaptionBrief};

/// How long an order may be on its way before it is taken for lost.
const ORDER_SETTLES: Duration = DESK_PATIENCE.saturating_mul(2);
/// How long a file whose posts went on without it is still asked for.
const ASKED_FOR: TimeDelta = TimeDelta::days(7);

impl Tender<'_> {
    /// Carries every file on; one that cannot be is no reason to leave the others.
    pub(super) async fn carry_files_on(&self) -> Result<()> {
        for file in economy::of_batch(self.worker.store.pool(), self.lane.batch).await? {
            let id = file.id;
            if let Err(error) = self.carry_on(file).await {
                warn!(batch.id = %self.lane.batch, file.id = %id, error = format!("{error:#}"),
                    "a file could not be carried on; it is tried again");
            }
        }
        Ok(())
    }

    /// Carries a file on as far as it goes now.
    pub(super) async fn carry_on(&self, mut file: ProviderBatch) -> Result<()> {
        let Some(place) = self.worker.posts.gateway.batch_place_at(&file.route) else {
            return self.without_a_place(&file).await;
        };
        if file.state == FileState::Reserving {
            // Whoever booked its lines is gone. What was booked is enough of a file.
            self.enter(&mut file, FileState::Reserved).await?;
        }
        let outcome = match file.state {
            FileState::Reserving | FileState::Reserved | FileState::Uploaded => self.order(&place, &mut file).await,
            FileState::Creating => self.find(&place, &mut file).await,
            FileState::Created => self.look(&place, &mut file).await,
            FileState::Ended => Ok(()),
        };
        match outcome {
            Err(Stuck::At(DeskError::Trouble(what) | DeskError::Busy(what)))
                if !self.may_wait() && file.state != FileState::Reserved =>
            {
                warn!(file.id = %file.id, what, "the provider does not answer");
                self.give_up(&place, &mut file).await
            }
            Err(Stuck::At(error)) => self.refused(&place, &mut file, error).await,
            Err(Stuck::Here(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }

    /// Uploads a file and orders the batch.
    async fn order(&self, place: &BatchPlace, file: &mut ProviderBatch) -> Result<(), Stuck> {
        if self.is_stopped() || self.is_late() || file.given_up {
            return Ok(self.take_back(place, file, "not_sent").await?);
        }
        if self.lane.status == BatchStatus::Paused || !self.worker.lease.may_send() {
            return Ok(());
        }
        if file.state == FileState::Reserved {
            let lines = economy::lines(self.worker.store.pool(), file.id).await.map_err(anyhow::Error::from)?;
            if lines.is_empty() {
                return Ok(self.end(file, "empty").await?);
            }
            let text = self.write_lines(place, &lines)?;
            file.input_file_id = Some(self.worker.posts.gateway.upload(place, file.id, text).await?);
            self.enter(file, FileState::Uploaded).await?;
        }
        self.enter(file, FileState::Creating).await?;
        if !self.worker.lease.may_send() {
            return Ok(());
        }
        let input = file.input_file_id.clone().unwrap_or_default();
        match self.worker.posts.gateway.create_batch(place, file.id, &input).await {
            Ok(view) => Ok(self.created(file, view).await?),
            Err(DeskError::Busy(what)) => {
                debug!(file.id = %file.id, what, "no batch is taken now");
                Ok(self.enter(file, FileState::Uploaded).await?)
            }
            // Nobody knows whether it was made: it is looked for the next time.
            Err(DeskError::Trouble(what)) => {
                warn!(file.id = %file.id, what, "a batch was ordered without an answer");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Looks for a batch that may have been ordered.
    async fn find(&self, place: &BatchPlace, file: &mut ProviderBatch) -> Result<(), Stuck> {
        let found = self.worker.posts.gateway.find_batch(place, file.id, file.created_at).await?;
        if let Some(view) = found {
            info!(file.id = %file.id, batch = view.id, "a batch that was ordered was found again");
            self.created(file, view).await?;
            return self.look(place, file).await;
        }
        let waited = (self.lane.now - file.updated_at).to_std().unwrap_or_default();
        if waited < ORDER_SETTLES {
            return Ok(());
        }
        self.enter(file, FileState::Uploaded).await?;
        self.order(place, file).await
    }

    /// Looks how a batch stands, and settles one that has ended.
    async fn look(&self, place: &BatchPlace, file: &mut ProviderBatch) -> Result<(), Stuck> {
        let batch = file.provider_batch_id.clone().unwrap_or_default();
        let view = self.worker.posts.gateway.look_at_batch(place, &batch).await?;
        if view.status.is_final() {
            return self.settle(place, file, &view).await;
        }
        if (self.is_stopped() || self.is_late() || file.given_up) && view.status != Status::Cancelling {
            info!(file.id = %file.id, batch, "a batch is cancelled");
            // Looked at again the next time, also when it has ended meanwhile.
            if let Err(error) = self.worker.posts.gateway.cancel_batch(place, &batch).await {
                warn!(file.id = %file.id, %error, "a batch was not cancelled; it is tried again");
            }
        }
        if !self.may_wait() {
            self.give_up(place, file).await?;
        }
        Ok(())
    }

    async fn settle(&self, place: &BatchPlace, file: &mut ProviderBatch, view: &ProviderView) -> Result<(), Stuck> {
        let mut answers = Vec::new();
        for id in &view.files {
            answers.push(self.worker.posts.gateway.download(place, id).await?);
        }
        self.settle_lines(place, file, &answers).await?;
        info!(file.id = %file.id, status = view.status.as_str(), errors = ?view.errors, "a file was settled");
        self.end(file, view.status.as_str()).await?;
        match view.status {
            Status::Failed => self.fall_over("provider_failed").await?,
            Status::Expired => self.fall_over("provider_expired").await?,
            // Somebody else has: there is no knowing why.
            Status::Cancelled if !self.is_stopped() && !self.is_late() => self.fall_over("provider_failed").await?,
            _ => {}
        }
        // They hold what customers wrote, and would lie there for a month.
        for id in file.input_file_id.iter().chain(&view.files) {
            if let Err(error) = self.worker.posts.gateway.delete_file(place, id).await {
                warn!(file.id = %file.id, %error, "a file could not be deleted at its provider");
            }
        }
        Ok(())
    }

    /// What a final refusal makes of a file.
    async fn refused(&self, place: &BatchPlace, file: &mut ProviderBatch, error: DeskError) -> Result<()> {
        if !matches!(error, DeskError::Busy(_) | DeskError::Trouble(_)) {
            warn!(file.id = %file.id, %error, "the provider refused a file");
        }
        match (error, file.state) {
            // A key that was revoked meanwhile, or a batch that is gone: nobody knows what was billed.
            (DeskError::Key(_) | DeskError::Missing | DeskError::Refused(_), FileState::Created) => {
                self.give_up(place, file).await?;
                self.fall_over("provider_failed").await?;
                self.end(file, "lost").await
            }
            (DeskError::Key(_), _) => self.take_back(place, file, "key_refused").await,
            (DeskError::Missing | DeskError::Refused(_), _) => {
                self.take_back(place, file, "refused").await?;
                self.fall_over("provider_failed").await
            }
            (error @ (DeskError::Busy(_) | DeskError::Trouble(_)), _) => Err(error.into()),
        }
    }

    /// Ends a file that was never ordered. Its posts wait in the lane again.
    async fn take_back(&self, place: &BatchPlace, file: &ProviderBatch, outcome: &'static str) -> Result<()> {
        self.take_lines_back(place, file).await?;
        self.end(file, outcome).await
    }

    /// Lets the posts of a file go on without it. It is still asked for: whatever it brings is settled.
    async fn give_up(&self, place: &BatchPlace, file: &mut ProviderBatch) -> Result<()> {
        if self.lane.now - file.created_at > ASKED_FOR {
            return self.end(file, "lost").await;
        }
        if file.given_up {
            return Ok(());
        }
        warn!(batch.id = %self.lane.batch, file.id = %file.id, model = place.route().model,
            "a file was given up: its posts go on without it, and what it may cost stays held");
        self.doubt_lines(file).await?;
        file.given_up = true;
        let state = file.state;
        self.enter(file, state).await
    }

    /// A file whose key is not configured any more.
    async fn without_a_place(&self, file: &ProviderBatch) -> Result<()> {
        warn!(file.id = %file.id, key = file.route.key_label, model = file.route.model,
            "a file lies with a key that is not configured any more");
        let mut file = file.clone();
        if !file.given_up {
            self.doubt_lines(&file).await?;
            self.fall_over("key_refused").await?;
            file.given_up = true;
            let state = file.state;
            self.enter(&mut file, state).await?;
        }
        if self.lane.now - file.created_at > ASKED_FOR {
            self.end(&file, "lost").await?;
        }
        Ok(())
    }

    async fn created(&self, file: &mut ProviderBatch, view: ProviderView) -> Result<()> {
        file.provider_batch_id = Some(view.id);
        self.enter(file, FileState::Created).await
    }

    /// Writes how far a file is. An error: the lane is somebody else's by now.
    async fn enter(&self, file: &mut ProviderBatch, state: FileState) -> Result<()> {
        file.state = state;
        let written = economy::enter(self.worker.store.pool(), self.worker.lease.worker, file).await?;
        anyhow::ensure!(written, "another worker tends this lane");
        Ok(())
    }

    async fn end(&self, file: &ProviderBatch, outcome: &str) -> Result<()> {
        economy::end(self.worker.store.pool(), self.worker.lease.worker, file.id, outcome).await?;
        Ok(())
    }

    /// The lines of a file as they are uploaded. The same lines make the same file, whoever writes it.
    fn write_lines(&self, place: &BatchPlace, lines: &[Line]) -> Result<Bytes> {
        let mut text = Vec::new();
        for line in lines {
            let ask = prompts::caption(&CaptionBrief::of(&line.brief, &self.lane.context, &self.worker.platforms));
            let body = self.worker.posts.gateway.write_line(place, ask);
            let entry = json!({
                "custom_id": line.call, "method": "POST", "url": "/v1/chat/completions", "body": body,
            });
            writeln!(text, "{entry}")?;
        }
        Ok(text.into())
    }

    /// Whether nothing more may be waited for.
    fn is_late(&self) -> bool {
        self.lane.now >= clock::falls_over_at(&self.lane, &self.worker.economy)
    }

    /// Whether there is time for a provider that does not answer, or does not cancel.
    fn may_wait(&self) -> bool {
        self.is_stopped() || self.lane.now < clock::gives_up_at(&self.lane, &self.worker.economy)
    }
}

/// Why a file came no further.
enum Stuck {
    /// The provider said no, or nothing.
    At(DeskError),
    /// Something of ours.
    Here(anyhow::Error),
}

impl From<DeskError> for Stuck {
    fn from(error: DeskError) -> Self {
        Self::At(error)
    }
}

impl From<anyhow::Error> for Stuck {
    fn from(error: anyhow::Error) -> Self {
        Self::Here(error)
    }
}
