//! Images behind links. As with a real provider a link dies: after its time, or when newer ones need the room.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::chat::Picture;

#[derive(Debug)]
pub(crate) struct Files {
    lifetime: Duration,
    next: AtomicU64,
    kept: Mutex<VecDeque<File>>,
}

#[derive(Debug)]
struct File {
    name: String,
    kept_at: Instant,
    picture: Picture,
}

impl Files {
    const MOST: usize = 512;

    pub(crate) const PREFIX: &'static str = "/_sim/files/";

    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, next: AtomicU64::new(1), kept: Mutex::default() }
    }

    /// Keeps an image and says under which path.
    pub(crate) fn keep(&self, picture: Picture) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let ending = picture.media_type.rsplit(['/', '+']).next().unwrap_or("png");
        let name = format!("img-{number}.{}", if ending == "xml" { "svg" } else { ending });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= Self::MOST {
            kept.pop_front();
        }
        kept.push_back(File { name: name.clone(), kept_at: Instant::now(), picture });
        format!("{}{name}", Self::PREFIX)
    }

    /// The image, if its link is still alive.
    pub(crate) fn find(&self, name: &str) -> Option<(&'static str, Bytes)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let file = kept.iter().find(|file| file.name == name && file.kept_at.elapsed() < self.lifetime)?;
        Some((file.picture.media_type, file.picture.bytes.clone()))
    }

    pub(crate) fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
