//! Artify's history of what was made.

use poem_openapi::Object;
use serde_json::Value;
use shared::domain::{BatchStatus, Kind, PostStatus, UserId};
use shared::media::MediaKey;
use shared::store::generations::{self, Filter, Generation};

use super::rows;
use crate::app::App;
use crate::media::Links;
use crate::problem::Problem;
use crate::time::rfc3339;

/// Something that was made.
#[derive(Object)]
#[oai(rename = "ArtifyContent", read_only_all)]
struct ContentView {
    id: i64,
    /// `text` or `image`.
    content_type: String,
    prompt: String,
    /// The text, or a link to the image that needs no token and expires.
    result: String,
    model: Option<String>,
    created_at: String,
}

impl ContentView {
    fn of(generation: Generation, links: &Links) -> Self {
        let made = generation.parts.iter().find(|part| part.status == PostStatus::Completed);
        let key = made.and_then(|part| part.image.as_deref()?.parse::<MediaKey>().ok());
        let text = made.and_then(|part| part.result.as_ref()).map(text).unwrap_or_default();
        Self {
            id: generation.number,
            content_type: generation.kind.output().to_string(),
            result: key.map_or(text, |key| links.media(&key)),
            model: made.and_then(|part| part.model.clone()),
            prompt: generation.prompt,
            created_at: rfc3339(generation.created_at),
        }
    }
}

/// A text as it is; what has more than one field as JSON.
fn text(result: &Value) -> String {
    match result.get("text") {
        Some(Value::String(text)) => text.clone(),
        _ => result.to_string(),
    }
}

/// What was made, the newest first.
#[derive(Object)]
#[oai(rename = "ArtifyHistory", read_only_all)]
pub(super) struct HistoryView {
    history: Vec<ContentView>,
    /// How much there is, listed or not.
    total: i64,
}

pub(super) async fn of(
    app: &App,
    user: UserId,
    wanted: Option<&str>,
    limit: Option<u32>,
) -> Result<HistoryView, Problem> {
    let kinds: Vec<Kind> = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| *kind != Kind::Post && wanted.is_none_or(|wanted| kind.output().as_str() == wanted))
        .collect();
    if kinds.is_empty() {
        return Ok(HistoryView { history: Vec::new(), total: 0 });
    }
    let db = app.store.pool();
    let total = generations::count(db, user, &kinds, BatchStatus::Completed).await?;
    let filter = Filter { kinds, status: Some(BatchStatus::Completed), ..Filter::default() };
    let made = generations::list(db, user, &filter, None, rows(limit)).await?;
    Ok(HistoryView { history: made.into_iter().map(|made| ContentView::of(made, &app.links)).collect(), total })
}
