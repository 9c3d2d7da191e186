//! The name of one request, for its caller and for the log.

use std::fmt;

use poem::http::{HeaderMap, HeaderValue};
use uuid::Uuid;

/// The caller's own `X-Request-ID` when it is well-formed, else one of ours.
#[derive(Clone, Debug)]
pub struct RequestId(String);

impl RequestId {
    pub fn of(headers: &HeaderMap) -> Self {
        headers
            .get("x-request-id")
            .and_then(|value| value.to_str().ok())
            .filter(|id| is_well_formed(id))
            .map_or_else(|| Self(Uuid::now_v7().to_string()), |id| Self(id.to_owned()))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    }
}

fn is_well_formed(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::is_well_formed;

    #[test]
    fn only_harmless_names_are_taken_over() {
        assert!(is_well_formed("a-B.9_"));
        for bad in ["", "a b", "a\n", "ä", &"x".repeat(129)] {
            assert!(!is_well_formed(bad), "{bad:?}");
        }
    }
}
