//! The ledger held against the providers' bill, call by call.

use std::collections::BTreeMap;

use anyhow::Result;
use simulator::Cause;

use crate::ground::Ground;
use crate::report::Report;
use crate::traffic::Call;

/// What the comparison found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    pub(crate) calls: usize,
    pub(crate) attempts: usize,
    /// Calls that the ledger knows nothing of.
    pub(crate) unrecorded: usize,
    /// Attempts whose cost is known and is not what the provider billed.
    pub(crate) wrong: usize,
    /// Attempts whose cost nobody knows; what they may have cost stays held.
    pub(crate) unknown: usize,
    /// Calls of unknown cost that cost more than was held for them.
    pub(crate) beyond_hold: usize,
    /// Attempts that are still open.
    pub(crate) open: usize,
    /// Nano-dollars of the calls whose cost is known, by the ledger and by the bill.
    pub(crate) ledger_nanos: i64,
    pub(crate) bill_nanos: i64,
}

#[derive(sqlx::FromRow)]
struct Attempt {
    call_id: uuid::Uuid,
    state: String,
    cost_nanos: i64,
    reserved_nanos: i64,
}

impl Books {
    /// Compares every attempt with every call.
    pub(crate) async fn read(ground: &Ground, calls: &[Call]) -> Result<Self> {
        let attempts: Vec<Attempt> = sqlx::query_as("SELECT call_id, state, cost_nanos, reserved_nanos FROM attempts")
            .fetch_all(ground.store.pool())
            .await?;
        let mut books = Self { calls: calls.len(), attempts: attempts.len(), ..Self::default() };
        let known: BTreeMap<String, &Attempt> =
            attempts.iter().map(|attempt| (attempt.call_id.to_string(), attempt)).collect();
        for attempt in &attempts {
            match attempt.state.as_str() {
                "unknown" => books.unknown += 1,
                "sent" => books.open += 1,
                _ => books.ledger_nanos += attempt.cost_nanos,
            }
        }
        for call in calls {
            let id = call.billed.client_request_id.as_deref().unwrap_or_default();
            let Some(attempt) = known.get(id) else {
                // A moderation costs nothing and books nothing.
                books.unrecorded += usize::from(call.billed.kind != simulator::Kind::Moderation);
                continue;
            };
            match attempt.state.as_str() {
                "unknown" | "sent" => {
                    books.beyond_hold += usize::from(call.billed.cost_nanos > attempt.reserved_nanos);
                }
                _ => {
                    books.bill_nanos += call.billed.cost_nanos;
                    books.wrong += usize::from(call.billed.cost_nanos != attempt.cost_nanos);
                }
            }
        }
        Ok(books)
    }

    /// The promises that hold in every trial.
    pub(crate) fn promise(&self, report: &mut Report) {
        report.fact("calls / attempts in the ledger", format_args!("{} / {}", self.calls, self.attempts));
        report.exactly("calls without a row in the ledger", self.unrecorded, 0);
        report.exactly("attempts left open", self.open, 0);
        report.exactly("attempts that cost other than billed", self.wrong, 0);
        report.promise(
            "ledger against bill, nano-dollars",
            format_args!("{} / {}", self.ledger_nanos, self.bill_nanos),
            "equal",
            self.ledger_nanos == self.bill_nanos,
        );
        report.fact("attempts of unknown cost, held", self.unknown);
        report.exactly("of them beyond what was held", self.beyond_hold, 0);
    }
}

/// Calls by what decided their answer, for a table.
pub(crate) fn causes(calls: &[Call]) -> String {
    let count = |cause: Cause| calls.iter().filter(|call| call.billed.cause == cause).count();
    format!("{} / {} / {} / {}", count(Cause::Served), count(Cause::Fault), count(Cause::Limit), count(Cause::Request))
}
