//! An image as an attachment.

use poem::http::{HeaderValue, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};

use super::fetch::Image;

/// How much of a name is kept.
const NAME: usize = 80;

/// What an image may do where somebody opens it as a page: nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// An image that was passed on.
pub(crate) struct Download {
    image: Image,
    name: String,
    pages: Pages,
}

/// Which pages may read the answer.
enum Pages {
    AsConfigured,
    All,
}

impl Download {
    /// `path` is where it lay; its last part gives it its name.
    pub(super) fn new(image: Image, path: &str) -> Self {
        let name = file_name(path, image.format.extension());
        Self { image, name, pages: Pages::AsConfigured }
    }

    /// Lets pages of every origin read it.
    pub(crate) fn for_all_pages(self) -> Self {
        Self { pages: Pages::All, ..self }
    }
}

/// A name that is safe in a header and in every file system, with the ending of what the bytes are.
fn file_name(path: &str, extension: &str) -> String {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let safe: String =
        stem.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(NAME).collect();
    let stem = if safe.is_empty() { "image" } else { &safe };
    format!("{stem}.{extension}")
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .content_type(self.image.format.content_type())
            .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", self.name))
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .body(self.image.bytes);
        if let Pages::All = self.pages {
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        response
    }
}

impl ApiResponse for Download {
    fn meta() -> MetaResponses {
        let schema = Binary::<Vec<u8>>::schema_ref;
        let content = ["image/png", "image/jpeg", "image/webp"]
            .map(|content_type| MetaMediaType { content_type, schema: schema() })
            .into();
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The image",
                status: Some(200),
                status_range: None,
                content,
                headers: vec![],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_name_is_safe_whatever_the_address_says() {
        for (path, name) in [
            ("https://a.example/loaf.png", "loaf.png"),
            ("https://a.example/loaf.svg", "loaf.png"),
            ("https://a.example/..", "image.png"),
            ("https://a.example/a\"b;c%0d%0a.png", "abc0d0a.png"),
            ("posts/1/image-2.png", "image-2.png"),
            (&format!("x/{}", "y".repeat(500)), &format!("{}.png", "y".repeat(80))),
        ] {
            assert_eq!(file_name(path, "png"), name, "{path}");
        }
    }
}
