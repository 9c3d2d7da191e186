//! The strict reading of an image request. Every family of models has its own fields, sizes and qualities.

use std::sync::Arc;

use serde_json::Value;

use super::{Frame, Reference};
use crate::{
    fields::{Fields, tokens_of_bytes},
    prices::{Input, Model, Prices, parse_size},
    refusal::Refusal,
};

/// An image request that a provider would accept.
#[derive(Debug)]
pub(crate) struct ImageRequest {
    pub(crate) model: Arc<Model>,
    pub(crate) prompt: String,
    pub(crate) frame: Frame,
    pub(crate) pieces: u64,
    pub(crate) format: Format,
    pub(crate) delivery: Delivery,
    pub(crate) transparent: bool,
    /// The pictures to work from, of an edit.
    pub(crate) references: Vec<Reference>,
    pub(crate) input: Input,
}

/// File format of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Format {
    Png,
    Jpeg,
    Webp,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// How the image comes to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Base64,
    Link,
}

pub(super) const SHARED: &[&str] = &["model", "prompt", "n", "size", "quality", "user"];
pub(super) const GPT_IMAGE: &[&str] =
    &["background", "moderation", "output_compression", "output_format", "partial_images", "stream"];
pub(super) const LINKED: &[&str] = &["response_format", "style"];

impl ImageRequest {
    pub(crate) fn read(body: &[u8], prices: &Prices) -> Result<Self, (String, Refusal)> {
        let fields = Fields::parse(body).map_err(|refusal| (String::new(), refusal))?;
        let name: String = fields.required("model").map_err(|refusal| (String::new(), refusal))?;
        Self::check(&fields, &name, prices).map_err(|refusal| (name, refusal))
    }

    fn check(fields: &Fields, name: &str, prices: &Prices) -> Result<Self, Refusal> {
        let model = prices.model(name).ok_or_else(|| Refusal::no_such_model(name))?.clone();
        if !model.is_image() {
            let message = format!("The model '{name}' does not support image generation.");
            return Err(Refusal::bad_value("model", message));
        }
        match (model.is_gpt_image(), name.starts_with("gpt-image-2.6")) {
            (true, true) => fields.only(&[SHARED, GPT_IMAGE, &["complexity"]])?,
            (true, false) => fields.only(&[SHARED, GPT_IMAGE])?,
            (false, _) => fields.only(&[SHARED, LINKED])?,
        }
        Self::of(fields, model)
    }

    /// What generations and edits have in common. The names of the fields were checked.
    pub(super) fn of(fields: &Fields, model: Arc<Model>) -> Result<Self, Refusal> {
        let name = &*model.id;
        let gpt_image = model.is_gpt_image();
        fields.word("complexity", &["low", "medium", "high"])?;
        let prompt: String = fields.required("prompt")?;
        check_prompt(&prompt, &model)?;
        let pieces = fields.counted("n", 1, if name == "dall-e-3" { 1 } else { 10 })?.unwrap_or(1);
        let frame = frame(fields, &model)?;
        let format = match fields.word("output_format", &["png", "jpeg", "webp"])?.as_deref() {
            Some("jpeg") => Format::Jpeg,
            Some("webp") => Format::Webp,
            _ => Format::Png,
        };
        fields.counted("output_compression", 0, 100)?;
        if format == Format::Png && fields.counted("output_compression", 0, 99)?.is_some() {
            let message = "Compression less than 100 is not supported for PNG output format.";
            return Err(Refusal::bad_request("invalid_png_output_compression", message).about("output_compression"));
        }
        let transparent =
            fields.word("background", &["transparent", "opaque", "auto"])?.as_deref() == Some("transparent");
        if transparent && (format == Format::Jpeg || name == "gpt-image-2") {
            let message = "Transparent background is not supported for this model and output format.";
            return Err(Refusal::bad_value("background", message));
        }
        fields.word("moderation", &["low", "auto"])?;
        fields.word("style", &["vivid", "natural"])?;
        if fields.optional::<bool>("stream")? == Some(true) {
            let message = "Unsupported value: 'stream' does not support true with this simulator.";
            return Err(Refusal::bad_request("unsupported_value", message).about("stream"));
        }
        let base64 = fields.word("response_format", &["url", "b64_json"])?.as_deref() == Some("b64_json");
        let delivery = if gpt_image || base64 { Delivery::Base64 } else { Delivery::Link };
        let input = Input { text: tokens_of_bytes(prompt.len()), images: 0 };
        Ok(Self { model, prompt, frame, pieces, format, delivery, transparent, references: Vec::new(), input })
    }
}

fn check_prompt(prompt: &str, model: &Model) -> Result<(), Refusal> {
    let most = match &*model.id {
        "dall-e-2" => 1000,
        "dall-e-3" => 4000,
        _ => 32_000,
    };
    if prompt.trim().is_empty() {
        let message = "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty string \
                       instead.";
        return Err(Refusal::bad_request("empty_string", message).about("prompt"));
    }
    let length = prompt.chars().count();
    if length > most {
        let message = format!(
            "Invalid 'prompt': string too long. Expected a string with maximum length {most}, but got a string with \
             length {length} instead."
        );
        return Err(Refusal::bad_request("string_above_max_length", message).about("prompt"));
    }
    Ok(())
}

/// Size and quality. `auto` stands for a square of medium quality.
fn frame(fields: &Fields, model: &Model) -> Result<Frame, Refusal> {
    let variants = model.variants();
    let mut sizes: Vec<&str> = variants.iter().map(|(size, _)| *size).collect();
    let mut qualities: Vec<&str> = variants.iter().map(|(_, quality)| *quality).collect();
    if model.is_gpt_image() {
        sizes.push("auto");
        qualities.push("auto");
    }
    let distinct = |names: &mut Vec<&str>| {
        names.sort_unstable();
        names.dedup();
    };
    distinct(&mut sizes);
    distinct(&mut qualities);
    let size = fields.word("size", &sizes)?.filter(|size| size != "auto");
    let quality = fields.word("quality", &qualities)?.filter(|quality| quality != "auto");
    let size = size.unwrap_or_else(|| "1024x1024".into());
    let usual = if qualities.contains(&"medium") { "medium" } else { "standard" };
    let quality = quality.unwrap_or_else(|| usual.into());
    let Some((width, height)) = parse_size(&size).filter(|_| variants.contains(&(size.as_str(), quality.as_str())))
    else {
        let message = format!("The size '{size}' is not supported with quality '{quality}' by this model.");
        return Err(Refusal::bad_request(Value::from("invalid_value"), message).about("size"));
    };
    Ok(Frame { width, height, priced_size: size, quality })
}
