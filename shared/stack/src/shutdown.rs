//! What a person or a process manager asks of us by signals.
//!
//! The first SIGINT, SIGTERM or SIGHUP asks for an orderly stop; the second one cuts the waits short.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two requests, each made at most once.
#[derive(Clone, Default)]
pub struct Shutdown {
    stop: CancellationToken,
    hurry: CancellationToken,
}

impl Shutdown {
    /// Listens for the signals from now on. Must be called inside a runtime.
    pub fn on_signals() -> anyhow::Result<Self> {
        let shutdown = Self::default();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let requests = shutdown.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                requests.request();
            }
        });
        Ok(shutdown)
    }

    /// Asks for a stop; asked again, for a quick one.
    pub fn request(&self) {
        if self.stop.is_cancelled() {
            self.hurry.cancel();
        } else {
            self.stop.cancel();
        }
    }

    /// Returns once a stop was asked for.
    pub async fn requested(&self) {
        self.stop.cancelled().await;
    }

    pub fn is_requested(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Returns once waiting for anything any longer is not wanted.
    pub async fn hurried(&self) {
        self.hurry.cancelled().await;
    }
}
