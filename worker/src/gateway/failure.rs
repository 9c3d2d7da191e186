//! What is known of a call that did not serve.

use std::time::Duration;

use chrono::Utc;

use super::reply::ProviderError;
use super::wait::retry_after;
use super::wire::WireError;

/// A call that did not serve, by what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection was made.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The connection broke after the request was sent.
    Broken,
    /// The answer was larger than an answer may be.
    TooBig,
    /// An answer with a status that is no success.
    Status(Refused),
    /// A success that holds an error in place of an answer.
    ErrorInSuccess(ProviderError),
    NotJson,
    /// An answer that lacks what was asked for; says what.
    Unusable(String),
    /// `finish_reason: length`.
    CutShort,
    /// The model declined, in words.
    Declined,
    /// `finish_reason: content_filter`.
    Filtered,
    /// A success without an image.
    NoImage,
}

/// An error answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) error: ProviderError,
    /// When to come back, where the answer says it.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    pub(crate) fn of_wire(error: &WireError) -> Self {
        match error {
            WireError::Connect(_) | WireError::Unwritable(_) => Self::Unreachable,
            WireError::Timeout => Self::TimedOut,
            WireError::Transfer(_) => Self::Broken,
            WireError::TooBig(_) => Self::TooBig,
            WireError::Status { status, headers, body } => {
                let error = ProviderError::from_body(body);
                let retry_after = retry_after(headers, Utc::now()).or(error.retry_after);
                Self::Status(Refused { status: status.as_u16(), error, retry_after })
            }
        }
    }

    /// A short text for the trail: the status and the code, never the provider's own words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Unreachable => "no connection".to_owned(),
            Self::TimedOut => "no answer in time".to_owned(),
            Self::Broken => "the transfer broke off".to_owned(),
            Self::TooBig => "the answer was too large".to_owned(),
            Self::Status(refused) => with_code(&format!("HTTP {}", refused.status), &refused.error),
            Self::ErrorInSuccess(error) => with_code("an error inside a success", error),
            Self::NotJson => "the answer was not JSON".to_owned(),
            Self::Unusable(why) => why.clone(),
            Self::CutShort => "the answer was cut at its cap".to_owned(),
            Self::Declined => "the model declined".to_owned(),
            Self::Filtered => "the answer was filtered".to_owned(),
            Self::NoImage => "no image came".to_owned(),
        }
    }
}

fn with_code(what: &str, error: &ProviderError) -> String {
    let upstream = error.upstream.as_deref();
    let codes =
        [Some(&error.code), upstream.map(|error| &error.code), Some(&error.kind), upstream.map(|error| &error.kind)];
    // Codes are short words; what is not may be anything. A number mostly repeats the status, so a word is better.
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let fitting =
        || codes.iter().flatten().filter(|code| !code.is_empty() && code.len() <= 64 && code.chars().all(fits));
    let word = fitting().find(|code| !code.chars().all(|c| c.is_ascii_digit())).or_else(|| fitting().next());
    match word {
        Some(code) if !what.ends_with(code.as_str()) => format!("{what} {code}"),
        _ => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Refused};
    use crate::gateway::reply::ProviderError;

    #[test]
    fn the_trail_never_quotes_a_provider() {
        let error = ProviderError {
            message: "key sk-123 is wrong".to_owned(),
            code: "sk-1 23".to_owned(),
            ..Default::default()
        };
        let refused = Refused { status: 401, error, retry_after: None };
        assert_eq!(Failure::Status(refused).describe(), "HTTP 401");
    }

    #[test]
    fn the_trail_names_the_code_that_says_most() {
        let describe = |status, body: &str| {
            let error = ProviderError::from_body(body.as_bytes());
            Failure::Status(Refused { status, error, retry_after: None }).describe()
        };
        assert_eq!(describe(429, r#"{"error":{"code":429}}"#), "HTTP 429");
        assert_eq!(describe(500, r#"{"error":{"code":7}}"#), "HTTP 500 7");
        assert_eq!(describe(429, r#"{"error":{"code":null,"type":"tokens"}}"#), "HTTP 429 tokens");
        let nested = r#"{"error":{"code":429,"metadata":{"raw":"{\"error\":{\"code\":\"slow_down\"}}"}}}"#;
        assert_eq!(describe(429, nested), "HTTP 429 slow_down");
    }
}
