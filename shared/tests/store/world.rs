//! Batches to move, workers to move them, and short words for what they do.

use std::time::Duration;

use shared::domain::{AttemptState, CallId, Nanodollars, Outcome, Step, WorkerId};
use shared::store::advance::{
    Answer, Bill, Caption, CheckedCaption, Checkpoint, CostSource, Ending, Item, Next, Quote, Reason, Reservation,
    Settlement, advance,
};
use shared::store::claim::Claim;
use shared::store::rescue::{Rescued, rescue};
use shared::store::{Store, StoreError};
pub(crate) use shared::testing::batches::*;

pub(crate) const PRICE: Nanodollars = Nanodollars(100);
pub(crate) const BOUND: Nanodollars = Nanodollars(250);

/// Ends a worker's lease without its knowledge, as a crash would after a while, and has its posts rescued.
pub(crate) async fn bury(store: &Store, worker: WorkerId) {
    expire(store, worker).await;
    rescue_all(store).await;
}

/// Takes posts back from everybody who is gone, as a worker does that has lived for long.
pub(crate) async fn rescue_all(store: &Store) -> Rescued {
    let judge = worker(store).await;
    let rescued = rescue(store.pool(), judge, 3).await.expect("rescued");
    sqlx::query("DELETE FROM workers WHERE id = $1").bind(judge).execute(store.pool()).await.expect("forgotten");
    rescued
}

pub(crate) fn item(claim: &Claim, next: Next) -> Item {
    Item {
        post: claim.post,
        batch: claim.batch,
        user: claim.user,
        epoch: claim.epoch,
        settle: None,
        checkpoint: None,
        next,
    }
}

pub(crate) fn send(claim: &Claim, ordinal: i16) -> Item {
    let quote = Quote {
        provider: "provider".into(),
        pool: "pool".into(),
        key_label: "key".into(),
        model: "model".into(),
        reserved: BOUND,
        price_version: "today".into(),
    };
    let reservation =
        Reservation { call: CallId::new(), step: Step::Caption, ordinal, revision: claim.revision, quote };
    item(claim, Next::Send(reservation))
}

pub(crate) fn settled(mut item: Item, ordinal: i16, state: AttemptState) -> Item {
    let billed = state == AttemptState::Settled;
    let bill = Bill {
        state,
        outcome: if billed { Outcome::Ok } else { Outcome::Error },
        verdict: (!billed).then(|| "server_error".into()),
        cost: if billed { PRICE } else { Nanodollars::ZERO },
        cost_source: if billed { CostSource::Prices } else { CostSource::None },
        usage: None,
        provider_request_id: None,
        duration: Duration::from_millis(5),
    };
    item.settle = Some(Settlement { step: Step::Caption, ordinal, bill });
    item
}

/// The same bill over another amount.
pub(crate) fn costing(mut item: Item, cost: Nanodollars) -> Item {
    item.settle.as_mut().expect("a bill").bill.cost = cost;
    item
}

pub(crate) fn captioned(mut item: Item) -> Item {
    item.checkpoint = Some(Checkpoint::Caption(CheckedCaption::from(Caption {
        caption: "Fresh bread!".into(),
        hashtags: vec!["#bread".into(), "#fresh".into()],
        image_prompt: "bread".into(),
        alt_text: "a loaf".into(),
    })));
    item
}

pub(crate) fn end(claim: &Claim, ending: Ending) -> Item {
    item(claim, Next::End(ending))
}

pub(crate) fn reason() -> Reason {
    Reason { class: "content_policy", message: "The provider refused this brief.".into() }
}

pub(crate) async fn write(store: &Store, worker: WorkerId, items: &[Item]) -> Vec<Answer> {
    try_write(store, worker, items).await.expect("written")
}

pub(crate) async fn try_write(store: &Store, worker: WorkerId, items: &[Item]) -> Result<Vec<Answer>, StoreError> {
    advance(store.pool(), worker, items).await.map(|advanced| advanced.answers)
}
