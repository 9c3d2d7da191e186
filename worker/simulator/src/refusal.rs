//! An error answer, in the shape of the protocol.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

/// A call that is answered with an error. Boxed, because it travels as the error of many results.
#[derive(Debug, Clone)]
pub(crate) struct Refusal(Box<Parts>);

#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) status: u16,
    /// `error.type`
    pub(crate) category: String,
    /// `error.code`: text, or a number as routers send it, or null.
    pub(crate) code: Value,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Deref for Refusal {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for Refusal {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

impl Refusal {
    pub(crate) fn new(status: u16, category: &str, code: impl Into<Value>, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            category: category.to_owned(),
            code: code.into(),
            message: message.into(),
            param: None,
            headers: Vec::new(),
        }))
    }

    /// 400: the request itself is wrong.
    pub(crate) fn bad_request(code: impl Into<Value>, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", code, message)
    }

    /// 400: a field has a value that this model does not take.
    pub(crate) fn bad_value(param: &str, message: impl Into<String>) -> Self {
        Self::bad_request("invalid_value", message).about(param)
    }

    pub(crate) fn no_such_model(model: &str) -> Self {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        Self::new(404, "invalid_request_error", "model_not_found", message)
    }

    pub(crate) fn about(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says when to come back, in both forms that providers send, rounded up: who comes then is not too early.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        let millis = wait.as_nanos().div_ceil(1_000_000).max(1) as u64;
        self.header(http::header::RETRY_AFTER, HeaderValue::from(millis.div_ceil(1000)))
            .header(HeaderName::from_static("retry-after-ms"), HeaderValue::from(millis))
    }

    pub(crate) fn body(&self) -> Bytes {
        let error = json!({ "error": {
            "message": self.message, "type": self.category, "param": self.param, "code": self.code,
        }});
        Bytes::from(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_wait_is_never_shorter_than_the_real_one() {
        let waits = [(299_000_001, "300", "1"), (300_000_000, "300", "1"), (0, "1", "1"), (1_000_000_001, "1001", "2")];
        for (nanos, millis, seconds) in waits {
            let refusal =
                Refusal::new(429, "requests", "rate_limit_exceeded", "").retry_after(Duration::from_nanos(nanos));
            let stated = |name: &str| {
                let (_, value) = refusal.headers.iter().find(|(header, _)| header == name).expect("the header is set");
                value.to_str().expect("ASCII").to_owned()
            };
            assert_eq!((&*stated("retry-after-ms"), &*stated("retry-after")), (millis, seconds));
        }
    }
}
