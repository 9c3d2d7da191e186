//! Placing a generation: what it names is looked up, it is written down in one transaction, and the workers are told.

use std::sync::Arc;
use std::time::Duration;

use poem::http::{HeaderMap, HeaderName};
use serde_json::Value;
use shared::domain::{BatchId, Context, UserId};
use shared::store::generations::{self, Generation, NewGeneration};
use shared::store::idempotency::{self, Claim, KeyedRequest};
use shared::store::{answers, assets, brand_kits, campaigns, projects, segments};
use sqlx::PgConnection;

use super::answer::{Answered, failure};
use super::asked::Asked;
use super::cache;
use super::view::GenerationView;
use super::waiting::{Patience, finished};
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::IdempotencyKey;
use crate::problem::Problem;

/// How a generation is asked for, beside what is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Placing {
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) patience: Patience,
    /// For how long an identical request is answered with this one.
    pub(crate) cache: Option<Duration>,
}

/// A generation that was asked for: made now, found under its key, or found in the cache.
struct Found {
    id: BatchId,
    headers: Vec<(HeaderName, String)>,
}

/// Has something made, and answers what came of it, or where it will be found.
pub(crate) async fn generate(
    app: &Arc<App>,
    caller: Caller,
    asked: Asked,
    placing: Placing,
) -> Result<Answered, Problem> {
    let generation = ended(app, caller, asked, placing).await?;
    let (generation, finished, headers) = generation;
    if finished && let Some(problem) = failure(&generation) {
        return Err(problem);
    }
    Ok(Answered { view: GenerationView::of(generation, &app.links), finished, headers })
}

/// The same, for those who write the answer themselves.
pub(crate) async fn ended(
    app: &Arc<App>,
    caller: Caller,
    asked: Asked,
    placing: Placing,
) -> Result<(Generation, bool, Vec<(HeaderName, String)>), Problem> {
    if app.refuses_generation() {
        return Err(unconfigured());
    }
    let patience = placing.patience;
    let place = {
        let (app, span) = (Arc::clone(app), tracing::Span::current());
        let work = async move { place(&app, caller, &asked, &placing).await };
        // The work goes on when the caller hangs up.
        tokio::spawn(tracing::Instrument::instrument(work, span))
    };
    let Found { id, mut headers } = place.await.map_err(|error| Problem::internal(&error))??;
    let finished = finished(app, caller, id, patience).await?;
    let generation = read(app, caller.user, id).await?;
    headers.extend(patience.applied().map(|applied| (HeaderName::from_static("preference-applied"), applied)));
    Ok((generation, finished, headers))
}

/// A generation of the user's.
pub(crate) async fn read(app: &App, user: UserId, id: BatchId) -> Result<Generation, Problem> {
    generations::read(app.store.pool(), user, id).await?.ok_or_else(|| Problem::not_found("generation"))
}

/// A generation of the user's, once it has ended or the patience is over.
pub(super) async fn held(app: &App, caller: Caller, id: BatchId, patience: Patience) -> Result<Generation, Problem> {
    let generation = read(app, caller.user, id).await?;
    if generation.status.is_final() || patience.is_over() {
        return Ok(generation);
    }
    finished(app, caller, id, patience).await?;
    read(app, caller.user, id).await
}

async fn place(app: &App, caller: Caller, asked: &Asked, placing: &Placing) -> Result<Found, Problem> {
    let keyed = placing
        .key
        .as_ref()
        .map(|key| KeyedRequest::new(caller.user, key.as_str(), "POST a generation", asked.said().as_bytes()));
    // Before a connection is taken: Redis may be slow.
    let release = app.quick_doorbell.release().await;
    let mut tx = app.store.pool().begin().await?;
    if let Some(request) = &keyed
        && let Claim::Replay { resource, .. } = idempotency::claim(&mut tx, request).await?
    {
        let again = (HeaderName::from_static("idempotent-replay"), "true".to_owned());
        return Ok(Found { id: BatchId(resource), headers: vec![again] });
    }
    let new = look_up(&mut tx, caller.user, asked).await?;
    let id = BatchId::new();
    let cached = placing.cache.map(|lifetime| cache::request(caller.user, &new, lifetime));
    let known = match &cached {
        Some(request) => answers::claim(&mut tx, request, id).await?,
        None => None,
    };
    let placed = match known {
        Some(_) => None,
        None => Some(generations::place(&mut tx, id, caller.user, &new, release).await?),
    };
    let id = known.unwrap_or(id);
    if let Some(request) = &keyed {
        idempotency::keep(&mut tx, request, id.0, &Value::Null).await?;
    }
    tx.commit().await?;
    if let Some(placed) = placed {
        tracing::info!(generation.id = %id, kind = %new.kind, user.id = %caller.user, "a generation was placed");
        app.quick_doorbell.ring(id, placed.first).await;
    }
    let headers = cached.map(|request| cache::headers(&request, known.is_some())).unwrap_or_default();
    Ok(Found { id, headers })
}

/// What the request names, as prompts will need it. Whatever is not the caller's is not there.
async fn look_up(tx: &mut PgConnection, user: UserId, asked: &Asked) -> Result<NewGeneration, Problem> {
    let refers = &asked.refers;
    let mut project = refers.project;
    if let Some(campaign) = refers.campaign {
        let belongs = campaigns::project_of(&mut *tx, user, campaign).await?;
        project = project.or(belongs.ok_or_else(|| Problem::not_found("campaign"))?);
    }
    if let Some(project) = project
        && !projects::takes(&mut *tx, user, project).await?
    {
        return Err(Problem::not_found("project"));
    }
    let brand = match project {
        Some(project) => brand_kits::of_project(&mut *tx, user, project).await?,
        None => None,
    };
    let segment = match refers.segment {
        Some(segment) => {
            Some(segments::read(&mut *tx, user, segment).await?.ok_or_else(|| Problem::not_found("segment"))?)
        }
        None => None,
    };
    let reference = match refers.asset {
        Some(asset) => {
            let asset = assets::read(&mut *tx, user, asset).await?.ok_or_else(|| Problem::not_found("asset"))?;
            Some(asset.media_key.to_string())
        }
        None => None,
    };
    let context = Context { brand, segment, reference, route: asked.route.map(str::to_owned) };
    Ok(NewGeneration {
        kind: asked.kind,
        parameters: asked.parameters.clone(),
        prompt: asked.prompt.clone(),
        context,
        parts: asked.parts,
        project,
        campaign: refers.campaign,
        cap: asked.cap,
        external_user: asked.external_user.clone(),
    })
}

fn unconfigured() -> Problem {
    Problem::unavailable(
        "generation_unavailable",
        "No provider is configured: set OPENAI_API_KEY, or another provider's key.",
        Duration::from_mins(1),
    )
}

impl Placing {
    /// As the headers of a request say.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let prefer: Vec<&str> = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).collect();
        let prefer = (!prefer.is_empty()).then(|| prefer.join(", "));
        let cache = cache::asked(headers)?;
        Ok(Self { key: IdempotencyKey::of(headers)?, patience: Patience::of(prefer.as_deref()), cache })
    }
}
