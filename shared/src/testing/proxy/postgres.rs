//! One Postgres connection as seen from between its ends: recognises statements, and finds the answers that belong to them.
//!
//! Each `Query` and each `Sync` of the client (and its startup) is answered by messages that end with one
//! `ReadyForQuery`, in order. Counting both sides finds the answer of a statement even if requests are pipelined.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::{Pass, State};

/// A statement on its way to Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// The `COMMIT` of a transaction.
    Commit,
    /// A statement whose text contains these words: also one that commits by itself.
    Containing(String),
}

impl Statement {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Commit => {
                let word = text.trim().trim_end_matches(';').trim_end();
                word.eq_ignore_ascii_case("commit") || word.eq_ignore_ascii_case("end")
            }
            Self::Containing(words) => text.contains(words),
        }
    }
}

/// Both directions of one connection.
#[derive(Debug)]
pub(super) struct Dialogue<'a> {
    state: &'a State,
    progress: Mutex<Progress>,
    cut: Notify,
}

#[derive(Debug, Default)]
struct Progress {
    /// The connection is encrypted, not Postgres, or one that cancels: nothing can be read.
    opaque: bool,
    from_client: Frames,
    from_server: Frames,
    /// One-byte answers to requests for encryption that are still to come.
    single_bytes: usize,
    texts: HashMap<Vec<u8>, String>,
    portals: HashMap<Vec<u8>, Vec<u8>>,
    asked: u64,
    answered: u64,
    /// The executed statement whose `Sync` is still to come.
    executed: Option<oneshot::Sender<()>>,
    /// The answer that is lost, by its number.
    lost: Option<(u64, oneshot::Sender<()>)>,
    cut: bool,
}

impl<'a> Dialogue<'a> {
    pub(super) fn new(state: &'a State, readable: bool) -> Self {
        let progress = Progress {
            opaque: !readable,
            from_client: Frames { startup: true, ..Frames::default() },
            ..Progress::default()
        };
        Self { state, progress: Mutex::new(progress), cut: Notify::new() }
    }

    /// Waits until a lost answer has been seen whole, which is when the connection is to be reset.
    pub(super) async fn cut(&self) {
        self.cut.notified().await;
    }

    /// Tells the test that an answer was lost, once both ends are closed.
    pub(super) fn report(self) {
        let progress = self.progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some((_, happened))) = (progress.cut, progress.lost) {
            // A test that does not wait for it need not hear of it.
            let _ = happened.send(());
        }
    }

    /// Reads what the client sends, before it is forwarded.
    pub(super) fn asked(&self, mut bytes: &[u8]) {
        let mut progress = self.progress();
        while !progress.opaque
            && let Some(frame) = progress.from_client.next(&mut bytes)
        {
            self.message(&mut progress, &frame);
        }
    }

    fn message(&self, progress: &mut Progress, frame: &Frame) {
        let mut fields = frame.body.split(|byte| *byte == 0);
        let mut field = || fields.next().unwrap_or_default().to_vec();
        match frame.kind {
            Frames::STARTUP => match frame.body.first_chunk().map(|code| u32::from_be_bytes(*code)) {
                // Requests for TLS and for GSSAPI encryption; another startup follows.
                Some(80_877_103 | 80_877_104) => progress.single_bytes += 1,
                Some(code) if code >> 16 == 3 => {
                    progress.from_client.startup = false;
                    progress.asked += 1;
                }
                _ => progress.opaque = true,
            },
            b'Q' => {
                progress.asked += 1;
                if let Some(happened) = self.armed(&String::from_utf8_lossy(&field())) {
                    progress.lost = Some((progress.asked, happened));
                }
            }
            b'P' => {
                let (name, text) = (field(), field());
                progress.texts.insert(name, String::from_utf8_lossy(&text).into_owned());
            }
            b'B' => {
                let (portal, name) = (field(), field());
                progress.portals.insert(portal, name);
            }
            b'E' => {
                let text = progress.portals.get(&field()).and_then(|name| progress.texts.get(name));
                if let Some(happened) = text.and_then(|text| self.armed(text)) {
                    progress.executed = Some(happened);
                }
            }
            b'S' => {
                progress.asked += 1;
                if let Some(happened) = progress.executed.take() {
                    progress.lost = Some((progress.asked, happened));
                }
            }
            _ => {}
        }
    }

    /// Takes the loss that waits for this statement, if one does.
    fn armed(&self, text: &str) -> Option<oneshot::Sender<()>> {
        let mut losses = self.state.losses();
        let place = losses.iter().position(|loss| loss.statement.matches(text))?;
        Some(losses.remove(place).happened)
    }

    /// Reads what the server sends, and decides how much of it the client gets.
    pub(super) fn answered(&self, bytes: &[u8]) -> Pass {
        let mut progress = self.progress();
        let mut rest = bytes;
        while progress.single_bytes > 0 && !progress.opaque && !rest.is_empty() {
            progress.single_bytes -= 1;
            progress.opaque = rest[0] != b'N';
            rest = &rest[1..];
        }
        if progress.opaque {
            return Pass::All;
        }
        let mut passed = if progress.is_losing() { 0 } else { bytes.len() };
        while let Some(frame) = progress.from_server.next(&mut rest) {
            if frame.kind != b'Z' {
                continue;
            }
            progress.answered += 1;
            if progress.lost.as_ref().is_some_and(|(number, _)| *number == progress.answered) {
                progress.cut = true;
                self.cut.notify_one();
                break;
            }
            if progress.is_losing() {
                passed = bytes.len() - rest.len();
            }
        }
        if passed == bytes.len() { Pass::All } else { Pass::First(passed) }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Whether the next answer of the server is the lost one.
    fn is_losing(&self) -> bool {
        self.lost.as_ref().is_some_and(|(number, _)| *number == self.answered + 1)
    }
}

/// A reader of messages from chunks.
#[derive(Debug, Default)]
struct Frames {
    /// The next message is a startup, which has no type.
    startup: bool,
    header: Vec<u8>,
    body: Vec<u8>,
    /// Bytes of the body that are still to come, once the header is whole.
    left: Option<usize>,
}

#[derive(Debug)]
struct Frame {
    kind: u8,
    /// The first bytes of the body: enough for the text of a statement.
    body: Vec<u8>,
}

impl Frames {
    /// The kind that stands for a startup.
    const STARTUP: u8 = 0;
    const BODY_KEPT: usize = 64 * 1024;

    /// Takes the next message off `bytes`; none when they end first.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        let header = if self.startup { 4 } else { 5 };
        while self.left.is_none() {
            let (first, rest) = bytes.split_first()?;
            self.header.push(*first);
            *bytes = rest;
            if self.header.len() == header {
                let length = self.header.last_chunk().map_or(4, |length| u32::from_be_bytes(*length));
                self.left = Some((length as usize).saturating_sub(4));
            }
        }
        let left = self.left.unwrap_or_default();
        let (now, rest) = bytes.split_at(left.min(bytes.len()));
        self.body.extend(now.iter().take(Self::BODY_KEPT.saturating_sub(self.body.len())));
        *bytes = rest;
        if now.len() < left {
            self.left = Some(left - now.len());
            return None;
        }
        self.left = None;
        let kind = if self.startup { Self::STARTUP } else { self.header[0] };
        self.header.clear();
        Some(Frame { kind, body: std::mem::take(&mut self.body) })
    }
}
