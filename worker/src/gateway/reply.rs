//! Providers' answers, read leniently: a field that is missing, unknown or of another kind never spoils the rest.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use chrono::Utc;
use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use shared::prices::Tokens;

use super::ask::ChatUsage;
use super::wait::{moment, stated_wait};

/// The answer to a chat completion. Only its first choice is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChatAnswer {
    #[serde(deserialize_with = "first")]
    pub(crate) choices: Option<Choice>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) usage: Option<Usage>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) error: Option<ProviderError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choice {
    pub(crate) message: Option<Message>,
    pub(crate) finish_reason: Loose,
    #[serde(deserialize_with = "lenient")]
    pub(crate) error: Option<ProviderError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Message {
    pub(crate) content: Content,
    pub(crate) refusal: Loose,
    /// Where routers put what an image model made.
    #[serde(deserialize_with = "first")]
    pub(crate) images: Option<ChatImage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChatImage {
    pub(crate) image_url: Address,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Address {
    pub(crate) url: String,
}

/// A message's text: one string, or parts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    Text(String),
    Parts(Vec<Part>),
    Other(IgnoredAny),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Part {
    text: Loose,
}

impl Default for Content {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

impl Content {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().map(|part| part.text.0).collect(),
            Self::Other(_) => String::new(),
        }
    }
}

/// The answer to an image generation. Only the first image is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ImageAnswer {
    #[serde(deserialize_with = "first")]
    pub(crate) data: Option<MadeImage>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) usage: Option<Usage>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) error: Option<ProviderError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MadeImage {
    pub(crate) b64_json: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) revised_prompt: Option<String>,
}

/// The answer to a moderation. Only the first text's result is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ModerationAnswer {
    #[serde(deserialize_with = "first")]
    pub(crate) results: Option<ModerationResult>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) error: Option<ProviderError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ModerationResult {
    #[serde(deserialize_with = "lenient")]
    pub(crate) flagged: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) categories: Option<Categories>,
}

/// Which kinds of content a text was found to be; a kind may be absent, null or false.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Categories(BTreeMap<String, Option<bool>>);

impl Categories {
    /// Those that were found.
    pub(crate) fn named(self) -> Vec<String> {
        self.0.into_iter().filter(|(_, found)| *found == Some(true)).map(|(name, _)| name).collect()
    }
}

/// What a call used, under the names that chat and image answers use for it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Usage {
    prompt_tokens: Option<u64>,
    input_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    output_tokens: Option<u64>,
    #[serde(alias = "input_tokens_details", deserialize_with = "lenient")]
    prompt_tokens_details: Option<InputDetails>,
    /// Dollars, where the provider says it.
    #[serde(deserialize_with = "lenient")]
    cost: Option<f64>,
    is_byok: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    cost_details: Option<CostDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Option<u64>,
    image_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CostDetails {
    upstream_inference_cost: Option<f64>,
}

impl Usage {
    /// Whether it says how many tokens came and went.
    pub(crate) fn counts_tokens(&self) -> bool {
        self.prompt_tokens.or(self.input_tokens).is_some() && self.completion_tokens.or(self.output_tokens).is_some()
    }

    pub(crate) fn input(&self) -> u64 {
        self.prompt_tokens.or(self.input_tokens).unwrap_or_default()
    }

    pub(crate) fn output(&self) -> u64 {
        self.completion_tokens.or(self.output_tokens).unwrap_or_default()
    }

    pub(crate) fn cached_tokens(&self) -> u64 {
        self.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens).unwrap_or_default()
    }

    pub(crate) fn image_tokens(&self) -> u64 {
        self.prompt_tokens_details.as_ref().and_then(|details| details.image_tokens).unwrap_or_default()
    }

    /// As callers are told, who ask for a text.
    pub(crate) fn of_chat(&self) -> ChatUsage {
        let (prompt_tokens, completion_tokens) = (self.input(), self.output());
        ChatUsage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
    }

    /// What prices are applied to; `None` when it does not say how many tokens came and went.
    pub(crate) fn tokens(&self) -> Option<Tokens> {
        self.counts_tokens().then(|| Tokens {
            input: self.input(),
            cached: self.cached_tokens(),
            pictures: self.image_tokens(),
            output: self.output(),
        })
    }

    /// What the provider says the call cost, in dollars. With a key of one's own behind a router, the router's cost is
    /// its fee, and what the model's maker charges comes on top.
    pub(crate) fn stated_cost(&self) -> Option<f64> {
        let upstream = self.cost_details.as_ref().and_then(|details| details.upstream_inference_cost);
        let on_top = if self.is_byok == Some(true) { upstream.unwrap_or_default() } else { 0.0 };
        self.cost.map(|cost| cost + on_top)
    }

    /// What the ledger keeps: a few numbers, whatever the provider sent.
    pub(crate) fn to_json(&self) -> Value {
        let mut kept = json!({
            "input_tokens": self.input(), "output_tokens": self.output(), "cached_tokens": self.cached_tokens(),
        });
        if self.image_tokens() > 0 {
            kept["image_tokens"] = self.image_tokens().into();
        }
        if let Some(cost) = self.stated_cost() {
            kept["stated_cost_usd"] = cost.into();
        }
        kept
    }
}

/// What a provider says went wrong. Its texts may quote the request, so they go nowhere but into the verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProviderError {
    pub(crate) message: String,
    pub(crate) kind: String,
    /// `error.code` as text; routers send numbers.
    pub(crate) code: String,
    /// What a router passes on: the error of the provider behind it.
    pub(crate) upstream: Option<Box<ProviderError>>,
    /// When to come back, where the error itself says it.
    pub(crate) retry_after: Option<Duration>,
}

