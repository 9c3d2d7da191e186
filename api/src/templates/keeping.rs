//! What happens to templates.

use std::collections::BTreeMap;

use shared::domain::{PostField, TemplateId, UserId};
use shared::store::idempotency::{self, Claim, KeyedRequest};
use shared::store::templates::{self, NewTemplate, Template};

use super::bodies::{Preview, TemplateChange};
use super::compiled::{Compiled, missing_variable, unknown_variable};
use super::views::{PreviewView, TemplateView};
use crate::answer::Created;
use crate::app::App;
use crate::batches::parse::{Findings, Given, Place, Row, Value, checked};
use crate::idempotency_key::IdempotencyKey;
use crate::parse::Errors;
use crate::problem::{FieldError, Problem};

/// Makes a template, once for each key.
pub(super) async fn create(
    app: &App,
    user: UserId,
    key: Option<IdempotencyKey>,
    new: &NewTemplate,
) -> Result<Created<TemplateView>, Problem> {
    let compiled = Compiled::of(&new.texts, &new.defaults).map_err(Problem::invalid)?;
    let body = serde_json::to_vec(new).map_err(|error| Problem::internal(&error))?;
    let keyed = key.map(|key| KeyedRequest::new(user, key.as_str(), "POST /templates", &body));
    let mut tx = app.store.pool().begin().await?;
    if let Some(request) = &keyed
        && let Claim::Replay { response, .. } = idempotency::claim(&mut tx, request).await?
    {
        let kept =
            TemplateView::from_kept(response).ok_or_else(|| Problem::internal(&"a kept answer is unreadable"))?;
        return Ok(Created { replay: true, ..created(kept) });
    }
    let template = templates::insert(&mut *tx, user, new).await?;
    let view = TemplateView::of(template, &compiled);
    if let Some(request) = &keyed {
        idempotency::keep(&mut tx, request, view.id, &view.kept()).await?;
    }
    tx.commit().await?;
    Ok(created(view))
}

fn created(view: TemplateView) -> Created<TemplateView> {
    Created::new(format!("/api/v1/templates/{}", view.id), view)
}

/// One template, ready to be filled in.
pub(crate) async fn read(app: &App, user: UserId, id: TemplateId) -> Result<(Template, Compiled), Problem> {
    let template = templates::find(app.store.pool(), user, id).await?.ok_or_else(|| Problem::not_found("template"))?;
    let compiled = compiled(&template)?;
    Ok((template, compiled))
}

/// A template that was checked when it was kept.
pub(super) fn compiled(template: &Template) -> Result<Compiled, Problem> {
    Compiled::of(&template.texts.0, &template.defaults.0).map_err(|errors| {
        let first = errors.first().map_or("", |error| &error.detail);
        Problem::internal(&format!("a template that was kept cannot be read: {first}"))
    })
}

/// Changes a template; it has to be whole afterwards.
pub(super) async fn change(
    app: &App,
    user: UserId,
    id: TemplateId,
    change: TemplateChange,
) -> Result<TemplateView, Problem> {
    let mut tx = app.store.pool().begin().await?;
    let old = templates::lock(&mut tx, user, id).await?.ok_or_else(|| Problem::not_found("template"))?;
    let old =
        NewTemplate { name: old.name, description: old.description, texts: old.texts.0, defaults: old.defaults.0 };
    let new = change.of(old);
    let compiled = Compiled::of(&new.texts, &new.defaults).map_err(Problem::invalid)?;
    let changed = templates::update(&mut *tx, user, id, &new).await?.ok_or_else(|| Problem::not_found("template"))?;
    tx.commit().await?;
    Ok(TemplateView::of(changed, &compiled))
}

/// Fills a template in with values and answers the post that comes of it; nothing is written.
pub(super) async fn preview(
    app: &App,
    user: UserId,
    id: TemplateId,
    preview: &Preview,
) -> Result<PreviewView, Problem> {
    let (_, compiled) = read(app, user, id).await?;
    let mut errors: Errors = preview
        .values
        .keys()
        .filter(|name| !compiled.variables().contains_key(*name))
        .map(|name| unknown_variable("/values", name))
        .collect();
    let missing = compiled.variables().iter().filter(|(name, variable)| {
        variable.default.is_none() && preview.values.get(*name).is_none_or(|value| value.trim().is_empty())
    });
    errors.extend(missing.map(|(name, _)| missing_variable("/values", name)));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let values: BTreeMap<&str, &str> = preview
        .values
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let rendered = compiled.render(&values);
    let mut row = Row::default();
    for field in PostField::ALL.iter().filter(|field| field.is_required() && !compiled.fills(**field)) {
        // The template leaves it open; the rules ask for it.
        row.set(*field, Given { value: Value::Text("-"), name: field.as_str() });
    }
    for (field, text) in rendered.iter() {
        row.set(field, Given { value: Value::Text(text), name: field.as_str() });
    }
    let mut findings = Findings::default();
    match checked(&row, Place::BODY, &mut findings, &mut |_, _, _| {}) {
        Some(post) if findings.is_empty() => Ok(PreviewView::of(&compiled, &rendered, post)),
        // What is wrong is wrong with the values: the template's own texts were checked.
        _ => Err(Problem::invalid(findings.into_parts().0.iter().map(of_values).collect())),
    }
}

fn of_values(error: &FieldError) -> FieldError {
    let detail = format!("make the post's {} one that {}", error.pointer.trim_start_matches('/'), error.detail);
    FieldError::new("/values", error.code, detail)
}
