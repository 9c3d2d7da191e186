//! Bodies of answers: whole ones, and those that go wrong on the way.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use hyper::body::{Body, Frame, SizeHint};

use crate::fault::Effect;

/// The body of an answer.
pub(crate) enum AnswerBody {
    Whole(Option<Bytes>),
    Scripted { parts: Parts, length: Option<u64> },
}

type Parts = Pin<Box<dyn Stream<Item = Result<Bytes, CutShort>> + Send>>;

/// Ends a connection in the middle of a body.
#[derive(Debug)]
pub(crate) struct CutShort;

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is cut short on purpose")
    }
}

impl std::error::Error for CutShort {}

/// Told to a connection: end with a reset, not with an orderly close.
pub(crate) type ResetSwitch = Arc<AtomicBool>;

impl AnswerBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }

    /// Sends the bytes the way the effect wants.
    pub(crate) fn sent_by(effect: Effect, bytes: Bytes, blanks: u64, reset: &ResetSwitch) -> Self {
        match effect {
            Effect::Drip => Self::drip(bytes),
            Effect::Truncate => Self::cut(&bytes, None),
            Effect::Reset => Self::cut(&bytes, Some(reset.clone())),
            Effect::Huge => Self::after_blanks(bytes, blanks),
            Effect::Endless => Self::endless(),
            _ => Self::whole(bytes),
        }
    }

    fn drip(bytes: Bytes) -> Self {
        let length = Some(bytes.len() as u64);
        let parts = stream::unfold(0, move |at| {
            let bytes = bytes.clone();
            async move {
                if at >= bytes.len() {
                    return None;
                }
                if at > 0 {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Some((Ok(bytes.slice(at..=at)), at + 1))
            }
        });
        Self::Scripted { parts: parts.boxed(), length }
    }

    fn cut(bytes: &Bytes, reset: Option<ResetSwitch>) -> Self {
        let length = Some(bytes.len() as u64);
        let half = bytes.slice(..bytes.len() / 2);
        let ending = stream::once(async move {
            // The first half has to leave before the connection ends.
            tokio::time::sleep(Duration::from_millis(50)).await;
            if let Some(reset) = reset {
                reset.store(true, Ordering::Release);
            }
            Err(CutShort)
        });
        Self::Scripted { parts: stream::once(async move { Ok(half) }).chain(ending).boxed(), length }
    }

    /// Blanks before JSON are still JSON, so only the size is wrong.
    fn after_blanks(bytes: Bytes, blanks: u64) -> Self {
        const BLOCK: u64 = 64 * 1024;
        let length = Some(blanks + bytes.len() as u64);
        let block = Bytes::from(vec![b' '; BLOCK as usize]);
        let padding = stream::iter((0..blanks.div_ceil(BLOCK)).map(move |number| {
            let left = (blanks - number * BLOCK).min(BLOCK);
            Ok(block.slice(..left as usize))
        }));
        Self::Scripted { parts: padding.chain(stream::once(async move { Ok(bytes) })).boxed(), length }
    }

    fn endless() -> Self {
        let block = Bytes::from(vec![b' '; 16 * 1024]);
        Self::Scripted { parts: stream::repeat_with(move || Ok(block.clone())).boxed(), length: None }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Scripted { parts, .. } => {
                parts.as_mut().poll_next(context).map(|part| part.map(|bytes| bytes.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Scripted { length: Some(length), .. } => SizeHint::with_exact(*length),
            Self::Scripted { length: None, .. } => SizeHint::default(),
        }
    }
}
