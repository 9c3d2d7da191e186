//! The strict reading of an edit: a form with the pictures to work from and what to make of them.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use super::{
    ImageRequest, Reference,
    reference::Fidelity,
    request::{GPT_IMAGE, LINKED, SHARED},
};
use crate::{
    fields::Fields,
    multipart::{self, Part},
    prices::{Model, Prices},
    refusal::Refusal,
};

/// Fields whose values are whole numbers.
const NUMBERS: [&str; 3] = ["n", "output_compression", "partial_images"];

/// The most pictures of one edit.
const MOST_PICTURES: usize = 16;

/// What the older model takes at most.
const MOST_BYTES_OF_DALL_E: usize = 4 << 20;
const MOST_BYTES: usize = 50 << 20;

/// What was sent, apart.
struct Form {
    pictures: Vec<Part>,
    mask: Option<Part>,
    /// The other parts, as the fields of a JSON body.
    fields: Map<String, Value>,
}

impl ImageRequest {
    /// Reads an edit; an error comes with the model as far as it is known.
    pub(crate) async fn read_edit(
        headers: &HeaderMap,
        body: Bytes,
        prices: &Prices,
    ) -> Result<Self, (String, Refusal)> {
        let nameless = |refusal| (String::new(), refusal);
        let form = Form::of(multipart::read(headers, body).await.map_err(nameless)?).map_err(nameless)?;
        let body = Value::Object(form.fields.clone()).to_string();
        let fields = Fields::parse(body.as_bytes()).map_err(nameless)?;
        let name: String = fields.required("model").map_err(nameless)?;
        Self::check_edit(&fields, &form, &name, prices).map_err(|refusal| (name, refusal))
    }

    fn check_edit(fields: &Fields, form: &Form, name: &str, prices: &Prices) -> Result<Self, Refusal> {
        let model = prices.model(name).ok_or_else(|| Refusal::no_such_model(name))?.clone();
        if !model.edits() {
            let able: Vec<String> =
                prices.models().filter(|model| model.edits()).map(|model| format!("'{}'", model.id)).collect();
            let message = format!("Invalid value: '{name}'. Supported values are: {}.", able.join(", "));
            return Err(Refusal::bad_value("model", message));
        }
        if model.is_gpt_image() {
            fields.only(&[SHARED, GPT_IMAGE, &["input_fidelity"]])?;
        } else {
            fields.only(&[SHARED, LINKED])?;
        }
        let fidelity = fidelity(fields, &model)?;
        let mut request = Self::of(fields, model)?;
        request.references = references(&form.pictures, &request.model)?;
        if let Some(mask) = &form.mask {
            check_mask(mask, &request.references)?;
        }
        request.input.images = request.references.iter().map(|picture| picture.edit_tokens(fidelity)).sum();
        Ok(request)
    }
}

impl Form {
    fn of(parts: Vec<Part>) -> Result<Self, Refusal> {
        let mut form = Self { pictures: Vec::new(), mask: None, fields: Map::new() };
        for part in parts {
            match part.name.as_str() {
                "image" | "image[]" => form.pictures.push(part),
                "mask" => form.mask = Some(part),
                name => {
                    let text = part.text()?;
                    let value = match text.parse::<i64>() {
                        Ok(number) if NUMBERS.contains(&name) => Value::from(number),
                        _ if name == "stream" && text == "true" => Value::Bool(true),
                        _ if name == "stream" && text == "false" => Value::Bool(false),
                        _ => Value::from(text),
                    };
                    if form.fields.insert(name.to_owned(), value).is_some() {
                        let message = format!("Duplicate parameter: '{name}'.");
                        return Err(Refusal::bad_request("duplicate_parameter", message).about(name));
                    }
                }
            }
        }
        Ok(form)
    }
}

/// The newest models look closely at every picture and cannot be told otherwise.
fn fidelity(fields: &Fields, model: &Model) -> Result<Fidelity, Refusal> {
    let asked = fields.word("input_fidelity", &["low", "high"])?;
    let always = model.id.starts_with("gpt-image-2");
    if asked.is_some() && (always || model.id.ends_with("-mini")) {
        let message = format!("The model '{}' does not support the 'input_fidelity' parameter.", model.id);
        return Err(Refusal::bad_request("invalid_input_fidelity_model", message).about("input_fidelity"));
    }
    Ok(if always || asked.as_deref() == Some("high") { Fidelity::High } else { Fidelity::Low })
}

fn references(parts: &[Part], model: &Model) -> Result<Vec<Reference>, Refusal> {
    if parts.is_empty() {
        let message = "Missing required parameter: 'image'.";
        return Err(Refusal::bad_request("missing_required_parameter", message).about("image"));
    }
    let most = if model.is_gpt_image() { MOST_PICTURES } else { 1 };
    if parts.len() > most {
        let message = format!(
            "Invalid 'image': array too long. Expected an array with maximum length {most}, but got an array with \
             length {} instead.",
            parts.len()
        );
        return Err(Refusal::bad_request("array_above_max_length", message).about("image"));
    }
    let name_of = |at: usize| if parts.len() == 1 { "image".to_owned() } else { format!("image[{at}]") };
    parts.iter().enumerate().map(|(at, part)| reference(part, &name_of(at), at + 1, model)).collect()
}

fn reference(part: &Part, name: &str, number: usize, model: &Model) -> Result<Reference, Refusal> {
    let (types, most): (&[&str], usize) = if model.is_gpt_image() {
        (&["image/jpeg", "image/png", "image/webp"], MOST_BYTES)
    } else {
        (&["image/png"], MOST_BYTES_OF_DALL_E)
    };
    if !types.contains(&part.media_type.as_str()) {
        let said = if part.media_type.is_empty() { "application/octet-stream" } else { &part.media_type };
        let listed = types.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let message =
            format!("Invalid file '{name}': unsupported mimetype ('{said}'). Supported file formats are {listed}.");
        return Err(Refusal::bad_request("unsupported_file_mimetype", message).about(name));
    }
    if part.bytes.len() > most {
        let message = format!("Invalid file '{name}': the file is larger than {} MB.", most >> 20);
        return Err(Refusal::bad_request("file_too_large", message).about(name));
    }
    let read = Reference::read(part.bytes.clone()).ok_or_else(|| {
        let message = format!("Invalid image file or mode for image {number}, please check your image file.");
        Refusal::bad_request("invalid_image_file", message).about(name)
    })?;
    if !model.is_gpt_image() && read.width != read.height {
        let message = "Invalid input image - format must be in ['RGBA', 'LA', 'L'], and the image must be square.";
        return Err(Refusal::bad_request("invalid_image_file", message).about(name));
    }
    Ok(read)
}

/// A mask is a PNG of the size of the first picture.
fn check_mask(mask: &Part, references: &[Reference]) -> Result<(), Refusal> {
    if mask.media_type != "image/png" {
        let message = format!(
            "Invalid file 'mask': unsupported mimetype ('{}'). Supported file formats are 'image/png'.",
            mask.media_type
        );
        return Err(Refusal::bad_request("unsupported_file_mimetype", message).about("mask"));
    }
    let size = Reference::read(mask.bytes.clone()).map(|mask| (mask.width, mask.height));
    if size.is_none() || size != references.first().map(|first| (first.width, first.height)) {
        let message = "Invalid mask image format - mask size does not match image size";
        return Err(Refusal::bad_request("invalid_mask_image_format", message).about("mask"));
    }
    Ok(())
}
