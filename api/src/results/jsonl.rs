//! Results as NDJSON: one post a line.

use poem_openapi::types::ToJSON;
use serde_json::Value;

use super::download::{ExportError, Sink};
use super::pages::Pages;
use crate::media::Links;
use crate::posts::PostView;

pub(super) async fn write(links: &Links, mut pages: Pages, sink: &mut Sink) -> Result<(), ExportError> {
    while let Some(page) = pages.next().await? {
        for post in page {
            sink.write(&line(&PostView::of(post, links), &|_| {})).await?;
        }
    }
    sink.flush().await
}

/// A post in one line; `complete` adds to its view.
pub(super) fn line(post: &PostView, complete: &dyn Fn(&mut Value)) -> Vec<u8> {
    let mut view = post.to_json().unwrap_or_default();
    complete(&mut view);
    let mut line = view.to_string().into_bytes();
    line.push(b'\n');
    line
}
