//! What answers' headers say about limits: the six `x-ratelimit-*` of requests and tokens, and those of images.

use http::HeaderMap;
use shared::gateway_state::Dimension;

/// Limits and what is left of them, by dimension, where the headers say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gauges {
    pub(crate) limits: [Option<u64>; 3],
    pub(crate) left: [Option<u64>; 3],
}

impl Gauges {
    /// Resets are not read: what they count to differs from provider to provider, and a refusal says when to come back.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let number = |what: &str, dimension: Dimension| -> Option<u64> {
            headers.get(format!("x-ratelimit-{what}-{}", dimension.as_str()))?.to_str().ok()?.trim().parse().ok()
        };
        let mut gauges = Self::default();
        for (at, dimension) in Dimension::ALL.into_iter().enumerate() {
            // A limit of nothing is no limit that one could keep; numbers that a script cannot hold exactly are none either.
            gauges.limits[at] = number("limit", dimension).filter(|limit| (1..1 << 50).contains(limit));
            gauges.left[at] = number("remaining", dimension).filter(|left| *left < 1 << 50);
        }
        gauges
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::Gauges;

    #[test]
    fn headers_are_read_and_nonsense_is_not() {
        let mut headers = HeaderMap::new();
        assert_eq!(Gauges::read(&headers), Gauges::default());
        for (name, value) in [
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "1m2s"),
            ("x-ratelimit-limit-tokens", "0"),
            ("x-ratelimit-remaining-tokens", "-3"),
            ("x-ratelimit-limit-images", "99999999999999999"),
        ] {
            headers.insert(name, value.parse().expect("a value"));
        }
        let gauges = Gauges::read(&headers);
        assert_eq!((gauges.limits, gauges.left), ([Some(500), None, None], [Some(0), None, None]));
    }
}
