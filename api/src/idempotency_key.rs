//! `Idempotency-Key`: a request that names one is done once, however often it comes.

use poem::http::{HeaderMap, StatusCode};

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
