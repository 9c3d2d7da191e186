//! Paths and shapes of older back ends, for front ends written for them; one file a back end.
//!
//! They call the same functions as the canonical paths. Unknown fields of a body are ignored, and named in
//! `X-Ignored-Fields`.

mod artify;
mod artify_generate;
mod made;
mod open_as;
mod pixova;
mod social_media_generator;

pub use artify::ArtifyApi;
pub use artify_generate::ArtifyGenerateApi;
pub use open_as::OpenCaller;
pub use pixova::PixovaApi;
pub use social_media_generator::SocialMediaGeneratorApi;

use poem_openapi::payload::Response;

/// Names the fields that were ignored.
pub(crate) fn naming_ignored<T>(answer: T, ignored: &[String]) -> Response<T> {
    let answer = Response::new(answer);
    if ignored.is_empty() {
        return answer;
    }
    // Names come from the caller: only plain ones are repeated.
    let plain = |name: &&String| {
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let names: Vec<&str> = ignored.iter().filter(plain).take(50).map(String::as_str).collect();
    answer.header("X-Ignored-Fields", names.join(", "))
}
