//! Gzip for JSON lists and documents; streams, images and small answers go as they are.

use poem::http::{HeaderValue, Method, header};
use poem::web::{Compress, CompressionAlgo, CompressionLevel};
use poem::{IntoResponse, Response};

/// Compresses an answer that gains by it. Answers with an `ETag` are left alone: a strong tag names these very bytes.
pub(super) fn compress(mut response: Response, encodings: Option<&HeaderValue>, method: &Method) -> Response {
    if method == Method::HEAD || !is_text(&response) || response.headers().contains_key(header::ETAG) {
        return response;
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if !accepts_gzip(encodings) {
        return response;
    }
    Compress::new(response, CompressionAlgo::GZIP).with_quality(CompressionLevel::Fastest).into_response()
}

fn is_text(response: &Response) -> bool {
    let kind = response.content_type().unwrap_or_default();
    kind.starts_with("application/json") || kind.starts_with("text/html")
}

fn accepts_gzip(encodings: Option<&HeaderValue>) -> bool {
    encodings.and_then(|value| value.to_str().ok()).is_some_and(|value| {
        value.split(',').any(|entry| {
            let (coding, quality) = entry.split_once(';').unwrap_or((entry, ""));
            coding.trim().eq_ignore_ascii_case("gzip")
                && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    })
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::accepts_gzip;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (value, taken) in [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("identity", false)] {
            assert_eq!(accepts_gzip(Some(&HeaderValue::from_static(value))), taken, "{value}");
        }
        assert!(!accepts_gzip(None));
    }
}
