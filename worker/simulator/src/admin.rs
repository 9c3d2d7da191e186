//! The simulator from inside the process: faults, the bill, latency, and the events a test waits for.

use std::sync::Arc;

use crate::{
    bill::Bill,
    fault::Fault,
    kind::Kind,
    latency::Latency,
    provider::Provider,
    scenario::{Scenario, WaitingFault},
};

/// Controls a running simulator. Clones control the same one.
#[derive(Debug, Clone)]
pub struct Admin {
    pub(crate) provider: Arc<Provider>,
}

impl Admin {
    /// Adds a fault behind those that are waiting.
    ///
    /// # Panics
    ///
    /// If the fault makes no sense (`Fault::image().refusal()`): a test that asks for it is wrong.
    pub fn fault(&self, fault: Fault) -> &Self {
        if let Err(why) = fault.check() {
            panic!("a fault {why}: {fault:?}");
        }
        self.provider.faults.add(fault);
        self
    }

    /// Adds several faults, in order.
    pub fn faults(&self, faults: impl IntoIterator<Item = Fault>) -> &Self {
        for fault in faults {
            self.fault(fault);
        }
        self
    }

    /// Adds the faults and sets the latencies of a scenario.
    pub fn apply(&self, scenario: Scenario) -> &Self {
        self.provider.apply(scenario);
        self
    }

    /// Drops all faults that are waiting.
    pub fn clear_faults(&self) -> &Self {
        self.provider.faults.clear();
        self
    }

    /// The faults that are still waiting for calls.
    pub fn waiting_faults(&self) -> Vec<WaitingFault> {
        self.provider.faults.list()
    }

    /// All calls so far.
    pub fn bill(&self) -> Bill {
        self.provider.bill.read(0, usize::MAX)
    }

    /// Calls from line `since` on.
    pub fn bill_since(&self, since: usize) -> Bill {
        self.provider.bill.read(since, usize::MAX)
    }

    /// Resolves once at least `count` calls have arrived since the start or the last reset.
    pub async fn calls_reach(&self, count: usize) {
        self.provider.bill.reaches(count).await;
    }

    /// From now on text completions and moderations (or images) take this long.
    pub fn set_latency(&self, kind: Kind, latency: Latency) -> &Self {
        self.provider.set_latency(kind, latency);
        self
    }

    /// Keeps every answer back until [`release`](Self::release). Calls are taken and billed meanwhile.
    pub fn hold(&self) -> &Self {
        self.provider.hold(true);
        self
    }

    /// Lets the answers go that were held back.
    pub fn release(&self) -> &Self {
        self.provider.hold(false);
        self
    }

    /// Calls that wait for their answer now.
    pub fn in_flight(&self) -> usize {
        self.provider.in_flight().0
    }

    /// Most calls that waited at one time since the start or the last reset.
    pub fn peak_in_flight(&self) -> usize {
        self.provider.in_flight().1
    }

    /// Forgets faults, bill, limits and files, lets held answers go, and sets the latencies back to the configured ones.
    pub fn reset(&self) -> &Self {
        self.provider.reset();
        self
    }
}
