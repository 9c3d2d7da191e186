//! `Idempotency-Key`: a request that names one is done once, however often it comes.

use poem::http::{HeaderMap, StatusCode};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::problem::Problem;

/// A key: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// From the headers of a request, if there is one. One that cannot be read is never taken for none: the caller would
    /// believe that a second request does nothing.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(header) = headers.get("idempotency-key") else { return Ok(None) };
        match header.to_str() {
            Ok(key) if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Some(Self(key.to_owned())))
            }
            _ => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_idempotency_key",
                "Idempotency-Key must have 1 to 255 visible ASCII characters.",
            )),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key of a request, as operations take it: `#[oai(name = "Idempotency-Key")] key: GivenKey`.
pub struct GivenKey(pub Option<IdempotencyKey>);

impl<'a> ApiExtractor<'a> for GivenKey {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

    type ParamType = Option<String>;
    type ParamRawType = String;

    fn register(registry: &mut Registry) {
        <Self::ParamType as Type>::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(Self::ParamType::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        Ok(Self(IdempotencyKey::of(request.headers())?))
    }
}

#[cfg(test)]
mod tests {
    use poem::http::{HeaderMap, HeaderValue};

    use super::IdempotencyKey;

    fn of(header: &[u8]) -> Result<Option<IdempotencyKey>, crate::problem::Problem> {
        let value = HeaderValue::from_bytes(header).expect("a header's value");
        IdempotencyKey::of(&HeaderMap::from_iter([("idempotency-key".parse().expect("a name"), value)]))
    }

    #[test]
    fn a_key_is_short_and_visible() {
        assert_eq!(IdempotencyKey::of(&HeaderMap::new()).expect("no key is fine"), None);
        assert!(of(b"6e1b-a").expect("a key").is_some());
        for bad in ["", "a b", "ä", &"x".repeat(256)] {
            assert!(of(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }
}
