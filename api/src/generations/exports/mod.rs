//! What was made, as files for other programs: pages as Markdown and HTML, content plans as CSV and as calendars, marketing
//! plans as Markdown.
//!
//! Everything in a result was written by a model from what a caller said: it is data here, and is escaped for whatever it is
//! put into.

mod calendar;
mod marketing;
mod page;
mod table;

use poem::http::{StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Payload, PlainText};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use serde::de::DeserializeOwned;
use shared::domain::{BatchStatus, Kind, PostStatus};
use shared::kinds::ContentPlanResult;
use shared::store::generations::Generation;

use super::plan;
use crate::problem::Problem;

/// A form of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Markdown,
    Html,
    Csv,
    Calendar,
}

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Calendar => "ics",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Csv => "csv",
            Self::Calendar => "ics",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Calendar => "text/calendar; charset=utf-8; method=PUBLISH",
        }
    }

    /// The forms that a kind has, the usual one first.
    const fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::SeoContent => &[Self::Markdown, Self::Html],
            Kind::ContentPlan => &[Self::Csv, Self::Calendar],
            Kind::MarketingPlan => &[Self::Markdown],
            _ => &[],
        }
    }
}

/// A file.
pub(super) struct Export {
    format: Format,
    /// Without its ending; plain ASCII.
    name: String,
    body: String,
}

/// A generation as a file of the asked form, or of its kind's usual one.
pub(super) fn export(generation: &Generation, asked: Option<&str>) -> Result<Export, Problem> {
    let formats = Format::of(generation.kind);
    let format = match asked {
        None => formats.first().copied(),
        Some(name) => formats.iter().copied().find(|format| format.name().eq_ignore_ascii_case(name)),
    };
    let format = format.ok_or_else(|| not_offered(generation.kind))?;
    if generation.status != BatchStatus::Completed {
        let detail = format!("It is {}: only what is completed can be exported.", generation.status);
        return Err(Problem::conflict("wrong_state", detail));
    }
    let (name, body) = match (generation.kind, format) {
        (Kind::SeoContent, Format::Html) => page::html(&result(generation)?, language(generation)),
        (Kind::SeoContent, _) => page::markdown(&result(generation)?),
        (Kind::ContentPlan, Format::Calendar) => {
            let plan = merged(generation)?;
            let made = generation.finished_at.unwrap_or(generation.created_at);
            let text = calendar::calendar(&plan, generation.id.0, &generation.prompt, made);
            (format!("content-plan-{}", generation.number), text)
        }
        (Kind::ContentPlan, _) => (format!("content-plan-{}", generation.number), table::csv(&merged(generation)?)?),
        (Kind::MarketingPlan, _) => {
            let text = marketing::markdown(
                &result(generation)?,
                generation.parameters["product"].as_str().unwrap_or_default(),
            );
            (format!("marketing-plan-{}", generation.number), text)
        }
        _ => return Err(not_offered(generation.kind)),
    };
    Ok(Export { format, name, body })
}

fn not_offered(kind: Kind) -> Problem {
    let names: Vec<&str> = Format::of(kind).iter().map(|format| format.name()).collect();
    let detail = match names.as_slice() {
        [] => format!("There are no exports of a {kind}: read it as it is."),
        names => format!("`format` must be {} for a {kind}.", names.join(" or ")),
    };
    Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail)
}

fn merged(generation: &Generation) -> Result<ContentPlanResult, Problem> {
    plan::merged(generation).ok_or_else(|| Problem::internal(&"a plan without its parts"))
}

/// What was made of the first part that was completed.
fn result<T: DeserializeOwned>(generation: &Generation) -> Result<T, Problem> {
    let part = generation.parts.iter().find(|part| part.status == PostStatus::Completed);
    let made = part.and_then(|part| part.result.clone()).unwrap_or_default();
    serde_json::from_value(made).map_err(|error| Problem::internal(&error))
}

/// The language that was asked for.
fn language(generation: &Generation) -> Option<&str> {
    generation.parameters["language"].as_str()
}

/// Text in HTML, also between the quotation marks of an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

impl IntoResponse for Export {
    fn into_response(self) -> Response {
        let file = format!("attachment; filename=\"{}.{}\"", self.name, self.format.ending());
        let mut response =
            Response::builder().content_type(self.format.content_type()).header(header::CONTENT_DISPOSITION, file);
        if self.format == Format::Html {
            // Whoever opens it here all the same runs nothing.
            let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
            response = response.header(header::CONTENT_SECURITY_POLICY, policy);
        }
        response.body(self.body)
    }
}

impl ApiResponse for Export {
    fn meta() -> MetaResponses {
        let content = |format: Format| MetaMediaType {
            content_type: format.content_type(),
            schema: PlainText::<String>::schema_ref(),
        };
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The file",
                status: Some(200),
                status_range: None,
                content: [Format::Markdown, Format::Html, Format::Csv, Format::Calendar].map(content).into(),
                headers: vec![],
            }],
        }
    }

    fn register(_: &mut Registry) {}
}
