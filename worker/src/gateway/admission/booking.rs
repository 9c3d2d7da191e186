//! A booking: settled exactly once, also when whoever held it is gone.

use std::sync::Arc;
use std::time::Duration;

use super::Till;
use super::ask::{Candidate, Settlement};
use super::gauges::Gauges;
use super::health::Health;

/// Leave to make one call. Dropped before it was [`sent`](Self::sent), it is given back; dropped after, nobody knows how the
/// call ended, and what it took stays taken.
#[derive(Debug)]
pub(crate) struct Booking {
    /// None once it is settled.
    settlement: Option<Settlement>,
    sent: bool,
    /// It was made without Redis.
    local: bool,
    till: Arc<Till>,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) health: Health,
    pub(crate) gauges: Gauges,
    /// Tokens that the call used, where the answer says it.
    pub(crate) used: Option<u64>,
    /// How long its limit rests.
    pub(crate) rest: Option<Duration>,
    /// What is put aside, and for how long.
    pub(crate) aside: Option<(String, Duration)>,
    pub(crate) class: &'static str,
}

impl End {
    /// Of a call that was answered as it should be.
    pub(crate) fn served() -> Self {
        Self { health: Health::Answered, gauges: Gauges::default(), used: None, rest: None, aside: None, class: "" }
    }
}

impl Booking {
    pub(super) fn new(settlement: Settlement, local: bool, till: Arc<Till>) -> Self {
        Self { settlement: Some(settlement), sent: false, local, till }
    }

    /// From now on the call may have been made.
    pub(crate) fn sent(&mut self) {
        self.sent = true;
    }

    /// Whether a limit stands behind its time.
    pub(crate) fn keeps_time(&self) -> bool {
        self.settlement.as_ref().is_some_and(|settlement| settlement.took != [0; 3])
    }

    pub(crate) fn settle(mut self, end: End) {
        let Some(mut settlement) = self.settlement.take() else { return };
        settlement.ended = end.health.as_str();
        settlement.slow = end.health.asks_for_less();
        (settlement.limits, settlement.left) = (end.gauges.limits, end.gauges.left);
        settlement.extra = extra(&settlement.candidate, end.used);
        settlement.hold = end.rest.unwrap_or_default();
        (settlement.aside, settlement.class) = (end.aside, end.class);
        self.hand_in(settlement);
    }

    fn hand_in(&self, settlement: Settlement) {
        if self.local {
            self.till.share.leave(&settlement.candidate.pool);
        }
        self.till.desk.hand_in(settlement);
        self.till.freed.notify_one();
    }
}

impl Drop for Booking {
    fn drop(&mut self) {
        if let Some(mut settlement) = self.settlement.take() {
            settlement.ended = if self.sent { "none" } else { "unsent" };
            self.hand_in(settlement);
        }
    }
}

/// Tokens to be charged beyond those booked; less than none where the provider gives back what was not used.
fn extra(candidate: &Candidate, used: Option<u64>) -> i64 {
    let booked = candidate.cost[1];
    let Some(used) = used.filter(|_| booked > 0) else { return 0 };
    let extra = used.min(1 << 40) as i64 - booked.min(1 << 40) as i64;
    if candidate.refunds { extra } else { extra.max(0) }
}

impl Settlement {
    /// Of a call that was not made, and had booked nothing.
    pub(super) fn unsent(id: String, candidate: Candidate) -> Self {
        Self {
            id,
            candidate,
            ended: "unsent",
            slow: false,
            ends: [0; 3],
            took: [0; 3],
            limits: [None; 3],
            left: [None; 3],
            extra: 0,
            hold: Duration::ZERO,
            aside: None,
            class: "",
        }
    }
}
