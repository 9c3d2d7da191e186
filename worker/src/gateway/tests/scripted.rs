//! Answers that only some providers give, written out byte by byte: what is called next, and how it ends.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Books, Stage, class_of};
use crate::gateway::Stop;

/// A provider that gives these answers, one a connection, and then the last one again.
struct Scripted {
    base: String,
    serving: JoinHandle<()>,
}

impl Scripted {
    async fn new(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let answers = Arc::new(Mutex::new(VecDeque::from(answers.to_vec())));
        let serving = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let answer = {
                    let mut left = answers.lock().expect("not poisoned");
                    if left.len() > 1 { left.pop_front() } else { left.front().cloned() }.expect("an answer")
                };
                let _request = socket.read(&mut vec![0; 16 << 10]).await;
                let _gone = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { base, serving }
    }

    /// A gateway that calls it with one key of `OpenAI`.
    fn stage(&self) -> Stage {
        Stage::with(&[("OPENAI_API_KEY", "k1")], |profiles| {
            profiles.providers.get_mut("openai").expect("built in").base_url.clone_from(&self.base);
        })
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An answer that ends its connection.
fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

/// A caption that serves.
fn good() -> String {
    let caption = r##"{\"caption\":\"Fresh bread from Crust & Co.\",\"hashtags\":[\"#bread\"],\"image_prompt\":\"A loaf.\",\"alt_text\":\"A loaf.\"}"##;
    let choice = format!(r#"{{"message":{{"content":"{caption}"}},"finish_reason":"stop"}}"#);
    answer("200 OK", "", &format!(r#"{{"choices":[{choice}],"usage":{{"prompt_tokens":9,"completion_tokens":9}}}}"#))
}

/// What is called after `first`, and the verdict on it.
async fn after(first: String) -> (Vec<String>, String) {
    let provider = Scripted::new(&[first, good()]).await;
    let (stage, mut books) = (provider.stage(), Books::default());
    let reply = stage.gateway.chat(&mut books, crate::prompts::caption(&super::bakery())).await;
    reply.expect("a caption");
    (books.trail(), books.verdicts()[0].to_owned())
}

const LUNA_AGAIN: &str = "KEY gpt-6-luna settled";
const TERRA: &str = "KEY gpt-6.1-terra settled";

#[tokio::test]
async fn each_answer_leads_where_the_table_says() {
    let error = |status: &str, body: &str| answer(status, "", &format!(r#"{{"error":{body}}}"#));
    for (first, state, next, verdict) in [
        (
            error("403 No", r#"{"code":403,"message":"Your input was flagged"}"#),
            "failed",
            TERRA,
            "content_policy: HTTP 403",
        ),
        (
            error("403 No", r#"{"message":"Your organization must be verified to use the model `m`."}"#),
            "failed",
            TERRA,
            "model_unavailable: HTTP 403",
        ),
        (
            error("413 No", r#"{"code":"context_length_exceeded"}"#),
            "failed",
            TERRA,
            "brief_too_long: HTTP 413 context_length_exceeded",
        ),
        (
            error("429 No", r#"{"type":"tokens","code":"rate_limit_exceeded","message":"Request too large for m"}"#),
            "failed",
            TERRA,
            "brief_too_long: HTTP 429 rate_limit_exceeded",
        ),
        (error("409 No", "{}"), "failed", LUNA_AGAIN, "provider_unavailable: HTTP 409"),
        (answer("524 A Timeout Occurred", "", "<html>"), "unknown", LUNA_AGAIN, "provider_unavailable: HTTP 524"),
        (
            answer("502 Bad Gateway", "content-type: text/html\r\n", "<html>"),
            "failed",
            LUNA_AGAIN,
            "provider_unavailable: HTTP 502",
        ),
        (
            answer("200 OK", "content-type: text/html\r\n", "<html>Sign in</html>"),
            "unknown",
            LUNA_AGAIN,
            "unusable_answer: the answer was not JSON",
        ),
        (answer("200 OK", "", ""), "unknown", LUNA_AGAIN, "unusable_answer: the answer was not JSON"),
        (
            answer("200 OK", "", r#"{"choices":[]}"#),
            "unknown",
            LUNA_AGAIN,
            "unusable_answer: an answer without a choice",
        ),
        (
            error("200 OK", r#"{"code":502,"message":"Provider returned error","metadata":{"raw":"bad gateway"}}"#),
            "failed",
            LUNA_AGAIN,
            "unusable_answer: an error inside a success 502",
        ),
        (
            error("200 OK", r#"{"code":401,"metadata":{"raw":"{\"error\":{\"code\":\"invalid_api_key\"}}"}}"#),
            "failed",
            TERRA,
            "model_unavailable: an error inside a success invalid_api_key",
        ),
        (
            error("429 No", r#"{"code":429,"metadata":{"raw":"{\"error\":{\"code\":\"insufficient_quota\"}}"}}"#),
            "failed",
            TERRA,
            "model_unavailable: HTTP 429 insufficient_quota",
        ),
    ] {
        let (trail, said) = after(first.clone()).await;
        assert_eq!(trail, [format!("KEY gpt-6-luna {state}"), next.to_owned()], "{first}");
        assert_eq!(said, verdict, "{first}");
    }
}

#[tokio::test]
async fn a_rest_is_as_long_as_the_answer_says_in_whatever_form() {
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(90);
    let date = soon.format("%a, %d %b %Y %H:%M:%S GMT");
    let reset = soon.timestamp_millis();
    let limited = |headers: &str, body: &str| answer("429 Too Many Requests", headers, body);
    for first in [
        limited(&format!("retry-after: {date}\r\n"), "{}"),
        limited("retry-after-ms: 90000\r\nretry-after: 1\r\n", "{}"),
        limited("x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 1m30s\r\n", "{}"),
        limited(&format!("x-ratelimit-remaining: 0\r\nx-ratelimit-reset: {reset}\r\n"), "{}"),
        limited(
            "",
            &format!(r#"{{"error":{{"code":429,"metadata":{{"headers":{{"X-RateLimit-Reset":"{reset}"}}}}}}}}"#),
        ),
        limited("", r#"{"error":{"message":"Limit reached on requests per day (RPD). Please try again in 1m30s."}}"#),
        answer("503 Slow Down", "retry-after: 90\r\n", r#"{"error":{"code":"slow_down"}}"#),
        answer("200 OK", "", r#"{"error":{"code":429,"message":"Please try again in 90s."}}"#),
    ] {
        let provider = Scripted::new(std::slice::from_ref(&first)).await;
        let (stage, mut books) = (provider.stage(), Books::default());
        let stopped = stage.gateway.chat(&mut books, crate::prompts::caption(&super::bakery())).await;
        let (Err(Stop::Closed { after, reason }), 3) = (stopped, books.entries.len()) else {
            panic!("{first}: {:?}", books.trail())
        };
        assert_eq!(reason.class, "rate_limited", "{first}");
        assert!((80..=90).contains(&after.as_secs()), "{first}: {after:?}");
    }
}

#[tokio::test]
async fn an_image_call_over_the_billing_limit_puts_the_pool_aside_and_fails_no_post() {
    let body = r#"{"error":{"code":"billing_hard_limit_reached","type":"billing_limit_user_error"}}"#;
    let provider = Scripted::new(&[answer("400 Bad Request", "", body)]).await;
    let (stage, mut books) = (provider.stage(), Books::default());
    let ask = || crate::prompts::image(&super::bakery(), "A loaf.", "1024x1024", "low");
    assert_eq!(class_of(stage.gateway.image(&mut books, ask()).await), ("out_of_credit", false));
    assert_eq!(class_of(stage.gateway.image(&mut books, ask()).await), ("out_of_credit", false));
    assert_eq!(books.entries.len(), 1, "a pool without credit was called again");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_goes_nowhere() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let location = format!("location: http://{}/v1\r\n", elsewhere.local_addr().expect("an address"));
    let provider = Scripted::new(&[answer("307 Temporary Redirect", &location, "")]).await;
    let (stage, mut books) = (provider.stage(), Books::default());
    let stopped = stage.gateway.chat(&mut books, crate::prompts::caption(&super::bakery())).await;
    assert_eq!(class_of(stopped), ("provider_unavailable", false));
    assert_eq!(books.verdicts(), ["provider_unavailable: HTTP 307"]);
    let followed = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(followed.is_err(), "it was followed");
}
