//! Storing an image: its bytes lie in the store before anything says so.

use std::time::Duration;

use shared::domain::{PostId, Step};
use shared::media::MediaKey;
use shared::store::advance::{Reason, StoredImage};
use tracing::warn;

use crate::gateway::Stop;
use crate::pictures::Picture;
use crate::worker::Worker;

/// Stores the picture that attempt `ordinal` of a row made.
pub(crate) async fn store(worker: &Worker, row: PostId, ordinal: i16, picture: Picture) -> Result<StoredImage, Stop> {
    let key = MediaKey::of_post(row, Step::Image, ordinal, picture.format);
    let stored = StoredImage {
        key: key.clone(),
        format: picture.format,
        width: picture.width,
        height: picture.height,
        bytes: picture.bytes.len(),
        thumbhash: picture.thumbhash,
        flags: picture.flags,
    };
    worker.media.put(&key, picture.bytes).await.map_err(|error| {
        warn!(%error, "an image could not be stored");
        unavailable("The image was made but could not be stored. It is made again shortly.")
    })?;
    Ok(stored)
}

/// The store does not answer: once more in a moment.
pub(crate) fn unavailable(message: &str) -> Stop {
    Stop::Wait { after: Duration::from_secs(2), reason: Reason { class: "storage", message: message.to_owned() } }
}
