//! Working a batch off: validating, waiting, line by line, and what ends it early.

use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    desk::StoredFile,
    input::{self, Line},
    job::Status,
};
use crate::{
    ask::{Ask, Draft},
    bill::{self, Cause, RequestId, Usage},
    call::Endpoint,
    fault::{Effect, Fault},
    kind::Kind,
    provider::{Caller, Provider},
    refusal::Refusal,
};

/// A batch that was taken and is to be worked off.
pub(super) struct Work {
    pub(super) provider: Arc<Provider>,
    pub(super) caller: Caller,
    pub(super) id: String,
    pub(super) input: Bytes,
    /// What is to happen to it.
    pub(super) fate: Option<Fault>,
    pub(super) cancel: CancellationToken,
}

/// The files that a batch answers with.
#[derive(Default)]
struct Outputs {
    answers: Vec<String>,
    errors: Vec<String>,
}

/// What became of one line.
enum Worked {
    /// An answer with its status.
    Answered(u16, RequestId, Bytes),
    /// The line is lost: it stands in neither file.
    Lost,
}

pub(super) async fn work(work: Work) {
    let desk = &work.provider.desk;
    let effect = work.fate.as_ref().map_or(Effect::None, Fault::effect);
    let read = match &work.fate {
        Some(fault) if effect == Effect::BatchFails => {
            let said = fault.refusal_sent();
            let code = said.code.as_str().unwrap_or("token_limit_exceeded").to_owned();
            Err(vec![input::error(&code, &said.message, None, None)])
        }
        _ => input::read(&work.input, &work.provider.config.prices),
    };
    let (lines, model) = match read {
        Ok(read) => read,
        Err(errors) => {
            desk.change(&work.id, |job| {
                job.errors = errors;
                job.enter(Status::Failed);
            });
            return;
        }
    };
    desk.change(&work.id, |job| {
        (job.total, job.model) = (lines.len(), Some(model));
        if job.status == Status::Validating {
            job.enter(Status::InProgress);
        }
    });
    work.wait().await;
    let most = match effect {
        Effect::BatchExpires | Effect::BatchStalls => work.fate.as_ref().map_or(0, Fault::lines),
        _ => usize::MAX,
    };
    let mut outputs = Outputs::default();
    let mut done = 0;
    for line in lines.iter().take(most) {
        if work.cancel.is_cancelled() {
            break;
        }
        let worked = work.line(line).await;
        outputs.add(line, worked);
        done += 1;
        desk.change(&work.id, |job| (job.completed, job.failed) = (outputs.answers.len(), outputs.errors.len()));
        tokio::task::yield_now().await;
    }
    if effect == Effect::BatchStalls {
        work.cancel.cancelled().await;
    }
    let ending = if work.cancel.is_cancelled() {
        Status::Cancelled
    } else if done < lines.len() {
        Status::Expired
    } else {
        Status::Completed
    };
    outputs.leave_out(&lines[done..], ending);
    work.finish(outputs, ending);
}

impl Work {
    /// The batch latency, cut short by a cancel.
    async fn wait(&self) {
        let extra = self.fate.as_ref().map(Fault::extra_delay).unwrap_or_default();
        let delay = self.provider.latency_of(Kind::Batch, self.provider.next_request()) + extra;
        let waited = async {
            tokio::time::sleep(delay).await;
            self.provider.released().await;
        };
        tokio::select! {
            () = waited => {}
            () = self.cancel.cancelled() => {}
        }
    }

