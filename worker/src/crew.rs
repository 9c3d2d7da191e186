//! A crew: the hands of a worker that take from one queue, and all that they work with. Posts and generations have a crew
//! each, so that a batch, however large, never keeps a person waiting; they share the limits of the providers.

use std::sync::Arc;

use shared::queue::{self, Queue};
use tokio::sync::Notify;

use crate::gateway::Gateway;
use crate::hands::Hands;
use crate::pace::Pace;
use crate::settle::Writer;

#[derive(Debug)]
pub struct Crew {
    pub queue: Queue,
    /// Rows that may be in hand.
    pub hands: Hands,
    pub pace: Arc<Pace>,
    /// Tells dispatch that a slice was taken.
    pub appetite: Arc<Notify>,
    pub writer: Writer,
    pub gateway: Gateway,
    slots: usize,
}

impl Crew {
    /// A crew with `slots` calls in flight, which are the gateway's.
    pub fn new(queue: Queue, slots: usize, writer: Writer, gateway: Gateway) -> Self {
        let pace = Arc::new(Pace::default());
        let hands = Hands::new(slots, Arc::clone(&pace), gateway.intake());
        Self { queue, hands, pace, appetite: Arc::new(Notify::new()), writer, gateway, slots }
    }

    /// The size of the slices that it pushes: small enough that several workers share a small batch.
    pub fn slice(&self) -> usize {
        (self.slots / 8).clamp(1, queue::SLICE)
    }
}
