//! One documented call: what is sent, and what must come back.

use reqwest::Method;
use serde_json::Value;

/// A call as its back end documents it. Names in braces stand for what an earlier call gave.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) body: Option<Value>,
    /// Whether a token is sent.
    pub(crate) token: bool,
    pub(crate) status: u16,
    /// `path: type` or `path = value`, one a field.
    pub(crate) fields: Vec<&'static str>,
    /// Headers that must be there, with what they must begin with.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// Names for fields that later calls need.
    pub(crate) kept: Vec<(&'static str, &'static str)>,
    pub(crate) note: &'static str,
}

fn call(method: Method, path: &'static str, body: Option<Value>) -> Call {
    Call {
        method,
        path,
        body,
        token: true,
        status: 200,
        fields: Vec::new(),
        headers: Vec::new(),
        kept: Vec::new(),
        note: "",
    }
}

pub(crate) fn get(path: &'static str) -> Call {
    call(Method::GET, path, None)
}

pub(crate) fn post(path: &'static str, body: Value) -> Call {
    call(Method::POST, path, Some(body))
}

/// A POST without a body.
pub(crate) fn press(path: &'static str) -> Call {
    call(Method::POST, path, None)
}

pub(crate) fn put(path: &'static str, body: Value) -> Call {
    call(Method::PUT, path, Some(body))
}

pub(crate) fn delete(path: &'static str) -> Call {
    call(Method::DELETE, path, None)
}

impl Call {
    /// Sends no token.
    pub(crate) fn open(self) -> Self {
        Self { token: false, ..self }
    }

    pub(crate) fn answers(self, status: u16, fields: &[&'static str]) -> Self {
        Self { status, fields: fields.to_vec(), ..self }
    }

    /// Answers with a header that begins so.
    pub(crate) fn with(mut self, header: &'static str, value: &'static str) -> Self {
        self.headers.push((header, value));
        self
    }

    /// Keeps a field under a name.
    pub(crate) fn keeping(mut self, name: &'static str, field: &'static str) -> Self {
        self.kept.push((name, field));
        self
    }

    pub(crate) fn noting(self, note: &'static str) -> Self {
        Self { note, ..self }
    }

    /// Documented, and not there.
    pub(crate) fn not_yet(self) -> Self {
        self.answers(404, &["code = not_found"]).noting("not yet served")
    }
}
