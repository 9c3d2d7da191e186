//! The line between the gateway and the books: no call without leave, no leave without a bill.

use std::future::Future;

use shared::domain::{CallId, Step};
use shared::store::advance::{Bill, Quote, Refusal};

/// The books of one piece of work.
///
/// For every call: [`reserve`](Self::reserve) first, which writes the attempt before anything is sent; then exactly one
/// [`settle`](Self::settle), which is written with whatever comes next.
pub trait Ledger: Send {
    /// Asks for leave to make one call at `step`. The id is what the provider is to know the call by.
    fn reserve(&mut self, step: Step, quote: Quote) -> impl Future<Output = Result<CallId, Refusal>> + Send;

    /// The last look before a send: whether the work is still wanted.
    fn may_send(&self) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether a call was reserved since the work was taken in hand.
    fn has_reserved(&self) -> bool {
        false
    }

    /// Says what became of the call just reserved.
    fn settle(&mut self, bill: Bill);
}
