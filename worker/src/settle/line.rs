//! A post's line to the books: what is owed is carried along and written with the next thing that the post says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::domain::{AttemptState, CallId, Nanodollars, Outcome, Step};
use shared::store::advance::{
    Answer, Bill, Checkpoint, CostSource, Ending, Item, Next, Quote, Reason, Refusal, Reservation, Settlement,
};
use shared::store::claim::Claim;

use super::{Ledger, Writer};
use crate::halted::Held;
use crate::in_hand::Hold;

/// One post in hand. It ends by [`end`](Self::end); one that is dropped before (its task panicked, or was stopped) hands its
/// post back by itself, so that no post stays in the hands of a worker that has forgotten it.
#[derive(Debug)]
pub struct Line {
    post: Item,
    revision: i32,
    ordinals: Ordinals,
    /// The call that was granted and has no bill yet.
    open: Option<Open>,
    /// Whether any call was granted.
    reserved: bool,
    writer: Writer,
    held: Held,
    hold: Arc<Hold>,
    ended: bool,
}

#[derive(Clone, Copy, Debug)]
struct Ordinals {
    caption: i16,
    moderation: i16,
    image: i16,
    text: i16,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    step: Step,
    ordinal: i16,
    since: Instant,
}

impl Line {
    pub fn new(claim: &Claim, writer: Writer, held: Held, in_hand: Hold) -> Self {
        Self {
            post: Item {
                post: claim.post,
                batch: claim.batch,
                user: claim.user,
                epoch: claim.epoch,
                settle: None,
                checkpoint: None,
                next: Next::Go,
            },
            revision: claim.revision,
            ordinals: Ordinals {
                caption: claim.caption_ordinal,
                moderation: claim.moderation_ordinal,
                image: claim.image_ordinal,
                text: claim.text_ordinal,
            },
            open: None,
            reserved: false,
            writer,
            held,
            hold: Arc::new(in_hand),
            ended: false,
        }
    }

    /// The attempt that was made last at a step, counted from 1.
    pub fn ordinal(&self, step: Step) -> i16 {
        match step {
            Step::Image => self.ordinals.image,
            Step::Moderation => self.ordinals.moderation,
            Step::Caption => self.ordinals.caption,
            Step::Text => self.ordinals.text,
        }
    }

    /// Says of the call just settled that it was billed and gave nothing of use, and why. It is not written yet: a
    /// settlement goes with the next thing that the post says.
    pub fn reject(&mut self, why: String) {
        if let Some(settled) = &mut self.post.settle {
            settled.bill.outcome = Outcome::Rejected;
            settled.bill.verdict = Some(why);
        }
    }

    /// Keeps what a step made; written with whatever comes next.
    pub fn checkpoint(&mut self, checkpoint: Checkpoint) {
        self.post.checkpoint = Some(checkpoint);
    }

    /// Keeps what a step made and waits until that is written, for what others have to see before this row ends.
    pub async fn keep(&mut self, checkpoint: Checkpoint) -> Result<(), Refusal> {
        self.checkpoint(checkpoint);
        self.go().await
    }

    /// Says that the row runs, and waits until that is written.
    pub async fn begin(&mut self) -> Result<(), Refusal> {
        self.go().await
    }

    async fn go(&mut self) -> Result<(), Refusal> {
        match self.say(Next::Go).await {
            Answer::Refused(refusal) => Err(refusal),
            Answer::Done | Answer::Granted => Ok(()),
        }
    }

    /// Lets the post go and waits until that is written. What the database can never accept is left out, and the post fails
    /// then: handed back, it would buy the same again, without end.
    pub async fn end(mut self, ending: Ending) -> Answer {
        let answer = self.say(Next::End(ending)).await;
        self.ended = true;
        if answer != Answer::Refused(Refusal::Unwritten) {
            return answer;
        }
        self.say(Next::End(Ending::Failed(unwritable()))).await
    }

    /// Writes everything that is owed. Of what cannot be written the bill stays owed, without the words in it.
    async fn say(&mut self, next: Next) -> Answer {
        let item = self.item(next);
        let owed = item.settle.clone();
        let written = self.writer.hand_in(item, Some(Arc::clone(&self.hold)));
        let answer = written.await.unwrap_or(Answer::Refused(Refusal::Unwritten));
        if answer == Answer::Refused(Refusal::Unwritten) {
            self.post.settle = owed.map(money_only);
        }
        answer
    }

    /// The next item, with everything that is owed.
    fn item(&mut self, next: Next) -> Item {
        let said = Item { next, ..self.post.clone() };
        self.post.settle = None;
        self.post.checkpoint = None;
        said
    }

    fn next_ordinal(&mut self, step: Step) -> i16 {
        let last = match step {
            Step::Image => &mut self.ordinals.image,
            Step::Moderation => &mut self.ordinals.moderation,
            Step::Caption => &mut self.ordinals.caption,
            Step::Text => &mut self.ordinals.text,
        };
        *last += 1;
        *last
    }
}

impl Ledger for Line {
    async fn reserve(&mut self, step: Step, quote: Quote) -> Result<CallId, Refusal> {
        let (call, ordinal) = (CallId::new(), self.next_ordinal(step));
        let reservation = Reservation { call, step, ordinal, revision: self.revision, quote };
        // Open from the moment that it may be written, so that a task that is stopped while it waits leaves no attempt behind.
        self.open = Some(Open { step, ordinal, since: Instant::now() });
        match self.say(Next::Send(reservation)).await {
            Answer::Granted | Answer::Done => {
                self.reserved = true;
                Ok(call)
            }
            Answer::Refused(refusal) => {
                self.open = None;
                Err(refusal)
            }
        }
    }

    fn has_reserved(&self) -> bool {
        self.reserved
    }

    fn may_send(&self) -> Result<(), Refusal> {
        if self.held.is_halted() { Err(Refusal::Stopped) } else { Ok(()) }
    }

    fn settle(&mut self, bill: Bill) {
        if let Some(open) = self.open.take() {
            self.post.settle = Some(Settlement { step: open.step, ordinal: open.ordinal, bill });
        }
    }
}

/// A settlement without anything that a provider wrote.
fn money_only(settlement: Settlement) -> Settlement {
    Settlement { bill: Bill { usage: None, provider_request_id: None, ..settlement.bill }, ..settlement }
}

/// Why a post ends that the database does not accept.
pub(crate) fn unwritable() -> Reason {
    let message = "What the AI models made of this post cannot be stored. Change the brief, then retry.".to_owned();
    Reason { class: "unwritable", message }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Some(open) = self.open {
            self.settle(Bill {
                state: AttemptState::Unknown,
                outcome: Outcome::Error,
                verdict: Some("interrupted".to_owned()),
                cost: Nanodollars::ZERO,
                cost_source: CostSource::None,
                usage: None,
                provider_request_id: None,
                duration: open.since.elapsed(),
            });
        }
        let reason = Reason {
            class: "interrupted",
            message: "The worker stopped in the middle of this post; it is tried again.".to_owned(),
        };
        let item = self.item(Next::End(Ending::Retry { after: Duration::ZERO, reason }));
        drop(self.writer.hand_in(item, Some(Arc::clone(&self.hold))));
    }
}
