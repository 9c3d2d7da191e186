//! Fetching an image that lies elsewhere, under bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use poem::http::header;
use shared::config::{ConfigError, DownloadSettings};
use shared::domain::UserId;
use shared::media::ImageFormat;
use shared::outgoing::{Outgoing, OutgoingError};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::rate_limit::RateLimit;

/// How long one may wait for others to be done.
const QUEUE: Duration = Duration::from_secs(5);
/// The longest pause inside an image.
const PAUSE: Duration = Duration::from_secs(10);

/// Why no image is passed on.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    #[error("the address answered with status {0}")]
    Status(u16),
    #[error("the answer broke off: {0}")]
    Broken(#[source] reqwest::Error),
    #[error("what came is no image")]
    NotAnImage,
    #[error("the image is larger than {0} bytes")]
    TooLarge(usize),
    #[error("it took too long")]
    Slow,
    #[error("too many images are on their way")]
    Busy,
}

/// An image, whole.
pub(super) struct Image {
    pub(super) bytes: Bytes,
    pub(super) format: ImageFormat,
}

/// Fetches images. One a process.
pub struct Downloads {
    outgoing: Outgoing,
    /// How often each user may ask.
    pub(super) limit: RateLimit<UserId>,
    /// One for each image in memory.
    permits: Semaphore,
    largest: usize,
    patience: Duration,
}

impl Downloads {
    pub fn new(settings: &DownloadSettings) -> Result<Self, ConfigError> {
        let refusal = "Too many downloads by this user.";
        Ok(Self {
            outgoing: Outgoing::new(settings.policy()?),
            limit: RateLimit::new("user", refusal, settings.per_minute, Duration::from_mins(1)),
            permits: Semaphore::new(settings.at_once),
            largest: settings.largest_bytes,
            patience: settings.patience(),
        })
    }

    pub fn forget_the_idle(&self) {
        self.limit.forget_the_idle();
    }

    pub(super) async fn fetch(&self, address: &str) -> Result<Image, DownloadError> {
        let waited = timeout(QUEUE, self.permits.acquire()).await;
        let _permit = waited.ok().and_then(Result::ok).ok_or(DownloadError::Busy)?;
        let deadline = Instant::now() + self.patience;
        let mut response =
            timeout_at(deadline, self.outgoing.get(address)).await.map_err(|_| DownloadError::Slow)??;
        let status = response.status();
        if status != reqwest::StatusCode::OK {
            return Err(DownloadError::Status(status.as_u16()));
        }
        if !is_called_an_image(&response) {
            return Err(DownloadError::NotAnImage);
        }
        let bytes = self.read(&mut response, deadline).await?;
        let format = ImageFormat::sniff(&bytes).ok_or(DownloadError::NotAnImage)?;
        Ok(Image { bytes, format })
    }

    /// Reads the rest, and gives up as soon as it is too much, too slow, or no image.
    async fn read(&self, response: &mut reqwest::Response, deadline: Instant) -> Result<Bytes, DownloadError> {
        if response.content_length().is_some_and(|stated| stated > self.largest as u64) {
            return Err(DownloadError::TooLarge(self.largest));
        }
        let mut bytes = BytesMut::new();
        loop {
            let patience = deadline.min(Instant::now() + PAUSE);
            let chunk = timeout_at(patience, response.chunk()).await.map_err(|_| DownloadError::Slow)?;
            let Some(chunk) = chunk.map_err(|error| DownloadError::Broken(error.without_url()))? else {
                return Ok(bytes.freeze());
            };
            if bytes.len() + chunk.len() > self.largest {
                return Err(DownloadError::TooLarge(self.largest));
            }
            bytes.extend_from_slice(&chunk);
            if bytes.len() >= SNIFFED && ImageFormat::sniff(&bytes).is_none() {
                return Err(DownloadError::NotAnImage);
            }
        }
    }
}

/// As many bytes as tell what an image is.
const SNIFFED: usize = 12;

/// Whether the server calls it an image of a kind that is passed on. SVG is not: it is a program.
fn is_called_an_image(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["image/png", "image/jpeg", "image/jpg", "image/webp"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use shared::config::DownloadSettings;

    use super::{DownloadError, Downloads};

    #[tokio::test]
    async fn only_so_many_images_are_on_their_way() {
        let downloads = Downloads::new(&DownloadSettings {
            ports: "80".to_owned(),
            also_allow: String::new(),
            largest_bytes: 1_000,
            seconds: 1,
            at_once: 1,
            per_minute: 1,
        });
        let downloads = downloads.expect("downloads");
        let first = downloads.permits.acquire().await.expect("a permit");
        // It is refused as soon as it is looked at.
        let mut second = pin!(downloads.fetch("http://10.0.0.1/"));
        assert!(futures::poll!(&mut second).is_pending(), "one is on its way");
        drop(first);
        assert!(matches!(second.await, Err(DownloadError::Outgoing(_))), "it is its turn");
        assert_eq!(downloads.permits.available_permits(), 1);
    }
}
