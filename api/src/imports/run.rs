//! An import from its first byte to its answer.

use std::borrow::Cow;
use std::sync::Arc;

use shared::domain::{CampaignId, NewBatch};
use shared::store::idempotency::KeyedRequest;

use super::body::ImportBody;
use super::columns::Columns;
use super::csv::Csv;
use super::intake::{Intake, Taken};
use super::ndjson::Ndjson;
use super::report::{Imported, ReportView};
use super::settings::{GivenImport, ImportSettings, OnInvalid};
use super::source::{FileFormat, Source};
use crate::app::App;
use crate::batches::parse::{Findings, Refused};
use crate::batches::{refuse_without_providers, submit_parsed};
use crate::caller::Caller;
use crate::campaigns::keeping;
use crate::idempotency_key::IdempotencyKey;
use crate::problem::Problem;
use crate::templates;

/// Reads a file and, unless it is only checked, places its posts as a batch.
pub(super) async fn import(
    app: &Arc<App>,
    caller: Caller,
    campaign: CampaignId,
    key: Option<IdempotencyKey>,
    given: &GivenImport,
    body: ImportBody,
) -> Result<Imported, Problem> {
    let mut source = body.0;
    let plan = match plan(app, caller, campaign, given, &mut source).await {
        Ok(plan) => plan,
        Err(problem) => {
            source.drain().await;
            return Err(problem);
        }
    };
    let mut taken = read(&plan, &mut source, 2 * app.settings.http.batch_body_bytes).await?;
    let Plan { settings, .. } = plan;
    if settings.on_invalid == OnInvalid::Nothing {
        return Ok(Imported::Checked(ReportView::of(taken)));
    }
    let refuse = match settings.on_invalid {
        OnInvalid::Reject => !taken.findings.is_empty(),
        OnInvalid::Skip | OnInvalid::Nothing => taken.unusable || taken.posts.is_empty(),
    };
    if refuse {
        return Err(ReportView::of(taken).refused());
    }
    let batch = NewBatch {
        name: Cow::Owned(settings.name.unwrap_or_default()),
        priority: settings.priority,
        cap: settings.cap,
        mode: settings.mode,
        posts: std::mem::take(&mut taken.posts),
    };
    let keyed = key.map(|key| {
        let what = format!("POST /campaigns/{campaign}/imports {}", given.fingerprint());
        KeyedRequest::new(caller.user, key.as_str(), &what, &source.hash())
    });
    let report = ReportView::of(taken).json();
    let submitted = submit_parsed(app, caller, campaign, batch, keyed, move |view| view["import"] = report).await?;
    // The permit for large bodies was held until here.
    drop(source);
    Ok(Imported::Submitted(submitted))
}

/// How a file is to be read.
struct Plan {
    settings: ImportSettings,
    columns: Columns,
    format: FileFormat,
}

/// Everything that can be known, and refused, before the file is read.
async fn plan(
    app: &App,
    caller: Caller,
    campaign: CampaignId,
    given: &GivenImport,
    source: &mut Source,
) -> Result<Plan, Problem> {
    if !given.validate_only.unwrap_or_default() {
        refuse_without_providers(app)?;
    }
    keeping::read(app, caller.user, campaign).await?;
    let template = match given.template {
        Some(template) => Some(templates::keeping::read(app, caller.user, template).await?.1),
        None => None,
    };
    source.open().await?;
    let mut findings = Findings::default();
    let mut settings = ImportSettings::read(given, source.name.as_deref(), &mut findings);
    let (mapping, defaults) = (std::mem::take(&mut settings.mapping), std::mem::take(&mut settings.defaults));
    let columns = Columns::new(mapping, template, defaults, &mut findings);
    if !findings.is_empty() {
        return Err(Refused::Invalid(findings).into());
    }
    let format = settings.format.or(source.format).ok_or_else(|| {
        Problem::unsupported("Say what the file is: `format=csv` or `format=ndjson`, or by its content type.")
    })?;
    Ok(Plan { settings, columns, format })
}

/// Reads a file to its end. `most` is how many bytes the texts of its posts may have.
async fn read(plan: &Plan, source: &mut Source, most: usize) -> Result<Taken, Problem> {
    let mut intake = Intake::new(&plan.columns, plan.settings.on_invalid, most);
    match plan.format {
        FileFormat::Csv => {
            let mut csv = Csv::new(plan.settings.delimiter);
            while let Some(chunk) = source.next().await? {
                if !intake.is_over()
                    && let Err(error) = csv.feed(&chunk, |record| intake.record(record))
                {
                    intake.broken(error);
                }
            }
            if !intake.is_over()
                && let Err(error) = csv.end(|record| intake.record(record))
            {
                intake.broken(error);
            }
        }
        FileFormat::Ndjson => {
            let mut lines = Ndjson::default();
            while let Some(chunk) = source.next().await? {
                lines.feed(&chunk, |number, line| intake.line(number, line));
            }
            lines.end(|number, line| intake.line(number, line));
        }
    }
    Ok(intake.end())
}
