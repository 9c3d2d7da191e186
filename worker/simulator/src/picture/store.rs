//! Drawn pictures, kept for a while, because retries and benchmarks ask for the same ones.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

use super::Sketch;
use crate::chat::Picture;

#[derive(Debug)]
pub(crate) struct Pictures {
    /// If set, only so many different pictures are ever drawn.
    pool: Option<u64>,
    kept: Mutex<Kept>,
    /// What was drawn last.
    last: Mutex<Option<Sketch>>,
}

#[derive(Debug, Default)]
struct Kept {
    files: HashMap<Sketch, Bytes>,
    oldest_first: VecDeque<Sketch>,
    bytes: usize,
}

impl Pictures {
    const MOST_BYTES: usize = 32 << 20;

    pub(crate) fn new(pool: Option<u64>) -> Self {
        Self { pool: pool.filter(|size| *size > 0), kept: Mutex::default(), last: Mutex::default() }
    }

    /// The picture, drawn on a thread for blocking work if it is not there yet.
    pub(crate) async fn get(&self, sketch: Sketch) -> Picture {
        let sketch = match self.pool {
            Some(size) if !sketch.blank => sketch.out_of_pool(size),
            _ => sketch,
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(sketch.clone());
        let media_type = sketch.format.media_type();
        if let Some(bytes) = self.find(&sketch) {
            return Picture { media_type, bytes };
        }
        let drawn = sketch.clone();
        let bytes = tokio::task::spawn_blocking(move || drawn.draw()).await.map_or_else(|_| Bytes::new(), Bytes::from);
        self.keep(sketch, bytes.clone());
        Picture { media_type, bytes }
    }

    /// What was drawn last, hardly changed, in the size and format of this sketch; the sketch itself where nothing was.
    pub(crate) fn like_the_last(&self, sketch: &Sketch) -> Sketch {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        last.map_or_else(|| sketch.clone(), |last| sketch.almost(last))
    }

    fn find(&self, sketch: &Sketch) -> Option<Bytes> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).files.get(sketch).cloned()
    }

    fn keep(&self, sketch: Sketch, file: Bytes) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += file.len();
        if let Some(twin) = kept.files.insert(sketch.clone(), file) {
            kept.bytes -= twin.len();
        } else {
            kept.oldest_first.push_back(sketch);
        }
        while kept.bytes > Self::MOST_BYTES {
            let Some(oldest) = kept.oldest_first.pop_front() else { break };
            kept.bytes -= kept.files.remove(&oldest).map_or(0, |file| file.len());
        }
    }
}
