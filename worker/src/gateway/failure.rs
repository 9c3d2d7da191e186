//! What is known of a call that did not serve.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::reply::ProviderError;
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
            WireError::Status { status, headers, body } => Self::Status(Refused {
                status: status.as_u16(),
                error: ProviderError::from_body(body),
                retry_after: retry_after(headers, Utc::now()),
            }),
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
    let code = if error.code.is_empty() { &error.kind } else { &error.code };
    // Codes are short words; what is not may be anything.
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if code.is_empty() || code.len() > 64 || !code.chars().all(fits) {
        return what.to_owned();
    }
    format!("{what} {code}")
}

/// When to come back: the exact header first, then the standard one, then the reset of whichever limit is used up.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = || text("retry-after-ms").and_then(|text| positive(text, 1e-3));
    let standard = || text("retry-after").and_then(|text| positive(text, 1.0).or_else(|| until_date(text, now)));
    let reset = || {
        ["requests", "tokens", "images"]
            .iter()
            .filter(|what| text(&format!("x-ratelimit-remaining-{what}")).is_some_and(|left| left.starts_with('0')))
            .filter_map(|what| text(&format!("x-ratelimit-reset-{what}")).and_then(go_duration))
            .max()
    };
    millis().or_else(standard).or_else(reset).map(|wait| wait.min(LONGEST_REST))
}

/// No answer makes a pool rest longer.
const LONGEST_REST: Duration = Duration::from_hours(24);

fn positive(text: &str, unit_seconds: f64) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64((seconds * unit_seconds).max(0.0)).ok()
}

fn until_date(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let date = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
    Some((date - now).to_std().unwrap_or_default())
}

/// Reads a duration as Go writes it: `1h2m3.5s`, `350ms`, `12µs`; a bare number is seconds.
pub(crate) fn go_duration(text: &str) -> Option<Duration> {
    if let Some(seconds) = positive(text, 1.0) {
        return Some(seconds);
    }
    let (mut rest, mut total) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let unit = match &rest[digits..unit_end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += rest[..digits].parse::<f64>().ok()? * unit;
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(total).ok().filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{TimeZone, Utc};
    use http::HeaderMap;

    use super::{Failure, Refused, go_duration, retry_after};
    use crate::gateway::reply::ProviderError;

    #[test]
    fn durations_as_go_writes_them() {
        for (text, millis) in [
            ("1s", 1000),
            ("6ms", 6),
            ("1m2.5s", 62_500),
            ("1h0m0s", 3_600_000),
            ("2h1m", 7_260_000),
            ("0s", 0),
            ("1.5", 1500),
        ] {
            assert_eq!(go_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(go_duration("350µs"), Some(Duration::from_micros(350)));
        for bad in ["", "s", "1", "1x", "1m2", "later"].into_iter().filter(|text| *text != "1") {
            assert_eq!(go_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn when_to_come_back_is_read_from_every_form() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).single().expect("a time");
        let wait = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().expect("a value"));
            }
            retry_after(&headers, now).map(|wait| wait.as_millis())
        };
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "20")]), Some(20_000));
        assert_eq!(wait(&[("retry-after", "20"), ("retry-after-ms", "150")]), Some(150));
        assert_eq!(wait(&[("retry-after", "Sun, 22 Nov 2026 12:00:30 GMT")]), Some(30_000));
        assert_eq!(wait(&[("retry-after", "Sun, 22 Nov 2026 11:00:00 GMT")]), Some(0));
        assert_eq!(wait(&[("retry-after", "-5")]), Some(0));
        assert_eq!(wait(&[("retry-after", "999999999")]), Some(86_400_000));
        let (left, reset) = ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests");
        assert_eq!(wait(&[(left, "0"), (reset, "1m2.5s")]), Some(62_500));
        assert_eq!(wait(&[(left, "12"), (reset, "1m2.5s")]), None);
    }

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
}
