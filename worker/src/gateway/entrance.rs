//! An entrance: the slots and the intake of one crew. Crews share everything else of the gateway, so that the limits of the
//! providers hold for all of them together, and no crew waits behind the calls of another.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::intake::Intake;

#[derive(Debug)]
pub(super) struct Entrance {
    /// Bounds the calls in flight.
    pub(super) slots: Arc<Semaphore>,
    pub(super) intake: Arc<Intake>,
}

impl Entrance {
    /// For `most` calls in flight.
    pub(super) fn new(slots: Arc<Semaphore>, most: usize) -> Arc<Self> {
        Arc::new(Self { slots, intake: Arc::new(Intake::new(most)) })
    }
}
