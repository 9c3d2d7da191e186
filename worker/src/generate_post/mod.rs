//! One post: caption, moderation, image, done.

mod caption;
mod image;
mod moderation;

use shared::domain::{Context, PostId};
use shared::store::claim::PostWork;

use crate::gateway::Stop;
use crate::settle::Line;
use crate::worker::Worker;

// What the economy lane makes of a caption is what is made of it here.
pub(crate) use caption::{checked as checked_caption, faults_of};
pub(crate) use moderation::of as moderation_of;

/// A post in hand.
pub(crate) struct PostJob<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) id: PostId,
    pub(crate) post: &'a PostWork,
    /// What its batch was placed with.
    pub(crate) context: &'a Context,
    pub(crate) line: &'a mut Line,
}

/// Makes a post: what earlier runs have made of it is kept.
pub(crate) async fn produce(mut job: PostJob<'_>) -> Result<(), Stop> {
    let caption = caption::write(&mut job).await?;
    moderation::pass(&mut job, &caption).await?;
    image::paint(&mut job, &caption).await
}
