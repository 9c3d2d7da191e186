//! The way of one call: who calls, what they ask, what goes wrong, what it costs, how long it takes, what is sent.
//!
//! The bill is written before the answer leaves and before its latency passes: a client that hangs up early has been
//! charged, as it would be elsewhere.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::Utc;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use crate::{
    ask::{Ask, Draft},
    bill::{Cause, Line, RequestId, Usage},
    body::{AnswerBody, ResetSwitch},
    fault::{Effect, Fault},
    kind::Kind,
    limits::Gauges,
    provider::{Caller, Provider},
    refusal::Refusal,
};

/// Which of the provider's endpoints was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Chat,
    Image,
    Edit,
    Moderation,
}

impl Endpoint {
    fn kind(self) -> Kind {
        match self {
            Self::Chat => Kind::Chat,
            Self::Image | Self::Edit => Kind::Image,
            Self::Moderation => Kind::Moderation,
        }
    }

    /// What a body has to be.
    fn media_type(self) -> &'static str {
        match self {
            Self::Edit => "multipart/form-data",
            _ => "application/json",
        }
    }
}

/// A call that has arrived and is not billed yet.
struct Call<'a> {
    provider: &'a Arc<Provider>,
    id: RequestId,
    client_request_id: Option<Box<str>>,
    key: Arc<str>,
    model: Arc<str>,
    kind: Kind,
    arrived: Instant,
}

/// Why a call is answered as it is, for the bill.
#[derive(Clone, Copy, Default)]
struct Why {
    cause: Cause,
    retry_after: Option<Duration>,
}

impl Why {
    fn of_fault(fault: &Fault) -> Self {
        Self { cause: Cause::Fault, retry_after: stated_rest(&fault.extra_headers()) }
    }
}

/// Answers one call. Never fails: everything that can go wrong is an answer.
pub(crate) async fn answer(
    provider: &Arc<Provider>,
    endpoint: Endpoint,
    request: Request<Incoming>,
    reset: &ResetSwitch,
) -> Response<AnswerBody> {
    let _in_flight = provider.enter();
    let (head, incoming) = request.into_parts();
    let mut call = Call {
        provider,
        id: provider.next_request(),
        client_request_id: text_of(&head.headers, "x-client-request-id"),
        key: "".into(),
        model: "".into(),
        kind: endpoint.kind(),
        arrived: Instant::now(),
    };
    let most = match endpoint {
        Endpoint::Edit => provider.config.max_upload_bytes,
        _ => provider.config.max_body_bytes,
    };
    let body = match read_body(incoming, most).await {
        Ok(body) => body,
        Err(refusal) => return call.refuse(&refusal, Gauges::new()),
    };
    let caller = match provider.authenticate(&head.headers) {
        Ok(caller) => caller,
        Err(refusal) => {
            call.key = presented_key(&head.headers);
            return call.refuse(&refusal, Gauges::new());
        }
    };
    call.key = caller.label.clone();
    if let Err(refusal) = only(&head.headers, endpoint.media_type()) {
        return call.refuse(&refusal, Gauges::new());
    }
    let read = match endpoint {
        Endpoint::Edit => Ask::read_edit(&head.headers, body, provider).await,
        _ => Ask::read(endpoint, &body, provider),
    };
    let ask = match read {
        Ok(ask) => ask,
        Err((model, refusal)) => {
            call.model = model.into();
            return call.refuse(&refusal, Gauges::new());
        }
    };
    call.model = ask.model().id.clone();
    call.kind = ask.kind();
    let fault = ask.prompt_for(|says| provider.faults.take(call.kind, &caller.key.secret, &call.model, says));
    match fault {
        Some(fault) if fault.effect().replaces_answer() => call.replaced(&ask, &fault).await,
        fault => call.served(ask, fault, &caller, reset).await,
    }
}

