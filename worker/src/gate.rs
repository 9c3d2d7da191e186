//! A gate before the queue: a worker without a free hand fetches nothing, so that every message lies where a free worker can
//! take it.

use std::task::{Context, Poll};

use apalis_core::backend::{Backend, BackendConfig, WireFormatBackend};
use apalis_core::worker::context::WorkerContext;

use crate::hands::Hands;

/// A backend that is polled only while a hand is free. Whoever polls it must come again by itself: a closed gate wakes
/// nobody.
#[derive(Clone, Debug)]
pub(crate) struct Gate<B> {
    backend: B,
    hands: Hands,
}

impl<B> Gate<B> {
    pub(crate) fn new(backend: B, hands: Hands) -> Self {
        Self { backend, hands }
    }
}

impl<B: Backend> Backend for Gate<B> {
    type Task = B::Task;
    type Error = B::Error;

    fn poll_ready(&mut self, context: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Self::Error>> {
        self.backend.poll_ready(context, worker)
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Self::Error>>> {
        if self.hands.free() == 0 { Poll::Pending } else { self.backend.poll_next(context, worker) }
    }

    fn poll_close(&mut self, context: &mut Context<'_>, worker: &WorkerContext) -> Poll<Result<(), Self::Error>> {
        self.backend.poll_close(context, worker)
    }
}

impl<B: BackendConfig> BackendConfig for Gate<B> {
    type Args = B::Args;
    type Id = B::Id;
    type Kind = B::Kind;
    type Config = B::Config;
    type Layer = B::Layer;

    fn config(&self) -> &Self::Config {
        self.backend.config()
    }

    fn middleware(&mut self, worker: &mut WorkerContext) -> Self::Layer {
        self.backend.middleware(worker)
    }
}

impl<B: WireFormatBackend> WireFormatBackend for Gate<B> {
    type Codec = B::Codec;
    type Compact = B::Compact;

    fn codec(&self) -> &Self::Codec {
        self.backend.codec()
    }
}
