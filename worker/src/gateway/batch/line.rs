//! What the answer to a line means: the same reading, pricing and judging as for a call.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::domain::CallId;
use shared::store::advance::{Bill, Reason};

use super::BatchPlace;
use crate::gateway::Gateway;
use crate::gateway::ask::ChatAsk;
use crate::gateway::bill::{price, unsent_bill};
use crate::gateway::dialect::{Cut, Reading, read_chat};
use crate::gateway::failure::{Failure, Refused};
use crate::gateway::reply::ProviderError;
use crate::gateway::run::Task;
use crate::gateway::stops::reason;
use crate::gateway::tasks::Writing;
use crate::gateway::verdict::{Again, NextModel, OtherPool, verdict};

/// One line of an answer file, read leniently.
#[derive(Debug, Deserialize)]
pub(crate) struct Answered<'a> {
    /// Our id of the call.
    pub(crate) custom_id: CallId,
    #[serde(borrow, default)]
    response: Option<Response<'a>>,
}

#[derive(Debug, Deserialize)]
struct Response<'a> {
    status_code: u16,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

/// What becomes of a line's post.
#[derive(Debug)]
pub(crate) enum LineEnd<T> {
    Made(T),
    /// Another try would end the same.
    Failed(Reason),
    /// Live calls may make it; with the reason, where the line said one.
    Live(Option<Reason>),
}

impl Gateway {
    /// What a line cost, and what becomes of its post. A line without an answer was not worked off, so it is not billed.
    pub(crate) fn judge_line<T: Send + Sync>(
        &self,
        place: &BatchPlace,
        ask: ChatAsk<T>,
        answered: Option<&Answered<'_>>,
        took: Duration,
    ) -> (Bill, LineEnd<T>) {
        let mut bill = Bill { duration: took, ..unsent_bill() };
        let Some(response) = answered.and_then(|answered| answered.response.as_ref()) else {
            bill.verdict = Some("not made".to_owned());
            return (bill, LineEnd::Live(None));
        };
        bill.provider_request_id = response.request_id.clone().filter(|id| id.len() <= 128);
        let body = response.body.map_or(&b""[..], |body| body.get().as_bytes());
        let writing = Writing(ask);
        let draft = writing.draft(&self.inner.look_up(place), false);
        let Reading { content, usage } = if response.status_code < 400 {
            let Reading { content, usage } = read_chat(body, Cut::IsAFailure);
            Reading { content: content.and_then(|written| writing.make(&written.text)), usage }
        } else {
            let refused =
                Refused { status: response.status_code, error: ProviderError::from_body(body), retry_after: None };
            Reading { content: Err(Failure::Status(refused)), usage: None }
        };
        price(&mut bill, content.as_ref().err(), usage.as_ref(), &place.model, &draft);
        let end = match content {
            Ok(made) => LineEnd::Made(made),
            Err(failure) => self.end_of(&failure),
        };
        (bill, end)
    }

    fn end_of<T>(&self, failure: &Failure) -> LineEnd<T> {
        let verdict = verdict(failure);
        let other_model = match verdict.next_model {
            NextModel::No => false,
            NextModel::IfConfigured => self.inner.catalog.limits.policy_refusal_tries_next_model,
            NextModel::Yes | NextModel::Once | NextModel::OtherHost => true,
        };
        if verdict.again == Again::No && verdict.other_pool == OtherPool::No && !other_model {
            LineEnd::Failed(reason(verdict.class))
        } else {
            LineEnd::Live(Some(reason(verdict.class)))
        }
    }
}
