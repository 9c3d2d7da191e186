//! Templates: named texts of a post with variables in them, for imports that bring only what differs from row to row.
//!
//! [`text`] says how variables are written; [`compiled`] is a template that was checked.

mod bodies;
pub(crate) mod compiled;
pub(crate) mod keeping;
pub(crate) mod text;
mod views;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use shared::domain::TemplateId;
use shared::store::templates::{self, NewTemplate};
use uuid::Uuid;

use crate::answer::{Created, NoContent};
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::page::{Page, PageRequest};
use crate::parse::Body;
use crate::problem::Problem;
use crate::routes::Chapter;
use bodies::{Preview, TemplateChange};
use views::{PreviewView, TemplateView};

/// What cursors of the list are for.
const LIST: &str = "templates";

/// Templates of the caller; anybody else's is not there.
pub struct TemplatesApi {
    app: Arc<App>,
}

impl TemplatesApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Templates")]
impl TemplatesApi {
    /// Make a template
    ///
    /// Its `texts` are those of a post, named as columns of an import are. `{{name}}` in a text is a variable: letters,
    /// digits and `_`, no digit first. `{{{{` stands for two braces that begin no variable. Values are put in as they are
    /// and never looked through for variables.
    #[oai(path = "/templates", method = "post")]
    async fn create(
        &self,
        caller: Caller,
        /// The same key and body again give the first answer, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        body: Body<NewTemplate>,
    ) -> Result<Created<TemplateView>, Problem> {
        keeping::create(&self.app, caller.user, key.0, &body.0).await
    }

    /// List templates, the newest first
    #[oai(path = "/templates", method = "get")]
    async fn list(
        &self,
        caller: Caller,
        /// 1 to 200; 50 when it is left out.
        limit: Query<Option<u32>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<Page<TemplateView>>, Problem> {
        let page = PageRequest::new(LIST, limit.0, cursor.0.as_deref())?;
        let rows = templates::list(self.app.store.pool(), caller.user, page.after, page.rows()).await?;
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            let compiled = keeping::compiled(&row)?;
            read.push((row, compiled));
        }
        Ok(Json(page.page(LIST, read, |(row, _)| row.id, |(row, compiled)| TemplateView::of(row, &compiled))))
    }

    /// Read a template
    #[oai(path = "/templates/:id", method = "get")]
    async fn read(&self, caller: Caller, id: Path<Uuid>) -> Result<Json<TemplateView>, Problem> {
        let (template, compiled) = keeping::read(&self.app, caller.user, TemplateId(id.0)).await?;
        Ok(Json(TemplateView::of(template, &compiled)))
    }

    /// Change a template
    ///
    /// What is left out stays as it is; `texts` and `defaults` are each replaced as a whole. Batches that were made with the
    /// template hold their texts themselves and do not change.
    #[oai(path = "/templates/:id", method = "put")]
    async fn change(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        body: Body<TemplateChange>,
    ) -> Result<Json<TemplateView>, Problem> {
        Ok(Json(keeping::change(&self.app, caller.user, TemplateId(id.0), body.0).await?))
    }

    /// Delete a template
    #[oai(path = "/templates/:id", method = "delete")]
    async fn delete(&self, caller: Caller, id: Path<Uuid>) -> Result<NoContent, Problem> {
        if templates::delete(self.app.store.pool(), caller.user, TemplateId(id.0)).await? {
            Ok(NoContent)
        } else {
            Err(Problem::not_found("template"))
        }
    }

    /// See the post that a template makes of some values
    ///
    /// Nothing is written. A variable that has neither a value nor a default, and a value whose name is no variable, are
    /// errors; so is whatever would be wrong with the post. A blank value is none.
    #[oai(path = "/templates/:id/preview", method = "post")]
    async fn preview(&self, caller: Caller, id: Path<Uuid>, body: Body<Preview>) -> Result<Json<PreviewView>, Problem> {
        Ok(Json(keeping::preview(&self.app, caller.user, TemplateId(id.0), &body.0).await?))
    }
}