impl Call<'_> {
    fn bill(&self, status: u16, usage: Usage, cost_nanos: i64, why: Why) {
        self.provider.bill.append(Line {
            request: self.id,
            client_request_id: self.client_request_id.clone(),
            key: self.key.clone(),
            model: self.model.clone(),
            kind: self.kind,
            status,
            usage,
            cost_nanos,
            cause: why.cause,
            retry_after: why.retry_after,
            at: Utc::now(),
            batch: None,
        });
    }

    fn refuse(&self, refusal: &Refusal, gauges: Gauges) -> Response<AnswerBody> {
        self.refuse_for(Cause::Request, refusal, gauges)
    }

    fn refuse_for(&self, cause: Cause, refusal: &Refusal, gauges: Gauges) -> Response<AnswerBody> {
        let why = Why { cause, retry_after: stated_rest(&refusal.headers) };
        self.bill(refusal.status, Usage::default(), 0, why);
        self.send_refusal(refusal, gauges)
    }

    fn send_refusal(&self, refusal: &Refusal, gauges: Gauges) -> Response<AnswerBody> {
        let body = AnswerBody::whole(refusal.body());
        let mut response = self.response(refusal.status, "application/json", body);
        response.headers_mut().extend(gauges);
        response.headers_mut().extend(refusal.headers.iter().cloned());
        response
    }

    /// A fault in place of an answer.
    async fn replaced(&self, ask: &Ask, fault: &Fault) -> Response<AnswerBody> {
        let effect = fault.effect();
        let status = match effect {
            Effect::Hang => 0,
            Effect::Html => fault.html_status(),
            Effect::Status => fault.refusal_sent().status,
            _ => 200,
        };
        let draft = if fault.is_billed() { Draft::of(ask, None) } else { Draft::free() };
        self.bill(status, draft.usage(), draft.cost_nanos(), Why::of_fault(fault));
        self.wait(fault.extra_delay()).await;
        let mut response = match effect {
            Effect::Hang => std::future::pending().await,
            Effect::Html => {
                let page = format!(
                    "<html>\r\n<head><title>{status} Bad Gateway</title></head>\r\n<body>\r\n<center><h1>{status} Bad \
                     Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
                );
                self.response(status, "text/html", AnswerBody::whole(page.into()))
            }
            Effect::NotJson => {
                let text = Bytes::from_static(b"upstream connect error or disconnect/reset before headers");
                self.response(200, "text/plain", AnswerBody::whole(text))
            }
            Effect::ErrorIn200 => {
                let mut refusal = fault.refusal_sent();
                if refusal.code.is_null() {
                    refusal.code = Value::from(502);
                }
                self.response(200, "application/json", AnswerBody::whole(refusal.body()))
            }
            _ => self.send_refusal(&fault.refusal_sent(), Gauges::new()),
        };
        response.headers_mut().extend(fault.extra_headers());
        response
    }

    /// A real answer, perhaps with something wrong in it or on its way.
    async fn served(
        &self,
        ask: Ask,
        fault: Option<Fault>,
        caller: &Caller,
        reset: &ResetSwitch,
    ) -> Response<AnswerBody> {
        let provider = self.provider;
        if let Err(refusal) = provider.still_served(ask.model()) {
            return self.refuse(&refusal, Gauges::new());
        }
        let draft = Draft::of(&ask, fault.as_ref());
        let limits = caller.key.limits.unwrap_or(provider.config.limits);
        let (gauges, verdict) = match ask.demand(&draft, &provider.config) {
            Some(demand) => provider.meter.admit(&caller.key.pool, &ask.model().id, limits, demand, self.arrived),
            None => (Gauges::new(), Ok(())),
        };
        if let Err(refusal) = verdict {
            return self.refuse_for(Cause::Limit, &refusal, gauges);
        }
        let why = fault.as_ref().map_or_else(Why::default, Why::of_fault);
        if fault.as_ref().is_none_or(Fault::is_billed) {
            self.bill(200, draft.usage(), draft.cost_nanos(), why);
        } else {
            self.bill(200, Usage::default(), 0, why);
        }
        let extra = fault.as_ref().map_or(Duration::ZERO, Fault::extra_delay);
        self.wait(provider.latency_of(self.kind, self.id) + extra).await;
        let bytes = draft.render(&ask, fault.as_ref(), self.id, provider).await;
        let body = match &fault {
            Some(fault) => AnswerBody::sent_by(fault.effect(), bytes, fault.blanks(), reset),
            None => AnswerBody::whole(bytes),
        };
        let mut response = self.response(200, "application/json", body);
        response.headers_mut().extend(gauges);
        if let Some(fault) = fault {
            response.headers_mut().extend(fault.extra_headers());
        }
        response
    }

    async fn wait(&self, delay: Duration) {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.provider.released().await;
    }

    fn response(&self, status: u16, media_type: &'static str, body: AnswerBody) -> Response<AnswerBody> {
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Ok(id) = HeaderValue::from_str(&self.id.to_string()) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        let took = self.arrived.elapsed().as_millis() as u64;
        headers.insert(HeaderName::from_static("openai-processing-ms"), HeaderValue::from(took));
        headers.insert(HeaderName::from_static("openai-version"), HeaderValue::from_static("2020-10-01"));
        response
    }
}

async fn read_body(incoming: Incoming, most: usize) -> Result<Bytes, Refusal> {
    match Limited::new(incoming, most).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let message = format!("The request is larger than {most} bytes.");
            Err(Refusal::new(413, "invalid_request_error", Value::Null, message))
        }
        Err(error) => Err(Refusal::bad_request(Value::Null, format!("The request could not be read: {error}"))),
    }
}

/// How long the headers ask the client to stay away.
fn stated_rest(headers: &[(HeaderName, HeaderValue)]) -> Option<Duration> {
    let number = |name: &str| {
        let (_, value) = headers.iter().find(|(header, _)| header == name)?;
        value.to_str().ok()?.parse::<u64>().ok()
    };
    number("retry-after-ms").map(Duration::from_millis).or_else(|| number("retry-after").map(Duration::from_secs))
}

/// Refuses a body of another media type than `wanted`.
fn only(headers: &HeaderMap, wanted: &str) -> Result<(), Refusal> {
    let media_type = text_of(headers, "content-type").unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let message = format!(
        "Unsupported content type: '{essence}'. This API method only accepts '{wanted}' requests, but you \
         specified the header 'Content-Type: {essence}'. Please try again with a supported content type."
    );
    Err(Refusal::bad_request("unsupported_content_type", message))
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<Box<str>> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(Into::into)
}

/// The key of a refused call, shortened.
fn presented_key(headers: &HeaderMap) -> Arc<str> {
    let header = text_of(headers, "authorization").unwrap_or_default();
    let secret = header.strip_prefix("Bearer ").unwrap_or_default().trim();
    if secret.is_empty() { "".into() } else { crate::provider::shortened(secret).into() }
}
