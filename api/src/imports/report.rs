//! What an import is answered with.

use std::collections::BTreeMap;

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Object};
use serde_json::Value;

use super::intake::Taken;
use crate::batches::{BatchView, Submitted, text_header};
use crate::problem::{FieldError, Problem};

/// What came of a file.
#[derive(Clone, Debug, Object)]
#[oai(rename = "ImportReport", read_only_all)]
pub(super) struct ReportView {
    /// Rows in the file, the header and blank ones left out.
    rows: u64,
    /// Rows that are posts of the batch; with `validate_only`, that would be.
    accepted: u64,
    /// Rows that are not, because something is wrong with them.
    skipped: u64,
    /// What is wrong, the first 1,000 of all: `line` is where the row begins, the pointer is the column.
    errors: Vec<FieldError>,
    /// How many errors of each code there are, those that are not listed included.
    error_counts: BTreeMap<String, u64>,
}

impl ReportView {
    pub(super) fn of(taken: Taken) -> Self {
        let (errors, error_counts) = taken.findings.into_parts();
        let skipped = taken.rows - taken.accepted;
        Self { rows: taken.rows, accepted: taken.accepted, skipped, errors, error_counts }
    }

    pub(super) fn json(&self) -> Value {
        self.to_json().unwrap_or_default()
    }

    /// The answer to a file that is not taken.
    pub(super) fn refused(self) -> Problem {
        let (rows, skipped) = (self.rows, self.skipped);
        let problem = Problem::invalid(self.errors).error_counts(self.error_counts);
        if rows == 0 {
            return problem;
        }
        problem.detail(format!("{skipped} of {rows} rows are bad; nothing was written. See `errors`."))
    }
}

/// A batch that was made of a file. Beside the batch's own fields it has `import`.
#[derive(Object)]
#[oai(rename = "ImportedBatch")]
struct ImportedBatchView {
    #[oai(flatten)]
    batch: BatchView,
    import: ReportView,
}

/// 202 with the batch, or 200 with the report of a file that was only checked.
pub(super) enum Imported {
    Checked(ReportView),
    Submitted(Submitted),
}

impl IntoResponse for Imported {
    fn into_response(self) -> Response {
        match self {
            Self::Checked(report) => Json(report).into_response().with_status(StatusCode::OK).into_response(),
            Self::Submitted(submitted) => submitted.into_response(),
        }
    }
}

impl ApiResponse for Imported {
    fn meta() -> MetaResponses {
        let json = |schema| vec![MetaMediaType { content_type: "application/json", schema }];
        let response = |status, description, content, headers| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content,
            headers,
        };
        MetaResponses {
            responses: vec![
                response(200, "The file was checked and nothing written", json(ReportView::schema_ref()), vec![]),
                response(
                    202,
                    "The batch is accepted; workers make its posts",
                    json(ImportedBatchView::schema_ref()),
                    vec![
                        text_header("Location", "Where the batch is found"),
                        text_header("Idempotent-Replay", "`true` when this is the stored answer to an earlier request"),
                    ],
                ),
            ],
        }
    }

    fn register(registry: &mut Registry) {
        <Json<ReportView> as Payload>::register(registry);
        <Json<ImportedBatchView> as Payload>::register(registry);
    }
}
