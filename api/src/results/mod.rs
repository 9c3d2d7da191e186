//! Results: all posts of a batch in one file, as NDJSON, as CSV, or as a ZIP archive with the images.
//!
//! A batch is read page by page, in the order of its posts, while the file is sent ([`download`]): no more of it is in memory
//! than a page and, in an archive, one image ([`archive`]), however large it is, and no transaction stays open. So a
//! file can be had while the batch runs; each post is in it as it stood when its page was read. A client that goes away ends
//! the work.

mod archive;
mod csv;
mod download;
mod jsonl;
mod names;
mod pages;
mod zip;

use std::sync::Arc;

use poem::http::StatusCode;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use shared::domain::BatchId;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::posts::shown_status;
use crate::problem::Problem;
use crate::routes::Chapter;
pub(crate) use csv::record;
use download::Download;
use pages::Pages;

/// The operation that gives results.
pub struct ResultsApi {
    app: Arc<App>,
}

impl ResultsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Jsonl,
    Csv,
    Zip,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Batches")]
impl ResultsApi {
    /// All posts of a batch as one file
    ///
    /// Also while the batch runs. `jsonl`: one post a line, as `GET /posts/{id}` shows it. `csv`: RFC 4180 in UTF-8 with a
    /// header; a cell that a spreadsheet could take for a formula, one that begins with `=`, `+`, `-`, `@`, a tab or a line
    /// break, has an apostrophe before it. `zip`: every image as `images/{position}-{external_id or id}.{png|jpg|webp}`,
    /// then `posts.csv` and `posts.jsonl`, which name the image's file; an image that is gone is noted there. An answer that
    /// breaks off is not whole: its connection is closed before its end.
    #[oai(path = "/batch-jobs/:id/results", method = "get")]
    async fn results(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// `jsonl` (the default), `csv` or `zip`.
        format: Query<Option<String>>,
        /// Only posts that stand there: `pending`, `queued`, `processing`, `retrying`, `completed`, `failed`, `cancelled`.
        status: Query<Option<String>>,
        /// Of CSV: begin with a byte order mark, by which Excel knows UTF-8.
        bom: Query<Option<bool>>,
    ) -> Result<Download, Problem> {
        let format = self::format(format.0.as_deref())?;
        let status = status.0.as_deref().map(shown_status).transpose()?;
        let id = BatchId(id.0);
        let batch = self.app.board.read(caller.user, id).await?.ok_or_else(|| Problem::not_found("batch"))?;
        let pages = Pages::new(&self.app.store, caller.user, id, status);
        let name = names::download(&batch.name, id);
        let app = Arc::clone(&self.app);
        let bom = bom.0.unwrap_or_default();
        Ok(match format {
            Format::Jsonl => {
                let write = async move |mut sink| jsonl::write(&app.links, pages, &mut sink).await;
                Download::new("application/x-ndjson", &format!("{name}.jsonl"), write)
            }
            Format::Csv => {
                let write = async move |mut sink| csv::write(&app.links, pages, bom, &mut sink).await;
                Download::new("text/csv; charset=utf-8; header=present", &format!("{name}.csv"), write)
            }
            Format::Zip => {
                let posts = batch.total_posts as usize;
                let write = async move |mut sink| archive::write(&app, pages, posts, &mut sink).await;
                Download::new("application/zip", &format!("{name}.zip"), write)
            }
        })
    }
}

fn format(name: Option<&str>) -> Result<Format, Problem> {
    match name.unwrap_or("jsonl") {
        "jsonl" | "ndjson" => Ok(Format::Jsonl),
        "csv" => Ok(Format::Csv),
        "zip" => Ok(Format::Zip),
        _ => {
            let detail = "`format` must be one of jsonl, csv, zip.";
            Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail))
        }
    }
}
