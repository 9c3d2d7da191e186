//! Results as CSV: RFC 4180, UTF-8, one post a row.
//!
//! A spreadsheet takes a cell that begins with one of a few signs for a formula and runs it. Briefs and captions are written
//! by others, so such a cell gets an apostrophe before it, which spreadsheets take for "this is text".

use csv::{Terminator, WriterBuilder};
use shared::domain::Nanodollars;

use super::download::{ExportError, Sink};
use super::pages::Pages;
use crate::media::Links;
use crate::posts::PostView;

const COLUMNS: [&str; 32] = [
    "position",
    "external_id",
    "id",
    "status",
    "brand_name",
    "topic",
    "tone",
    "brief",
    "target_audience",
    "platform",
    "language",
    "image_size",
    "image_quality",
    "generated_caption",
    "hashtags",
    "alt_text",
    "image_prompt",
    "generated_image_url",
    "generated_image_width",
    "generated_image_height",
    "generated_image_format",
    "moderation",
    "flags",
    "near_duplicate_of",
    "revision",
    "retries",
    "cost_usd",
    "error_class",
    "error_message",
    "created_at",
    "updated_at",
    "finalized_at",
];

/// In an archive there are also these.
const FILE_COLUMNS: [&str; 2] = ["image_file", "image_note"];

/// What an archive says of a post's image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ImageFile {
    pub(super) name: Option<String>,
    /// Why there is no file although there is an image.
    pub(super) note: Option<&'static str>,
}

pub(super) async fn write(links: &Links, mut pages: Pages, bom: bool, sink: &mut Sink) -> Result<(), ExportError> {
    if bom {
        sink.write("\u{feff}".as_bytes()).await?;
    }
    sink.write(&header(&[])?).await?;
    while let Some(page) = pages.next().await? {
        for post in page {
            sink.write(&row(&PostView::of(post, links), None)?).await?;
        }
    }
    sink.flush().await
}

/// The header of an archive's table.
pub(super) fn header_with_files() -> std::io::Result<Vec<u8>> {
    header(&FILE_COLUMNS)
}

fn header(more: &[&str]) -> std::io::Result<Vec<u8>> {
    record(&COLUMNS.iter().chain(more).map(ToString::to_string).collect::<Vec<_>>())
}

/// A post in one row.
pub(super) fn row(post: &PostView, file: Option<&ImageFile>) -> std::io::Result<Vec<u8>> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (wanted, made) = (post.image.as_ref(), post.generated_image.as_ref());
    let mut cells = vec![
        post.position.to_string(),
        text(&post.external_id),
        post.id.to_string(),
        post.status.clone(),
        post.brand_name.clone(),
        text(&post.topic),
        post.tone.clone(),
        text(&post.brief),
        text(&post.target_audience),
        text(&post.platform),
        text(&post.language),
        wanted.map(|image| image.size.clone()).unwrap_or_default(),
        wanted.map(|image| image.quality.clone()).unwrap_or_default(),
        text(&post.generated_caption),
        post.hashtags.as_ref().map(|tags| tags.join(" ")).unwrap_or_default(),
        text(&post.alt_text),
        text(&post.image_prompt),
        text(&post.generated_image_url),
        made.map(|image| image.width.to_string()).unwrap_or_default(),
        made.map(|image| image.height.to_string()).unwrap_or_default(),
        made.map(|image| image.format.clone()).unwrap_or_default(),
        text(&post.moderation),
        post.flags.join(" "),
        post.near_duplicate_of.map(|other| other.to_string()).unwrap_or_default(),
        post.revision.to_string(),
        post.retries.to_string(),
        Nanodollars(post.cost_nanos).to_string(),
        text(&post.error_class),
        text(&post.error_message),
        post.created_at.clone(),
        post.updated_at.clone(),
        text(&post.finalized_at),
    ];
    if let Some(file) = file {
        cells.extend([text(&file.name), file.note.unwrap_or_default().to_owned()]);
    }
    record(&cells)
}

/// One row; what a spreadsheet could take for a formula has an apostrophe before it.
pub(crate) fn record(cells: &[String]) -> std::io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::with_capacity(1_024));
    for cell in cells {
        if is_formula(cell) {
            writer.write_field(format!("'{cell}"))?;
        } else {
            writer.write_field(cell)?;
        }
    }
    writer.write_record(None::<&[u8]>)?;
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// Whether a spreadsheet could take a cell for a formula.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn cells_are_quoted_and_no_formula_runs() {
        let cells = ["=1+1", "+49", "-x", "@you", "\tx", "\rx", "\nx", "＝1", "a=b", "say \"hi\", ö", "two\nlines", ""];
        let bytes = record(&cells.map(str::to_owned)).expect("written");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(
            text,
            "'=1+1,'+49,'-x,'@you,'\tx,\"'\rx\",\"'\nx\",'＝1,a=b,\"say \"\"hi\"\", ö\",\"two\nlines\",\r\n"
        );
    }
}
