//! `Idempotency-Key`: a request that names one is done once, however often it comes.

use poem::http::StatusCode;

use crate::problem::Problem;

/// A key: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// From the header of a request, if it has one.
    pub fn of(header: Option<String>) -> Result<Option<Self>, Problem> {
        match header {
            None => Ok(None),
            Some(key) if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Some(Self(key)))
            }
            Some(_) => Err(Problem::new(
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
    use super::IdempotencyKey;

    #[test]
    fn a_key_is_short_and_visible() {
        assert_eq!(IdempotencyKey::of(None).expect("no key is fine"), None);
        assert!(IdempotencyKey::of(Some("6e1b-a".to_owned())).expect("a key").is_some());
        for bad in ["", "a b", "ä", &"x".repeat(256)] {
            assert!(IdempotencyKey::of(Some(bad.to_owned())).is_err(), "{bad:?}");
        }
    }
}
