//! A provider's address with one of its keys.

use async_openai::config::Config;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, InvalidHeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// Where a key's calls go. Neither its `Debug` nor anything else shows the key.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Without a slash at its end.
    base: String,
    key: SecretString,
    headers: HeaderMap,
}

impl Endpoint {
    pub(crate) fn new(base: &Url, key: SecretString) -> Result<Self, InvalidHeaderValue> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            (HeaderName::from_static("x-title"), HeaderValue::from_static("Broadside")),
        ]);
        Ok(Self { base: base.as_str().trim_end_matches('/').to_owned(), key, headers })
    }
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}
