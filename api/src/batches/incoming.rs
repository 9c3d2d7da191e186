//! A large body as it comes in: counted, within its time, and few of them in memory at once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use poem::Body;
use poem::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::problem::Problem;

/// Bodies above this many bytes need a permit.
pub(super) const LARGE: usize = 1 << 20;
/// How many large bodies are in memory at once.
const AT_ONCE: usize = 2;
/// How long a large body waits for its permit.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a body may pause, and take as a whole.
const PAUSE: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_mins(2);

/// The permits for large bodies of one process, and how long anything is waited for.
#[derive(Clone)]
pub struct LargeBodies {
    permits: Arc<Semaphore>,
    patience: Duration,
    pause: Duration,
}

impl LargeBodies {
    pub fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), patience: PATIENCE, pause: PAUSE }
    }

    /// Permits for those who cannot wait.
    #[cfg(test)]
    pub(super) fn impatient(wait: Duration) -> Self {
        Self { patience: wait, pause: wait, ..Self::new() }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout(self.patience, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::unavailable(
                "busy",
                "Other large batches are being read. Try again.",
                Duration::from_secs(2),
            )),
        }
    }
}

impl Default for LargeBodies {
    fn default() -> Self {
        Self::new()
    }
}

/// A body that is being read.
pub(crate) struct Incoming {
    chunks: BoxStream<'static, std::io::Result<Bytes>>,
    deadline: Instant,
    large: LargeBodies,
    permit: Option<OwnedSemaphorePermit>,
    /// What its header says.
    length: Option<usize>,
    read: usize,
    most: usize,
}

impl Incoming {
    /// A body of `most` bytes at most.
    pub(crate) fn new(body: Body, length: Option<usize>, most: usize, large: &LargeBodies) -> Self {
        Self {
            chunks: body.into_bytes_stream().boxed(),
            deadline: Instant::now() + WHOLE,
            large: large.clone(),
            permit: None,
            length,
            read: 0,
            most,
        }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.permit.is_none() && self.length.is_some_and(|length| length > LARGE) {
            self.permit = Some(self.large.permit().await?);
        }
        let Some(chunk) = self.chunk().await? else { return Ok(None) };
        self.read += chunk.len();
        if self.read > self.most {
            self.drain().await;
            return Err(Problem::too_large());
        }
        if self.permit.is_none() && self.read > LARGE {
            self.permit = Some(self.large.permit().await?);
        }
        Ok(Some(chunk))
    }

    /// Reads on a while without keeping anything: a client that is still sending would not see the answer.
    pub(crate) async fn drain(&mut self) {
        let until = self.read + self.most;
        while self.read <= until {
            match self.chunk().await {
                Ok(Some(chunk)) => self.read += chunk.len(),
                _ => return,
            }
        }
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        match timeout_at(self.deadline.min(Instant::now() + self.large.pause), self.chunks.next()).await {
            Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
            Ok(Some(Err(_))) => Err(Problem::malformed("The body broke off.")),
            Ok(None) => Ok(None),
            Err(_) => {
                let detail = "The body did not come in time.";
                Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail))
            }
        }
    }

    /// What allows its contents to stay in memory.
    pub(crate) fn into_permit(self) -> Option<OwnedSemaphorePermit> {
        self.permit
    }
}
