//! What callers send about templates.

use std::collections::BTreeMap;

use poem_openapi::Object;
use serde_json::value::RawValue;
use shared::domain::{PostField, limits};
use shared::store::templates::{NewTemplate, Texts};

use crate::parse::{Fields, ReadBody};
use crate::problem::FieldError;

const NAME: usize = 255;
const DESCRIPTION: usize = 10_000;

/// A template to be made.
#[derive(Object)]
#[oai(rename = "NewTemplate")]
pub struct NewTemplateSchema {
    /// Unique among the caller's templates.
    #[oai(validator(min_length = 1, max_length = 255))]
    name: String,
    #[oai(validator(max_length = 10_000))]
    description: Option<String>,
    texts: TextsSchema,
    /// What a variable says when it is given no value, by its name.
    defaults: Option<BTreeMap<String, String>>,
}

/// The texts of a post. `{{name}}` in a text is a variable; `{{{{` stands for two braces. A text that is left out is open: an
/// import may have a column for it.
#[derive(Object)]
#[oai(rename = "TemplateTexts")]
pub(super) struct TextsSchema {
    #[oai(validator(max_length = 255))]
    brand_name: Option<String>,
    #[oai(validator(max_length = 500))]
    topic: Option<String>,
    #[oai(validator(max_length = 100))]
    tone: Option<String>,
    #[oai(validator(max_length = 20_000))]
    brief: Option<String>,
    #[oai(validator(max_length = 2_000))]
    target_audience: Option<String>,
    platform: Option<String>,
    language: Option<String>,
    /// `true` or `false`: whether an image is wanted.
    image: Option<String>,
    /// `1024x1024`, `1024x1536`, `1536x1024`, `1024x1792` or `1792x1024`.
    image_size: Option<String>,
    /// `low`, `medium`, `high`, `standard` or `hd`.
    image_quality: Option<String>,
    #[oai(validator(max_length = 255))]
    external_id: Option<String>,
}

impl ReadBody for NewTemplate {
    type Schema = NewTemplateSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let name = fields.text("name", 1..=NAME);
        let description = fields.optional_text("description", DESCRIPTION);
        let texts = match fields.given("texts") {
            Some(raw) => texts(fields, raw),
            None => fields.wrong("texts", "required", "is required"),
        };
        let defaults = defaults(fields).unwrap_or_default();
        Some(Self { name: name?, description, texts: texts?, defaults })
    }
}

/// What changes of a template; `None` leaves a part as it is.
#[derive(Clone, Debug, Default)]
pub(super) struct TemplateChange {
    name: Option<String>,
    description: Description,
    texts: Option<Texts>,
    defaults: Option<BTreeMap<String, String>>,
}

/// What becomes of a description.
#[derive(Clone, Debug, Default)]
enum Description {
    #[default]
    Stays,
    Becomes(Option<String>),
}

/// What changes of a template; what is left out stays. `texts` and `defaults` are each replaced as a whole.
#[derive(Object)]
#[oai(rename = "TemplateChange")]
pub(super) struct TemplateChangeSchema {
    #[oai(validator(min_length = 1, max_length = 255))]
    name: Option<String>,
    /// Null takes it away.
    #[oai(validator(max_length = 10_000))]
    description: Option<String>,
    texts: Option<TextsSchema>,
    /// Null takes all away.
    defaults: Option<BTreeMap<String, String>>,
}

impl ReadBody for TemplateChange {
    type Schema = TemplateChangeSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let texts = match (fields.has("texts"), fields.given("texts")) {
            (true, Some(raw)) => texts(fields, raw),
            (true, None) => fields.wrong("texts", "required", "must not be null"),
            (false, _) => None,
        };
        Some(Self {
            name: fields.replaced_text("name", NAME),
            description: fields
                .changed_text("description", DESCRIPTION)
                .map_or(Description::Stays, Description::Becomes),
            texts,
            defaults: fields.has("defaults").then(|| defaults(fields).unwrap_or_default()),
        })
    }
}

impl TemplateChange {
    /// What the template holds after the change.
    pub(super) fn of(self, old: NewTemplate) -> NewTemplate {
        NewTemplate {
            name: self.name.unwrap_or(old.name),
            description: match self.description {
                Description::Stays => old.description,
                Description::Becomes(description) => description,
            },
            texts: self.texts.unwrap_or(old.texts),
            defaults: self.defaults.unwrap_or(old.defaults),
        }
    }
}

/// The values that a template is to be filled in with.
pub(super) struct Preview {
    pub(super) values: BTreeMap<String, String>,
}

/// Values for a template's variables.
#[derive(Object)]
#[oai(rename = "TemplatePreview")]
pub(super) struct PreviewSchema {
    /// By the variable's name.
    values: Option<BTreeMap<String, String>>,
}

impl ReadBody for Preview {
    type Schema = PreviewSchema;

    fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        Some(Self { values: named_texts(fields, "values").unwrap_or_default() })
    }
}

/// The texts of a template: as long as what they make may be, and one of them at least.
fn texts(fields: &mut Fields<'_, '_>, raw: &RawValue) -> Option<Texts> {
    let pointer = fields.pointer_to("texts");
    let mut inner = Fields::of(raw, pointer, fields.errors())?;
    let mut texts = Texts::new();
    for field in PostField::ALL {
        if let Some(text) = inner.optional_text(field.as_str(), longest(*field)) {
            texts.insert(*field, text);
        }
    }
    inner.refuse_the_rest();
    if texts.is_empty() && !fields.errors().iter().any(|error| error.pointer.starts_with("/texts")) {
        return fields.wrong("texts", "too_few", "must have one text at least");
    }
    Some(texts)
}

const fn longest(field: PostField) -> usize {
    match field {
        PostField::Topic => limits::TOPIC,
        PostField::Tone => limits::TONE,
        PostField::Brief => limits::BRIEF,
        PostField::TargetAudience => limits::TARGET_AUDIENCE,
        // Names of variables are longer than most languages and sizes.
        _ => limits::BRAND_NAME,
    }
}

fn defaults(fields: &mut Fields<'_, '_>) -> Option<BTreeMap<String, String>> {
    named_texts(fields, "defaults")
}

/// Texts by names that are the caller's own. A blank text is one.
fn named_texts(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<BTreeMap<String, String>> {
    let pointer = fields.pointer_to(name);
    let raw = fields.given(name)?;
    let Ok(raw) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()) else {
        return fields.wrong(name, "wrong_type", "must be an object of texts");
    };
    let mut texts = BTreeMap::new();
    for (name, raw) in raw {
        let pointer = || format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        let error = match serde_json::from_str::<String>(raw.get()) {
            Ok(text) if text.contains('\0') => ("nul", "must not contain NUL characters".to_owned()),
            Ok(text) if text.chars().count() > limits::BRIEF => {
                ("too_long", format!("must have {} characters at most; it has {}", limits::BRIEF, text.chars().count()))
            }
            Ok(text) => {
                texts.insert(name, text);
                continue;
            }
            Err(_) => ("wrong_type", "must be text".to_owned()),
        };
        let error = FieldError::new(pointer(), error.0, error.1);
        fields.errors().push(error);
    }
    Some(texts)
}
