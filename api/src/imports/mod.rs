//! Imports: a file with one post a row becomes a batch.
//!
//! The file is read while it comes in ([`source`]), cut into rows with their lines ([`csv`], [`ndjson`]), and each row is
//! checked by the rules for posts ([`intake`]), whatever its columns are called ([`columns`]). Nothing is kept of a row but
//! its post. Every row is checked; what is wrong is listed with its line, up to 1,000 entries, and counted in full. Then the
//! posts are placed as those of a submit are ([`run`]).

mod body;
mod columns;
mod csv;
mod intake;
mod ndjson;
mod report;
mod run;
mod settings;
mod source;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use shared::domain::{CampaignId, TemplateId};
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::idempotency_key::GivenKey;
use crate::problem::Problem;
use crate::routes::Chapter;
use body::ImportBody;
use report::Imported;
use settings::GivenImport;

/// The operation that imports.
pub struct ImportsApi {
    app: Arc<App>,
}

impl ImportsApi {
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[OpenApi(prefix_path = "/api/v1", tag = "Chapter::Batches")]
impl ImportsApi {
    /// Submit a file of posts
    ///
    /// CSV (RFC 4180, UTF-8, a header first) or NDJSON, as the body itself or as the part `file` of a form; 50,000 rows and
    /// 32 MiB at most. Columns are fields of a post: `brand_name`, `topic`, `tone`, `brief`, `target_audience`, `platform`,
    /// `language`, `external_id`, `image` (true or false), `image_size`, `image_quality`; where the last two are there and
    /// both blank, no image is made. A line of NDJSON may also have `image` as a submit has it. Every row is checked as a
    /// post of a submit is; each error has its `line` (where the row begins, from 1) and, as its pointer, the column. Rows
    /// without any text are passed over. With `validate_only` the answer is 200 and the report; nothing is written.
    #[oai(path = "/campaigns/:id/imports", method = "post")]
    #[expect(clippy::too_many_arguments, reason = "one argument a parameter of the operation")]
    async fn import(
        &self,
        caller: Caller,
        id: Path<Uuid>,
        /// Names the request: the same key with the same file gives the first answer again, for 24 hours.
        #[oai(name = "Idempotency-Key")]
        key: GivenKey,
        /// The batch's name; the file's own when it is left out, where a form has one.
        name: Query<Option<String>>,
        /// Check the file and place nothing.
        validate_only: Query<Option<bool>>,
        /// What bad rows do: `reject` (the default) the whole file, or `skip`, so that the good rows become a batch.
        on_invalid: Query<Option<String>>,
        /// The rows fill in this template: columns are its variables, and fields of a post that it leaves open.
        template_id: Query<Option<Uuid>>,
        /// A JSON object of columns and what they are: `{"Title": "topic", "Vendor": "brand_name", "SKU": null}`. Null is
        /// for columns that are not used; `"*": null` for all that are not named and not known.
        mapping: Query<Option<String>>,
        /// The same, one column at a time: `map=Title:topic&map=SKU:`.
        map: Query<Option<Vec<String>>>,
        /// A JSON object of fields and their texts for rows that say nothing: `{"tone": "warm"}`.
        defaults: Query<Option<String>>,
        /// Of CSV: `,` (the default), `;`, `|` or `tab`.
        delimiter: Query<Option<String>>,
        /// `csv` or `ndjson`, where the content type does not say.
        format: Query<Option<String>>,
        /// `low`, `normal` (the default) or `high`.
        priority: Query<Option<String>>,
        /// What the batch may cost at most.
        budget_usd: Query<Option<f64>>,
        /// `live` (the default) or `economy`.
        mode: Query<Option<String>>,
        /// With `economy`, when the posts have to be made.
        deadline: Query<Option<String>>,
        body: ImportBody,
    ) -> Result<Imported, Problem> {
        let given = GivenImport {
            name: name.0,
            validate_only: validate_only.0,
            on_invalid: on_invalid.0,
            template: template_id.0.map(TemplateId),
            mapping: mapping.0,
            map: map.0.unwrap_or_default(),
            defaults: defaults.0,
            delimiter: delimiter.0,
            format: format.0,
            priority: priority.0,
            budget_usd: budget_usd.0.map(|usd| usd.to_string()),
            mode: mode.0,
            deadline: deadline.0,
        };
        run::import(&self.app, caller, CampaignId(id.0), key.0, &given, body).await
    }
}
