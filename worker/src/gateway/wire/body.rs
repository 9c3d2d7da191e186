//! Reads a body under bounds: of size, of time, of pauses, and of the memory of all bodies together.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use super::lift::{Lift, Picture};
use super::memory::{BodyMemory, Booking};
use super::pieces::{PIECE, Pieces};
use crate::pictures;

/// The longest pause inside a body.
const IDLE: Duration = Duration::from_secs(30);

/// What an answer with a picture may hold beside it.
const AROUND_PICTURE: usize = 1 << 20;

/// What an answer is to hold, and so how much of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Bytes, so many of them at most.
    Bytes(usize),
    /// JSON with a picture in it, which is lifted out.
    Picture,
}

impl Expected {
    /// The answer of a chat.
    pub(crate) const TEXT: Self = Self::Bytes(2 << 20);

    /// The most that is read.
    pub(crate) const fn cap(self) -> usize {
        match self {
            Self::Bytes(cap) => cap,
            // The largest picture in base64, and what is around it.
            Self::Picture => pictures::LARGEST / 3 * 4 + AROUND_PICTURE,
        }
    }
}

/// A whole body. The booking is held for as long as what it held is in memory.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    /// What was lifted out of it.
    pub(crate) picture: Option<Picture>,
    pub(crate) booking: Booking,
}

/// Why a body did not come whole.
#[derive(Debug)]
pub(crate) enum BodyError {
    Slow,
    Broken(reqwest::Error),
    TooBig,
}

/// Reads the rest of `response`, as much of it as `expected` allows. `booking` is the room that there is already.
///
/// Blanks before the first character are counted and not kept: some routers send them to keep a connection alive.
pub(crate) async fn read_whole(
    response: &mut reqwest::Response,
    memory: &BodyMemory,
    mut booking: Booking,
    expected: Expected,
    deadline: Instant,
) -> Result<Body, BodyError> {
    let cap = expected.cap();
    if response.content_length().is_some_and(|stated| stated > cap as u64) {
        return Err(BodyError::TooBig);
    }
    let (mut keeper, mut read) = (Keeper::new(expected), 0);
    loop {
        let patience = deadline.min(Instant::now() + IDLE);
        let mut chunk = match timeout_at(patience, response.chunk()).await {
            Err(_) => return Err(BodyError::Slow),
            Ok(Err(error)) => return Err(BodyError::Broken(error)),
            Ok(Ok(None)) => return Ok(keeper.finish(booking)),
            Ok(Ok(Some(chunk))) => chunk,
        };
        read += chunk.len();
        if read > cap {
            return Err(BodyError::TooBig);
        }
        if keeper.kept.is_empty() {
            chunk = chunk.slice(chunk.len() - chunk.trim_ascii_start().len()..);
        }
        let room = memory.make_room(&mut booking, keeper.held() + chunk.len());
        timeout_at(deadline, room).await.map_err(|_| BodyError::Slow)?;
        keeper.keep(&chunk)?;
    }
}

/// What is kept of a body.
struct Keeper {
    kept: Pieces,
    cap: usize,
    lift: Option<Lift>,
}

impl Keeper {
    fn new(expected: Expected) -> Self {
        let (cap, lift) = match expected {
            Expected::Bytes(cap) => (cap, None),
            Expected::Picture => (AROUND_PICTURE, Some(Lift::new(pictures::LARGEST))),
        };
        Self { kept: Pieces::default(), cap, lift }
    }

    fn held(&self) -> usize {
        self.kept.len() + self.lift.as_ref().map_or(0, Lift::held)
    }

    fn keep(&mut self, chunk: &[u8]) -> Result<(), BodyError> {
        match &mut self.lift {
            // By the piece, so that what decoding needs beside stays small.
            Some(lift) => chunk
                .chunks(PIECE)
                .try_for_each(|piece| lift.feed(piece, &mut self.kept))
                .map_err(|_| BodyError::TooBig)?,
            None => self.kept.extend(chunk),
        }
        if self.kept.len() > self.cap { Err(BodyError::TooBig) } else { Ok(()) }
    }

    fn finish(self, booking: Booking) -> Body {
        Body { bytes: self.kept.join(), picture: self.lift.and_then(Lift::finish), booking }
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
