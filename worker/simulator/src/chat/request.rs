//! The strict reading of a chat request.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    message::{Message, Prompt},
    schema::{Schemas, Shape},
};
use crate::{
    fields::{Fields, tokens_of_bytes},
    images::{ASPECTS, Frame, Reference},
    prices::{Input, Model, Prices},
    refusal::Refusal,
};

/// A chat request that a provider would accept.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    pub(crate) model: Arc<Model>,
    pub(crate) prompt: Prompt,
    pub(crate) output: Output,
    pub(crate) choices: u64,
    /// Cap on completion tokens.
    pub(crate) cap: Option<u64>,
    pub(crate) input: Input,
}

/// What the model is to answer with.
#[derive(Debug)]
pub(crate) enum Output {
    Prose,
    /// `json_object`: an object of its own choosing.
    AnyJson,
    /// By a schema of this name.
    Json {
        name: String,
        shape: Arc<Shape>,
    },
    Image(Frame),
}

const FIELDS: &[&str] = &[
    "messages",
    "model",
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "metadata",
    "modalities",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// What routers take beside these.
const ROUTER_FIELDS: &[&str] = &[
    "models",
    "provider",
    "usage",
    "transforms",
    "route",
    "plugins",
    "reasoning",
    "include_reasoning",
    "top_k",
    "top_a",
    "min_p",
    "repetition_penalty",
    "image_config",
];

/// The largest completion any model writes.
const MAX_COMPLETION: u64 = 128_000;

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    json_schema: Option<JsonSchema<'a>>,
}

#[derive(Deserialize)]
struct JsonSchema<'a> {
    name: String,
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
    #[serde(default)]
    strict: Option<bool>,
}

impl ChatRequest {
    pub(crate) fn read(
        body: &[u8],
        prices: &Prices,
        schemas: &Schemas,
        context_tokens: u64,
    ) -> Result<Self, (String, Refusal)> {
        let fields = Fields::parse(body).map_err(|refusal| (String::new(), refusal))?;
        let name: String = fields.required("model").map_err(|refusal| (String::new(), refusal))?;
        let request = Self::check(&fields, &name, prices, schemas, context_tokens);
        request.map_err(|refusal| (name, refusal))
    }

    fn check(
        fields: &Fields,
        name: &str,
        prices: &Prices,
        schemas: &Schemas,
        context_tokens: u64,
    ) -> Result<Self, Refusal> {
        let model = prices.model(name).ok_or_else(|| Refusal::no_such_model(name))?.clone();
        if !model.is_routed() && !matches!(model.tariff, crate::prices::Tariff::Text { .. }) {
            let message = format!(
                "This is not a chat model and thus not supported in the v1/chat/completions endpoint: '{name}'."
            );
            return Err(Refusal::new(404, "invalid_request_error", Value::Null, message).about("model"));
        }
        fields.only(if model.is_routed() { &[FIELDS, ROUTER_FIELDS] } else { &[FIELDS] })?;
        if fields.optional::<bool>("stream")? == Some(true) {
            let message = "Unsupported value: 'stream' does not support true with this simulator.";
            return Err(Refusal::bad_request("unsupported_value", message).about("stream"));
        }
        let messages: Vec<Message> = fields.required("messages")?;
        let prompt = Prompt::read(&messages)?;
        if !prompt.pictures.is_empty() && !model.sees() {
            let message = "Invalid content type. image_url is only supported by certain models.";
            return Err(Refusal::bad_request(Value::Null, message).about("messages"));
        }
        fields.bounded("temperature", 0.0, 2.0)?;
        fields.bounded("top_p", 0.0, 1.0)?;
        fields.bounded("frequency_penalty", -2.0, 2.0)?;
        fields.bounded("presence_penalty", -2.0, 2.0)?;
        let choices = fields.counted("n", 1, 128)?.unwrap_or(1);
        let cap = completion_cap(fields, &model)?;
        let (output, schema_bytes) = output(fields, &model, &prompt, schemas)?;
        let pictures = prompt.pictures.iter().map(Reference::chat_tokens).sum();
        let input = Input { text: tokens_of_bytes(prompt.bytes + schema_bytes), images: pictures };
        let prompt_tokens = input.total();
        let wanted = prompt_tokens + cap.unwrap_or(0);
        if wanted > context_tokens {
            let message = format!(
                "This model's maximum context length is {context_tokens} tokens. However, you requested {wanted} tokens \
                 ({prompt_tokens} in the messages, {} in the completion). Please reduce the length of the messages or \
                 completion.",
                cap.unwrap_or(0)
            );
            return Err(Refusal::bad_request("context_length_exceeded", message).about("messages"));
        }
        Ok(Self { model, prompt, output, choices, cap, input })
    }

