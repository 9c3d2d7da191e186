//! What a batch would cost, before it is submitted: read and checked like a submit, then counted. No provider is called and
//! nothing is written.
//!
//! The models are those that the workers would ask first ([`first_choices`]); the [`sums`] say what low, expected and high
//! stand for.

mod first_choices;
mod sums;
mod view;

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use shared::domain::CampaignId;
use shared::store::brand_kits;
use uuid::Uuid;

pub use first_choices::{FirstChoices, FirstChoicesError};

use crate::app::App;
use crate::batches::parse::UnknownFields;
use crate::batches::{BatchBody, off_the_loop};
use crate::caller::Caller;
use crate::campaigns::keeping;
use crate::problem::Problem;
use crate::routes::Chapter;
use sums::{Step, estimate};
use view::EstimateView;

/// The operation that estimates.
pub struct EstimatesApi {
    app: Arc<App>,
}

impl EstimatesApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Batches")]
impl EstimatesApi {
    /// Estimate what a batch would cost
    ///
    /// Takes the body of a submit and checks it as that does. Answers three sums, for the models that would be asked first:
    /// `low`, short answers and nothing asked twice; `expected`, what calls usually use; `high`, every call at the most that
    /// it can cost and every caption asked a second time. Where a dearer model has to stand in, or an image has to be made
    /// again, a batch can cost more than `high`: only a budget is a limit. No provider is called and nothing is written.
    #[oai(path = "/campaigns/:id/estimate", method = "post")]
    async fn estimate(&self, caller: Caller, id: Path<Uuid>, body: BatchBody) -> Result<Json<EstimateView>, Problem> {
        let batch = off_the_loop(&body.bytes, UnknownFields::Refuse)?.batch;
        let campaign = keeping::read(&self.app, caller.user, CampaignId(id.0)).await?;
        let audience = campaign.target_audience.as_deref();
        let kit = match campaign.project_id {
            Some(project) => brand_kits::of_project(self.app.store.pool(), caller.user, project).await?,
            None => None,
        };
        let kit = kit.unwrap_or_default();
        let sums = estimate(&self.app.first_choices, &batch.posts, audience, &kit).map_err(unmade)?;
        Ok(Json(EstimateView::of(&sums, &self.app.first_choices.price_version)))
    }
}

/// No model is configured for a step.
fn unmade(step: Step) -> Problem {
    let detail = format!("The provider profiles name no model for the step {}.", step.name());
    Problem::unavailable("generation_unavailable", detail, Duration::from_mins(1))
}
