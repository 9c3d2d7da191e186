//! What callers are told about templates.

use std::collections::BTreeMap;

use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON};
use serde_json::Value;
use shared::domain::{NewPost, Platform, PostField};
use shared::store::templates::{Template, Texts};
use uuid::Uuid;

use super::compiled::{Compiled, Rendered};
use crate::posts::ImageView;
use crate::time::rfc3339;

/// A variable of a template.
#[derive(Clone, Debug, Object)]
#[oai(rename = "TemplateVariable")]
pub(crate) struct VariableView {
    name: String,
    default: Option<String>,
    /// Whether every use has to give it a value: it has no default.
    required: bool,
    /// The fields of a post whose texts it stands in.
    used_in: Vec<String>,
}

/// A template of posts.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Template")]
pub(crate) struct TemplateView {
    pub(crate) id: Uuid,
    name: String,
    description: Option<String>,
    /// By the field of a post, as they were written.
    texts: BTreeMap<String, String>,
    /// What variables say when they are given no value.
    defaults: BTreeMap<String, String>,
    /// What stands in the texts as `{{name}}`, in the order of the names.
    variables: Vec<VariableView>,
    /// The fields of a post that have no text here; an import may have columns for them.
    open_fields: Vec<String>,
    created_at: String,
    updated_at: String,
}

impl TemplateView {
    pub(crate) fn of(template: Template, compiled: &Compiled) -> Self {
        let names = |texts: Texts| texts.into_iter().map(|(field, text)| (field.to_string(), text)).collect();
        let variables = compiled.variables().iter().map(|(name, variable)| VariableView {
            name: name.clone(),
            default: variable.default.clone(),
            required: variable.default.is_none(),
            used_in: variable.used_in.iter().map(ToString::to_string).collect(),
        });
        let open = PostField::ALL.iter().filter(|field| !compiled.fills(**field));
        Self {
            id: template.id.into(),
            name: template.name,
            description: template.description,
            variables: variables.collect(),
            open_fields: open.map(ToString::to_string).collect(),
            texts: names(template.texts.0),
            defaults: template.defaults.0,
            created_at: rfc3339(template.created_at),
            updated_at: rfc3339(template.updated_at),
        }
    }

    /// As an answer is kept for a repeated request.
    pub(crate) fn kept(&self) -> Value {
        self.to_json().unwrap_or_default()
    }

    /// From a kept answer.
    pub(crate) fn from_kept(kept: Value) -> Option<Self> {
        Self::parse_from_json(Some(kept)).ok()
    }
}

/// The post that a template makes. What the template leaves open is null.
#[derive(Clone, Debug, Default, Object)]
#[oai(rename = "RenderedPost", read_only_all)]
pub(crate) struct RenderedPostView {
    brand_name: Option<String>,
    topic: Option<String>,
    tone: Option<String>,
    brief: Option<String>,
    target_audience: Option<String>,
    platform: Option<String>,
    language: Option<String>,
    /// Null when no image is wanted.
    image: Option<ImageView>,
    external_id: Option<String>,
}

/// A template, filled in.
#[derive(Clone, Debug, Object)]
#[oai(rename = "TemplateRendered", read_only_all)]
pub(crate) struct PreviewView {
    post: RenderedPostView,
    /// Every text as the values made it, before it is read as a field of a post.
    texts: BTreeMap<String, String>,
}

impl PreviewView {
    pub(crate) fn of(compiled: &Compiled, rendered: &Rendered, post: NewPost<'_>) -> Self {
        let owned = |text: Option<std::borrow::Cow<'_, str>>| text.map(std::borrow::Cow::into_owned);
        let filled = |field, text: std::borrow::Cow<'_, str>| compiled.fills(field).then(|| text.into_owned());
        Self {
            post: RenderedPostView {
                brand_name: filled(PostField::BrandName, post.brand_name),
                topic: owned(post.topic),
                tone: filled(PostField::Tone, post.tone),
                brief: owned(post.brief),
                target_audience: owned(post.target_audience),
                platform: post.platform.map(Platform::as_str).map(str::to_owned),
                language: owned(post.language),
                image: post
                    .image
                    .map(|image| ImageView { size: image.size.to_string(), quality: image.quality.to_string() }),
                external_id: owned(post.external_id),
            },
            texts: rendered.iter().map(|(field, text)| (field.to_string(), text.to_owned())).collect(),
        }
    }
}
