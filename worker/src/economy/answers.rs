//! Settling a file: its lines joined with their answers by our ids of the calls, each billed and its post let out of the lane
//! in one write.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use shared::domain::{AttemptState, CallId, Nanodollars, Outcome, Step};
use shared::store::advance::{
    Answer, Bill, Caption, Checkpoint, CostSource, Ending, Item, LANE_EPOCH, Next, Refusal, Settlement,
};
use shared::store::economy::{self, Line, ProviderBatch};
use tracing::debug;

use super::Tender;
use crate::checks;
use crate::gateway::{Answered, BatchPlace, Body, LineEnd};
use crate::generate_post::{checked_caption, faults_of, moderation_of};
use crate::prompts::{self, CaptionBrief};

/// Lines that are written at once.
const GROUP: usize = 1_024;

impl Tender<'_> {
    /// Settles every line of a file by its answers; one without an answer was not made and not billed.
    pub(super) async fn settle_lines(&self, place: &BatchPlace, file: &ProviderBatch, answers: &[Body]) -> Result<()> {
        let answered = by_call(answers);
        let lines = economy::lines(self.worker.store.pool(), file.id).await?;
        for group in lines.chunks(GROUP) {
            let items = group.iter().map(|line| self.settled(place, line, answered.get(&line.call))).collect();
            self.write(items).await?;
        }
        Ok(())
    }

    /// Says of every line that it was not sent. Its post stays in the lane.
    pub(super) async fn take_lines_back(&self, place: &BatchPlace, file: &ProviderBatch) -> Result<()> {
        let lines = economy::lines(self.worker.store.pool(), file.id).await?;
        for group in lines.chunks(GROUP) {
            let items = group.iter().map(|line| Item { next: Next::Go, ..self.settled(place, line, None) }).collect();
            self.write(items).await?;
        }
        Ok(())
    }

    /// Says of every line that nobody knows what it costs, and lets its post go on without it.
    pub(super) async fn doubt_lines(&self, file: &ProviderBatch) -> Result<()> {
        let lines = economy::lines(self.worker.store.pool(), file.id).await?;
        for group in lines.chunks(GROUP) {
            let items = group
                .iter()
                .map(|line| {
                    let bill = Bill {
                        state: AttemptState::Unknown,
                        outcome: Outcome::Error,
                        verdict: Some("the batch did not end in time".to_owned()),
                        cost: Nanodollars::ZERO,
                        cost_source: CostSource::None,
                        usage: None,
                        provider_request_id: None,
                        duration: took(line, self.lane.now),
                    };
                    self.item(line, bill, None, Ending::Ready)
                })
                .collect();
            self.write(items).await?;
        }
        Ok(())
    }

    fn settled(&self, place: &BatchPlace, line: &Line, answered: Option<&Answered<'_>>) -> Item {
        let brief = CaptionBrief::of(&line.brief, &self.lane.context, &self.worker.platforms);
        let ask = prompts::caption(&brief);
        let (bill, end) = self.worker.posts.gateway.judge_line(place, ask, answered, took(line, self.lane.now));
        match end {
            LineEnd::Made(draft) => self.made(line, &brief, bill, draft),
            LineEnd::Failed(reason) => self.item(line, bill, None, Ending::Failed(reason)),
            LineEnd::Live(Some(reason)) => self.item(line, bill, None, Ending::Wait { after: Duration::ZERO, reason }),
            LineEnd::Live(None) => self.item(line, bill, None, Ending::Ready),
        }
    }

    /// What a draft makes of its line.
    fn made(&self, line: &Line, brief: &CaptionBrief, mut bill: Bill, draft: Caption) -> Item {
        let faults = faults_of(brief, &draft);
        if faults.is_empty() {
            let caption = checked_caption(brief, draft, moderation_of(self.worker, &line.brief, None));
            return self.item(line, bill, Some(Checkpoint::Caption(caption)), Ending::Ready);
        }
        // A live call makes a better one: it can be told what was wrong with its draft.
        bill.outcome = Outcome::Rejected;
        bill.verdict = Some(checks::verdict(&faults));
        self.item(line, bill, None, Ending::Ready)
    }

    fn item(&self, line: &Line, bill: Bill, checkpoint: Option<Checkpoint>, ending: Ending) -> Item {
        Item {
            post: line.post,
            batch: self.lane.batch,
            user: line.user,
            epoch: LANE_EPOCH,
            settle: Some(Settlement { step: Step::Caption, ordinal: line.ordinal, bill }),
            checkpoint,
            next: Next::End(ending),
        }
    }

    async fn write(&self, items: Vec<Item>) -> Result<()> {
        let answers = join_all(items.into_iter().map(|item| self.worker.posts.writer.write(item))).await;
        let unwritten = answers.iter().filter(|answer| **answer == Answer::Refused(Refusal::Unwritten)).count();
        anyhow::ensure!(unwritten == 0, "{unwritten} lines could not be written");
        Ok(())
    }
}

/// The lines of answer files, by our ids of the calls. What cannot be read is no answer.
fn by_call(files: &[Body]) -> HashMap<CallId, Answered<'_>> {
    let mut answered = HashMap::new();
    for line in files.iter().flat_map(|file| file.bytes.split(|byte| *byte == b'\n')) {
        match serde_json::from_slice::<Answered<'_>>(line) {
            Ok(answer) => drop(answered.insert(answer.custom_id, answer)),
            Err(error) if !line.trim_ascii().is_empty() => debug!(%error, "a line of an answer file cannot be read"),
            Err(_) => {}
        }
    }
    answered
}

fn took(line: &Line, now: DateTime<Utc>) -> Duration {
    (now - line.started_at).to_std().unwrap_or_default()
}
