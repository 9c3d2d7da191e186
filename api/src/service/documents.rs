//! The document, as JSON and as pages for people.

use poem::http::{HeaderValue, header};
use poem::{Endpoint, Response, Route, endpoint::make_sync, get};

/// What pages may do: they are whole in themselves and call nobody but us.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     worker-src blob:; frame-ancestors 'none'",
);

/// The document and its pages.
pub struct Pages {
    /// The `OpenAPI` document.
    pub document: String,
    /// To try the operations out.
    pub swagger_ui: String,
    /// To read about them.
    pub redoc: String,
}

/// Routes to the document, to Swagger UI and to Redoc.
pub fn documents(routes: Route, pages: Pages) -> Route {
    routes
        .at("/openapi.json", get(fixed("application/json", pages.document)))
        .at("/docs", get(page(&pages.swagger_ui)))
        .at("/redoc", get(page(&pages.redoc)))
}

/// A page without the fonts that Redoc would fetch from elsewhere.
fn page(html: &str) -> impl Endpoint + 'static {
    let own = html.lines().filter(|line| !line.contains("https://fonts.googleapis.com"));
    fixed("text/html; charset=utf-8", own.collect::<Vec<_>>().join("\n"))
}

fn fixed(kind: &'static str, text: String) -> impl Endpoint + 'static {
    make_sync(move |_| {
        Response::builder()
            .content_type(kind)
            .header(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .body(text.clone())
    })
}
