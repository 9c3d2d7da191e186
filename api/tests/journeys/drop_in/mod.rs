//! Every call that the documents of the older back ends show, as they write it.
//!
//! One file a back end holds its calls in their order; each is made against the whole service, with a worker and the
//! provider simulator behind it, and its status and fields are held against what a front end written for it expects. The
//! same calls are listed in `table.md`.

mod artify;
mod call;
mod fields;
mod film_studio;
mod marketing_platform;
mod pixova;
mod social_media_generator;
mod table;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use shared::domain::{PostId, Step};
use shared::media::{ImageFormat, MediaKey};
use simulator::Fault;

use self::call::Call;
use crate::app::{Answer, TestApp};
use crate::crew::Crew;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nthe rest of it";

/// An older back end.
pub(crate) struct BackEnd {
    pub(crate) name: &'static str,
    pub(crate) calls: fn() -> Vec<Call>,
    pub(crate) tokens: Tokens,
    /// What the provider answers to prompts with certain words, where the simulator's own answers are too short.
    pub(crate) answers: &'static [(&'static str, &'static str)],
}

/// Whether its front ends send tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tokens {
    Sent,
    /// They act as a user that the operator names.
    Unknown,
}

pub(crate) const BACK_ENDS: [BackEnd; 5] = [
    marketing_platform::BACK_END,
    social_media_generator::BACK_END,
    pixova::BACK_END,
    film_studio::BACK_END,
    artify::BACK_END,
];

#[tokio::test]
async fn the_marketing_platforms_calls_work() {
    run(&marketing_platform::BACK_END).await;
}

#[tokio::test]
async fn the_social_media_generators_calls_work() {
    run(&social_media_generator::BACK_END).await;
}

#[tokio::test]
async fn pixovas_calls_work() {
    run(&pixova::BACK_END).await;
}

#[tokio::test]
async fn the_film_studios_calls_work() {
    run(&film_studio::BACK_END).await;
}

#[tokio::test]
async fn artifys_calls_work() {
    run(&artify::BACK_END).await;
}

async fn run(back_end: &BackEnd) {
    let app = TestApp::start_with(|settings| {
        if back_end.tokens == Tokens::Unknown {
            "studio".clone_into(&mut settings.compat.open_as);
        }
    })
    .await;
    if back_end.tokens == Tokens::Unknown {
        app.user("studio").await;
    }
    let crew = Crew::start(&app).await;
    // What is to be cancelled must not be done before.
    crew.provider.admin().fault(Fault::chat().contains("Take your time").delay(Duration::from_secs(3)));
    for (words, answer) in back_end.answers {
        crew.provider.admin().fault(Fault::chat().contains(words).says(answer));
    }
    let mut names = HashMap::from([("image".to_owned(), encoded(&stored_image(&app).await))]);
    for call in (back_end.calls)() {
        make(&app, &call, &mut names).await;
    }
    crew.finish(&app).await;
}

/// The link to an image of ours.
async fn stored_image(app: &TestApp) -> String {
    let key = MediaKey::of_post(PostId::new(), Step::Image, 1, ImageFormat::Png);
    app.app.media.put(&key, Bytes::from_static(PNG)).await.expect("stored");
    app.app.links.media(&key)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Makes a call and holds its answer against what it must be.
async fn make(app: &TestApp, call: &Call, names: &mut HashMap<String, String>) {
    let path = filled(call.path, names);
    let what = format!("{} {path}", call.method);
    let mut request = app.request(call.method.clone(), &path);
    if call.token {
        request = request.bearer_auth(names.get("token").unwrap_or_else(|| panic!("{what}: nobody has logged in")));
    }
    if let Some(body) = &call.body {
        request = request.json(&filled_body(body, names));
    }
    let answer = Answer::of(request).await;
    assert_eq!(answer.status.as_u16(), call.status, "{what}: {}", answer.text);
    assert_ne!(answer.header("x-request-id"), "", "{what}");
    for (name, value) in &call.headers {
        assert!(answer.header(name).starts_with(value), "{what}: {name} is {:?}", answer.header(name));
    }
    if !answer.header("content-type").contains("json") {
        assert!(call.fields.is_empty(), "{what}: fields in what is no JSON");
        return;
    }
    let body = answer.json();
    let every_error = ["detail: string", "status_code: int", "timestamp: time"];
    let error = if call.status >= 400 { &every_error[..] } else { &[] };
    for field in call.fields.iter().chain(error) {
        fields::check(&body, field).unwrap_or_else(|wrong| panic!("{what}: {wrong} in {body}"));
    }
    for (name, field) in &call.kept {
        let value = fields::text_at(&body, field).unwrap_or_else(|| panic!("{what}: no {field} in {body}"));
        names.insert((*name).to_owned(), value);
    }
}

/// A body with the names in braces filled in; numbers stay numbers.
fn filled_body(body: &Value, names: &HashMap<String, String>) -> Value {
    let numbers = names.iter().filter(|(_, value)| value.parse::<i64>().is_ok());
    let text = numbers.fold(body.to_string(), |text, (name, value)| text.replace(&format!("\"{{{name}}}\""), value));
    serde_json::from_str(&filled(&text, names)).expect("JSON")
}

/// A text with the names in braces filled in.
fn filled(text: &str, names: &HashMap<String, String>) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}
