//! Recording figures.

use shared::domain::UserId;
use shared::store::metrics::{self, MetricsError, Wrong};
use uuid::Uuid;

use super::body::Metrics;
use super::views::{RecordedAnswer, RecordedView};
use crate::app::App;
use crate::creation::{Begun, Creation};
use crate::idempotency_key::IdempotencyKey;
use crate::problem::{FieldError, Problem};

pub(super) async fn record(
    app: &App,
    user: UserId,
    key: Option<IdempotencyKey>,
    body: Metrics,
) -> Result<RecordedAnswer, Problem> {
    let mut creation = match Creation::begin(app, user, key, "POST /analytics/metrics", &body.metrics).await? {
        Begun::New(creation) => creation,
        Begun::Before(before) => return Ok(RecordedAnswer::of(before.answer()?)),
    };
    let recorded = metrics::record(creation.tx(), user, &body.metrics).await;
    let view = RecordedView::from(recorded.map_err(|error| problem(error, &body))?);
    creation.keep(Uuid::nil(), &view).await?;
    Ok(RecordedAnswer::of(view))
}

fn problem(error: MetricsError, body: &Metrics) -> Problem {
    match error {
        MetricsError::Wrong(wrong) => Problem::invalid(
            wrong
                .into_iter()
                .map(|(n, wrong)| {
                    let (field, detail) = said(wrong);
                    FieldError::new(format!("{}/{field}", body.pointer(n)), "invalid", detail)
                })
                .collect(),
        ),
        MetricsError::Taken(taken) => {
            let at = |n| format!("{}/external_id", body.pointer(n));
            let errors = taken.into_iter().map(|n| FieldError::new(at(n), "taken", "names another figure")).collect();
            Problem::conflict("taken", "Other figures have been recorded under the same external ids.")
                .with_errors(errors)
        }
        MetricsError::Store(error) => error.into(),
    }
}

const fn said(wrong: Wrong) -> (&'static str, &'static str) {
    match wrong {
        Wrong::NoProject => ("project_id", "is not one of your projects"),
        Wrong::NoCampaign => ("campaign_id", "is not one of your campaigns"),
        Wrong::NoPost => ("post_id", "is not one of your posts"),
        Wrong::PostElsewhere => ("campaign_id", "is not the campaign of this post"),
        Wrong::CampaignElsewhere => ("project_id", "is not the project of this campaign"),
    }
}
