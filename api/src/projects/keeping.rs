//! What happens to projects.

use shared::domain::{ProjectId, UserId};
use shared::store::projects::{self, NewProject, ProjectChange};
use sqlx::PgExecutor;

use super::view::ProjectView;
use crate::answer::Created;
use crate::app::App;
use crate::creation::{Begun, Creation};
use crate::idempotency_key::IdempotencyKey;
use crate::problem::{FieldError, Problem};

/// Makes a project, once for each key.
pub(super) async fn create(
    app: &App,
    user: UserId,
    key: Option<IdempotencyKey>,
    new: &NewProject,
) -> Result<Created<ProjectView>, Problem> {
    let mut creation = match Creation::begin(app, user, key, "POST /projects", new).await? {
        Begun::New(creation) => creation,
        Begun::Before(before) => return Ok(Created { replay: true, ..created(before.answer()?) }),
    };
    let view = ProjectView::from(projects::insert(creation.tx(), user, new).await?);
    creation.keep(view.id, &view).await?;
    Ok(created(view))
}

fn created(view: ProjectView) -> Created<ProjectView> {
    Created::new(format!("/api/v1/projects/{}", view.id), view)
}

pub(super) async fn read(app: &App, user: UserId, project: ProjectId) -> Result<ProjectView, Problem> {
    let found = projects::find(app.store.pool(), user, project).await?;
    Ok(found.ok_or_else(|| Problem::not_found("project"))?.into())
}

pub(super) async fn change(
    app: &App,
    user: UserId,
    project: ProjectId,
    change: &ProjectChange,
) -> Result<ProjectView, Problem> {
    if !projects::update(app.store.pool(), user, project, change).await? {
        return Err(Problem::not_found("project"));
    }
    read(app, user, project).await
}

/// Refuses a `project_id` of a body that names no project of the user's, or one that was deleted. A caller that holds a
/// connection passes that one: nobody waits for a second.
pub(crate) async fn require_open(db: impl PgExecutor<'_>, user: UserId, project: ProjectId) -> Result<(), Problem> {
    if projects::takes(db, user, project).await? {
        return Ok(());
    }
    Err(Problem::invalid(vec![FieldError::new("/project_id", "not_found", "is not one of your projects")]))
}
