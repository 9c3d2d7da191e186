//! Reads a body under bounds: of size, of time, of pauses, and of the memory of all bodies together.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use super::memory::{BodyMemory, Booking};

/// The longest pause inside a body.
const IDLE: Duration = Duration::from_secs(30);

/// A whole body. The booking is held for as long as what it held is in memory.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) booking: Booking,
}

/// Why a body did not come whole.
#[derive(Debug)]
pub(crate) enum BodyError {
    Slow,
    Broken(reqwest::Error),
    TooBig,
}

/// Reads the rest of `response`, `cap` bytes of it at most.
///
/// Blanks before the first character are counted and not kept: some routers send them to keep a connection alive.
pub(crate) async fn read_whole(
    response: &mut reqwest::Response,
    memory: &BodyMemory,
    cap: usize,
    deadline: Instant,
) -> Result<Body, BodyError> {
    if response.content_length().is_some_and(|stated| stated > cap as u64) {
        return Err(BodyError::TooBig);
    }
    let (mut booking, mut kept, mut read) = (Booking::default(), BytesMut::new(), 0);
    loop {
        let patience = deadline.min(Instant::now() + IDLE);
        let mut chunk = match timeout_at(patience, response.chunk()).await {
            Err(_) => return Err(BodyError::Slow),
            Ok(Err(error)) => return Err(BodyError::Broken(error)),
            Ok(Ok(None)) => return Ok(Body { bytes: kept.freeze(), booking }),
            Ok(Ok(Some(chunk))) => chunk,
        };
        read += chunk.len();
        if read > cap {
            return Err(BodyError::TooBig);
        }
        if kept.is_empty() {
            chunk = chunk.slice(chunk.len() - chunk.trim_ascii_start().len()..);
        }
        let room = memory.make_room(&mut booking, kept.len() + chunk.len());
        timeout_at(deadline, room).await.map_err(|_| BodyError::Slow)?;
        kept.extend_from_slice(&chunk);
    }
}

/// The beginning of an error's body, `cap` bytes of it at most, as far as it comes.
pub(crate) async fn read_start(response: &mut reqwest::Response, cap: usize, deadline: Instant) -> Bytes {
    let patience = deadline.min(Instant::now() + Duration::from_secs(5));
    let mut body = BytesMut::new();
    while let Ok(Ok(Some(chunk))) = timeout_at(patience, response.chunk()).await {
        body.extend_from_slice(&chunk[..chunk.len().min(cap - body.len())]);
        if body.len() == cap {
            break;
        }
    }
    body.freeze()
}
