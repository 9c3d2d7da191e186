//! When to come back: read from headers and from words, in every form that providers use.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;

/// When to come back: the exact header first, then the standard one, then the reset of whichever limit is used up.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = || text("retry-after-ms").and_then(|text| positive(text, 1e-3));
    let standard = || text("retry-after").and_then(|text| positive(text, 1.0).or_else(|| until_date(text, now)));
    let reset = || {
        ["-requests", "-tokens", "-images", ""]
            .iter()
            .filter(|what| text(&format!("x-ratelimit-remaining{what}")).is_some_and(|left| left.starts_with('0')))
            .filter_map(|what| text(&format!("x-ratelimit-reset{what}")).and_then(|text| moment(text, now)))
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

/// The time until a limit resets, in the forms that providers write it in: a duration as Go writes it, seconds, a time
/// since 1970 in seconds or milliseconds, or a date.
pub(crate) fn moment(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let Ok(number) = text.parse::<f64>() else {
        let date = || DateTime::parse_from_rfc3339(text).ok().map(|date| date.with_timezone(&Utc));
        return go_duration(text)
            .or_else(|| Some((date()? - now).to_std().unwrap_or_default()))
            .or_else(|| until_date(text, now));
    };
    // No limit rests for three years; 10 billion seconds are the year 2286.
    let seconds = if number < 1e8 {
        number
    } else if number < 1e10 {
        number - now.timestamp() as f64
    } else {
        (number - now.timestamp_millis() as f64) / 1e3
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok().map(|wait| wait.min(LONGEST_REST))
}

/// When to come back, where a message says it in words: `try again in 6m0s`, `retry after 7 seconds`.
pub(crate) fn stated_wait(message: &str) -> Option<Duration> {
    let lower = message.to_lowercase();
    let after = ["try again in ", "retry after ", "retry in "].iter().find_map(|words| lower.split_once(words))?.1;
    let mut words = after.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';', '!', ')']));
    let wait = go_duration(words.next()?)?;
    let unit = match words.next().map(|unit| unit.trim_end_matches('s')) {
        Some("millisecond" | "m") => 1e-3,
        Some("minute") => 60.0,
        Some("hour") => 3600.0,
        _ => 1.0,
    };
    Some(Duration::try_from_secs_f64(wait.as_secs_f64() * unit).ok()?.min(LONGEST_REST))
}

/// Reads a duration as Go writes it: `1h2m3.5s`, `350ms`, `12µs`; a bare number is seconds.
fn go_duration(text: &str) -> Option<Duration> {
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

    use super::{go_duration, retry_after, stated_wait};

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
        let (left, reset) = ("x-ratelimit-remaining", "x-ratelimit-reset");
        for (moment, millis) in [
            ("30", 30_000),
            ("1795348830", 30_000),
            ("1795348830500", 30_500),
            ("1795348700", 0),
            ("2026-11-22T12:00:30Z", 30_000),
            ("Sun, 22 Nov 2026 12:00:30 GMT", 30_000),
            ("6m0s", 360_000),
            ("9999999999999999", 86_400_000),
        ] {
            assert_eq!(wait(&[(left, "0"), (reset, moment)]), Some(millis), "{moment}");
        }
        for odd in ["later", "nan", "-inf", "1e999"] {
            // Whatever stands there, it is read as some time or as none.
            assert!(wait(&[(left, "0"), (reset, odd)]).is_none_or(|millis| millis <= 86_400_000), "{odd}");
        }
    }

    #[test]
    fn a_wait_is_read_out_of_words() {
        for (message, millis) in [
            ("Rate limit reached ... Please try again in 6m0s. Visit ...", Some(360_000)),
            ("Please try again in 20s.", Some(20_000)),
            ("try again in 1.402s", Some(1402)),
            ("Try again in 350ms.", Some(350)),
            ("Please retry after 7 seconds.", Some(7000)),
            ("Please retry after 2 minutes, then", Some(120_000)),
            ("try again in 300 ms", Some(300)),
            ("retry in 9999999 hours", Some(86_400_000)),
            ("Please try again later.", None),
            ("try again in a while", None),
            ("try again in ", None),
        ] {
            assert_eq!(stated_wait(message).map(|wait| wait.as_millis()), millis, "{message}");
        }
    }
}
