//! Handing in: the waiting posts of a lane, booked line by line as files, which are then carried on.

use anyhow::Result;
use futures::future::join_all;
use shared::domain::{CallId, ProviderBatchId, Step};
use shared::store::advance::{Answer, Item, LANE_EPOCH, Next, Reservation};
use shared::store::economy::{self, FileState, WaitingPost};
use tracing::info;

use super::Tender;
use crate::gateway::{BatchPlace, NoBatchPlace};
use crate::prompts::{self, CaptionBrief};

/// What the lines of one file may take: providers take 200 MB.
const LARGEST_FILE: usize = 64 << 20;

/// How far handing in came.
pub(super) enum HandedIn {
    Everything,
    /// A cap holds the rest back, or the batch was stopped meanwhile.
    NotAll,
    Nowhere(NoBatchPlace),
}

impl Tender<'_> {
    /// Hands in every post that waits, file by file.
    pub(super) async fn hand_in(&self) -> Result<HandedIn> {
        let (pool, me, batch) = (self.worker.store.pool(), self.worker.lease.worker, self.lane.batch);
        loop {
            let posts = economy::waiting_posts(pool, batch, self.worker.economy.max_lines).await?;
            if posts.is_empty() {
                return Ok(HandedIn::Everything);
            }
            let refused = economy::refused_keys(pool, batch).await?;
            let place = match self.worker.posts.gateway.batch_place(&refused) {
                Ok(place) => place,
                Err(nowhere) => return Ok(HandedIn::Nowhere(nowhere)),
            };
            self.ring(economy::begin(pool, me, batch).await?);
            let Some(mut file) = economy::insert(pool, me, batch, place.route()).await? else {
                return Ok(HandedIn::NotAll);
            };
            let (asked, granted) = self.book(file.id, &place, posts).await;
            if granted == 0 {
                economy::discard(pool, me, file.id).await?;
                return Ok(HandedIn::NotAll);
            }
            file.state = FileState::Reserved;
            economy::enter(pool, me, &file).await?;
            info!(batch.id = %batch, file.id = %file.id, lines = granted, model = place.route().model, "captions are handed in");
            self.carry_on(file).await?;
            if granted < asked {
                return Ok(HandedIn::NotAll);
            }
        }
    }

    /// Books a line for each post, as many as fit into one file; answers how many were asked for and how many granted.
    async fn book(&self, file: ProviderBatchId, place: &BatchPlace, posts: Vec<WaitingPost>) -> (usize, usize) {
        let mut bytes = 0;
        let mut items = Vec::with_capacity(posts.len());
        for post in posts {
            let ask = prompts::caption(&CaptionBrief::of(&post.brief, &self.lane.context, &self.worker.platforms));
            let (quote, size) = self.worker.posts.gateway.quote_line(place, ask);
            bytes += size;
            if bytes > LARGEST_FILE && !items.is_empty() {
                break;
            }
            let reservation = Reservation {
                call: CallId::new(),
                step: Step::Caption,
                ordinal: post.caption_ordinal + 1,
                revision: post.revision,
                quote,
            };
            items.push(Item {
                post: post.post,
                batch: self.lane.batch,
                user: self.lane.user,
                epoch: LANE_EPOCH,
                settle: None,
                checkpoint: None,
                next: Next::Book(file, reservation),
            });
        }
        let asked = items.len();
        let answers = join_all(items.into_iter().map(|item| self.worker.posts.writer.write(item))).await;
        (asked, answers.iter().filter(|answer| **answer == Answer::Granted).count())
    }
}
