//! The document, as JSON and as pages.

use poem::http::{HeaderValue, header};
use poem::{Response, Route, endpoint::make_sync, get};

/// Swagger UI, Redoc and the document itself.
pub fn documents(routes: Route, document: String) -> Route {
    routes.at(
        "/openapi.json",
        get(make_sync(move |_| {
            Response::builder()
                .content_type("application/json")
                .header(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))
                .body(document.clone())
        })),
    )
}