    /// One line, as a call of its own: read, faulted, priced, billed, answered.
    async fn line(&self, line: &Line) -> Worked {
        let provider = &self.provider;
        let id = provider.next_request();
        let refused = |model: &str, refusal: &Refusal, cause| {
            self.bill(line, id, model, (refusal.status, cause), Usage::default(), 0);
            Worked::Answered(refusal.status, id, refusal.body())
        };
        let ask = match Ask::read(Endpoint::Chat, &line.body, provider) {
            Ok(ask) => ask,
            Err((model, refusal)) => return refused(&model, &refusal, Cause::Request),
        };
        let model = ask.model();
        if let Err(refusal) = provider.still_served(model) {
            return refused(&model.id, &refusal, Cause::Request);
        }
        let (key, kind) = (&self.caller.key.secret, ask.kind());
        let fault = ask.prompt_for(|says| provider.faults.take(kind, key, &model.id, says));
        match fault.as_ref().map(|fault| (fault.effect(), fault)) {
            Some((Effect::Hang, _)) => return Worked::Lost,
            Some((Effect::Status, fault)) => return refused(&model.id, &fault.refusal_sent(), Cause::Fault),
            Some((Effect::ErrorIn200, fault)) => {
                self.bill(line, id, &model.id, (200, Cause::Fault), Usage::default(), 0);
                return Worked::Answered(200, id, fault.refusal_sent().body());
            }
            Some((Effect::Html | Effect::NotJson, _)) => {
                self.bill(line, id, &model.id, (502, Cause::Fault), Usage::default(), 0);
                return Worked::Answered(502, id, Bytes::from_static(b"\"upstream connect error\""));
            }
            _ => {}
        }
        let draft = Draft::of(&ask, fault.as_ref());
        let usage = draft.usage();
        let cause = if fault.is_some() { Cause::Fault } else { Cause::Served };
        if fault.as_ref().is_none_or(Fault::is_billed) {
            let cost = model.batch_cost(usage.input_tokens, usage.output_tokens);
            self.bill(line, id, &model.id, (200, cause), usage, cost);
        } else {
            self.bill(line, id, &model.id, (200, cause), Usage::default(), 0);
        }
        Worked::Answered(200, id, draft.render(&ask, fault.as_ref(), id, provider).await)
    }

    fn bill(
        &self,
        line: &Line,
        id: RequestId,
        model: &str,
        (status, cause): (u16, Cause),
        usage: Usage,
        cost_nanos: i64,
    ) {
        // A batch that a reset has forgotten costs nothing any more.
        if !self.provider.desk.change(&self.id, |_| {}) {
            return;
        }
        self.provider.bill.append(bill::Line {
            request: id,
            client_request_id: Some(line.custom_id.as_str().into()),
            key: self.caller.label.clone(),
            model: model.into(),
            kind: Kind::Chat,
            status,
            usage,
            cost_nanos,
            cause,
            retry_after: None,
            at: Utc::now(),
            batch: Some(self.id.as_str().into()),
        });
    }

    /// Stores the files and ends the batch.
    fn finish(&self, outputs: Outputs, ending: Status) {
        let Outputs { mut answers, errors } = outputs;
        // The order of the answers is nothing to rely on.
        answers.reverse();
        let (completed, failed) = (answers.len(), errors.len());
        let keep = |lines: Vec<String>, name: &str| {
            (!lines.is_empty()).then(|| {
                let bytes = Bytes::from(lines.concat());
                let file =
                    StoredFile::new(&self.caller.key.pool, &format!("{}_{name}.jsonl", self.id), "batch_output", bytes);
                self.provider.desk.keep(self.provider.next_request(), file)
            })
        };
        let (output_file, error_file) = (keep(answers, "output"), keep(errors, "error"));
        self.provider.desk.change(&self.id, |job| {
            job.enter(Status::Finalizing);
            (job.output_file, job.error_file) = (output_file, error_file);
            (job.completed, job.failed) = (completed, failed);
            job.enter(ending);
        });
    }
}

impl Outputs {
    fn add(&mut self, line: &Line, worked: Worked) {
        let Worked::Answered(status, id, body) = worked else { return };
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = json!({
            "id": format!("batch_{id}"), "custom_id": line.custom_id, "error": null,
            "response": { "status_code": status, "request_id": id.to_string(), "body": body },
        });
        if status < 400 { &mut self.answers } else { &mut self.errors }.push(format!("{answer}\n"));
    }

    /// Says of lines that were not worked off why they were not.
    fn leave_out(&mut self, lines: &[Line], ending: Status) {
        let (code, message) = if ending == Status::Cancelled {
            ("batch_cancelled", "This request was not executed because the batch was cancelled.")
        } else {
            ("batch_expired", "This request could not be executed before the completion window expired.")
        };
        for line in lines {
            let entry = json!({
                "id": format!("batch_req_{}", line.custom_id), "custom_id": line.custom_id, "response": null,
                "error": { "code": code, "message": message },
            });
            self.errors.push(format!("{entry}\n"));
        }
    }
}