impl ProviderError {
    /// Reads the body of an error answer; what cannot be read says nothing.
    pub(crate) fn from_body(body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Body {
            #[serde(deserialize_with = "lenient")]
            error: Option<ProviderError>,
        }
        serde_json::from_slice::<Body>(body).ok().and_then(|body| body.error).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for ProviderError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Fields {
            message: Loose,
            r#type: Loose,
            code: Loose,
            #[serde(deserialize_with = "lenient")]
            metadata: Option<Metadata>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Fields(Fields),
            Text(String),
        }
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Fields(Fields { message, r#type, code, metadata }) => {
                let Metadata { raw, headers } = metadata.unwrap_or_default();
                let reset = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-ratelimit-reset"));
                let reset = reset.and_then(|(_, reset)| moment(&reset.0, Utc::now()));
                Self {
                    retry_after: reset.or_else(|| stated_wait(&message.0)),
                    message: message.0,
                    kind: r#type.0,
                    code: code.0,
                    upstream: upstream(raw).map(Box::new),
                }
            }
            Shape::Text(message) => Self { retry_after: stated_wait(&message), message, ..Self::default() },
        })
    }
}

/// What routers put beside an error.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    /// The answer of the provider behind the router: its JSON, that JSON as a text, or any text.
    raw: Value,
    headers: BTreeMap<String, Loose>,
}

/// The error in what a router got from the provider behind it.
fn upstream(raw: Value) -> Option<ProviderError> {
    let raw = match raw {
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(value @ Value::Object(_)) => value,
            _ => return Some(ProviderError { message: text, ..ProviderError::default() }),
        },
        Value::Object(_) => raw,
        _ => return None,
    };
    let error = raw.get("error").filter(|error| !error.is_null()).unwrap_or(&raw);
    ProviderError::deserialize(error).ok()
}

/// A text, or the text of a number; anything else is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Loose(pub(crate) String);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        }))
    }
}

/// A value of another kind than expected counts as absent.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Or<T> {
        Expected(T),
        Other(IgnoredAny),
    }
    Ok(match Or::deserialize(deserializer)? {
        Or::Expected(value) => Some(value),
        Or::Other(_) => None,
    })
}

/// Keeps the first of a list and reads over the rest, so that a long list takes no memory.
fn first<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct First<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for First<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Option<T>, A::Error> {
            let first = list.next_element()?;
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(first)
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(First(PhantomData))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ChatAnswer, ImageAnswer, ProviderError};

    #[test]
    fn codes_are_read_as_text_and_as_numbers() {
        let read = |body: &str| ProviderError::from_body(body.as_bytes());
        assert_eq!(read(r#"{"error":{"code":429,"message":"slow"}}"#).code, "429");
        assert_eq!(read(r#"{"error":{"code":"x","type":null,"metadata":{"a":[1]}}}"#).code, "x");
        assert_eq!(read(r#"{"error":"just text"}"#).message, "just text");
        assert_eq!(read("<html>502</html>"), ProviderError::default());
        assert_eq!(
            read(r#"{"error":{"message":"Rate limit. Please try again in 1m2s."}}"#).retry_after,
            Some(Duration::from_secs(62))
        );
    }

    #[test]
    fn what_a_router_passes_on_is_read_whatever_its_form() {
        let upstream = |raw: &str| {
            let body =
                format!(r#"{{"error":{{"code":429,"message":"Provider returned error","metadata":{{"raw":{raw}}}}}}}"#);
            ProviderError::from_body(body.as_bytes()).upstream.map(|error| (error.code.clone(), error.message.clone()))
        };
        let said = |code: &str, message: &str| Some((code.to_owned(), message.to_owned()));
        assert_eq!(
            upstream(r#""{\"error\":{\"code\":\"slow_down\",\"message\":\"easy\"}}""#),
            said("slow_down", "easy")
        );
        assert_eq!(upstream(r#"{"error":{"code":7,"message":"m"}}"#), said("7", "m"));
        assert_eq!(upstream(r#"{"code":"x","message":"m"}"#), said("x", "m"));
        assert_eq!(upstream(r#""it is busy upstream""#), said("", "it is busy upstream"));
        for none in ["null", "\"\"", "7"] {
            assert_eq!(upstream(none), None, "{none}");
        }
        let reset = (chrono::Utc::now() + chrono::TimeDelta::seconds(600)).timestamp_millis();
        let body = format!(r#"{{"error":{{"code":429,"metadata":{{"headers":{{"X-RateLimit-Reset":"{reset}"}}}}}}}}"#);
        let wait = ProviderError::from_body(body.as_bytes()).retry_after.expect("a time");
        assert!((590..=600).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn odd_fields_do_not_spoil_an_answer() {
        let answer: ChatAnswer = serde_json::from_str(
            r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"refusal":null},
                "finish_reason":"stop","logprobs":null},{"message":null}],"usage":{"prompt_tokens":1,"completion_tokens":2,
                "cost":0.25,"prompt_tokens_details":null},"error":null,"new":{}}"#,
        )
        .expect("lenient");
        let usage = answer.usage.expect("usage");
        assert_eq!((usage.input(), usage.output(), usage.stated_cost()), (1, 2, Some(0.25)));
        let choice = answer.choices.expect("a choice");
        assert_eq!(choice.message.expect("a message").content.into_text(), "ab");
        let odd: ImageAnswer = serde_json::from_str(r#"{"data":[],"usage":"much","error":0}"#).expect("lenient");
        assert!(odd.data.is_none() && odd.usage.is_none() && odd.error.is_none());
    }
}