    /// What this call can take at most, as far as it was stated.
    pub(crate) fn reserved_tokens(&self) -> Option<u64> {
        self.cap.map(|cap| self.input.total() + cap * self.choices)
    }
}

fn completion_cap(fields: &Fields, model: &Model) -> Result<Option<u64>, Refusal> {
    if fields.has("max_tokens") && fields.has("max_completion_tokens") {
        let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Refusal::bad_request("invalid_parameter_combination", message).about("max_tokens"));
    }
    if fields.has("max_tokens") && model.refuses_max_tokens() {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                       'max_completion_tokens' instead.";
        return Err(Refusal::bad_request("unsupported_parameter", message).about("max_tokens"));
    }
    let old = fields.counted("max_tokens", 1, MAX_COMPLETION)?;
    let new = fields.counted("max_completion_tokens", 1, MAX_COMPLETION)?;
    Ok(new.or(old))
}

/// The output, and the bytes of its schema (which are part of the prompt).
fn output(fields: &Fields, model: &Model, prompt: &Prompt, schemas: &Schemas) -> Result<(Output, usize), Refusal> {
    let modalities: Vec<String> = fields.optional("modalities")?.unwrap_or_default();
    if let Some(other) = modalities.iter().find(|name| !matches!(name.as_str(), "text" | "audio" | "image")) {
        let message = format!("Invalid value: '{other}'. Supported values are: 'text' and 'audio'.");
        return Err(Refusal::bad_value("modalities", message));
    }
    if modalities.iter().any(|name| name == "image") && !model.is_image() {
        return Err(if model.is_routed() {
            let message = "No endpoints found that support the requested output modalities: image, text";
            Refusal::new(404, "invalid_request_error", 404, message)
        } else {
            Refusal::bad_value("modalities", "Invalid value: 'image'. Supported values are: 'text' and 'audio'.")
        });
    }
    if model.is_image() {
        return Ok((Output::Image(frame(fields, model)?), 0));
    }
    let Some(format) = fields.optional::<ResponseFormat>("response_format")? else { return Ok((Output::Prose, 0)) };
    match format.kind.as_str() {
        "text" => Ok((Output::Prose, 0)),
        "json_object" => {
            let mentions = |text: &str| text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json"));
            if mentions(&prompt.user) || mentions(&prompt.rest) {
                return Ok((Output::AnyJson, 0));
            }
            let message = "'messages' must contain the word 'json' in some form, to use 'response_format' of type \
                           'json_object'.";
            Err(Refusal::bad_request(Value::Null, message).about("messages"))
        }
        "json_schema" => {
            let missing = |path: &str| {
                let message = format!("Missing required parameter: '{path}'.");
                Refusal::bad_request("missing_required_parameter", message).about(path)
            };
            let named = format.json_schema.ok_or_else(|| missing("response_format.json_schema"))?;
            let valid_name = !named.name.is_empty()
                && named.name.len() <= 64
                && named.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
            if !valid_name {
                let message = "Invalid 'response_format.json_schema.name': string does not match pattern. Expected a \
                               string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
                return Err(Refusal::bad_value("response_format.json_schema.name", message));
            }
            let schema = named.schema.ok_or_else(|| missing("response_format.json_schema.schema"))?;
            let shape = schemas.compile(&named.name, schema.get(), named.strict.unwrap_or(false))?;
            Ok((Output::Json { name: named.name, shape }, schema.get().len()))
        }
        other => {
            let message =
                format!("Invalid value: '{other}'. Supported values are: 'json_object', 'json_schema', and 'text'.");
            Err(Refusal::bad_value("response_format.type", message))
        }
    }
}

/// The picture a drawing model makes: square, or of the aspect ratio asked for.
fn frame(fields: &Fields, model: &Model) -> Result<Frame, Refusal> {
    #[derive(Deserialize)]
    struct ImageConfig {
        aspect_ratio: Option<String>,
    }
    let config: Option<ImageConfig> = fields.optional("image_config")?;
    let aspect = config.and_then(|config| config.aspect_ratio).unwrap_or_else(|| "1:1".into());
    let Some((_, width, height)) = ASPECTS.iter().find(|(name, ..)| *name == aspect) else {
        let message = format!("Invalid value: '{aspect}' is no supported aspect ratio.");
        return Err(Refusal::bad_value("image_config.aspect_ratio", message));
    };
    // Such a model has one price, whatever the shape of the picture.
    let (size, quality) = model.variants().first().copied().unwrap_or(("1024x1024", "standard"));
    Ok(Frame { width: *width, height: *height, priced_size: size.to_owned(), quality: quality.to_owned() })
}
