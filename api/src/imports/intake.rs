//! Rows become posts, by the rules for posts of a submit.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde_json::value::RawValue;
use shared::domain::{NewPost, limits};

use super::columns::{Columns, Target};
use super::csv::{CsvError, Record};
use super::ndjson::{Line, members};
use super::settings::OnInvalid;
use crate::batches::parse::{Findings, Given, Place, Row, Value, checked, string};
use crate::templates::compiled::Rendered;

/// What becomes of a file, row by row.
pub(super) struct Intake<'c> {
    columns: &'c Columns,
    on_invalid: OnInvalid,
    /// The texts of all posts may have this many bytes.
    most: usize,
    /// Of CSV, once its header was read.
    header: Option<Header<'c>>,
    /// The line on which each `external_id` was accepted first.
    names: HashMap<Box<str>, u64>,
    taken: Taken,
    /// Nothing more is checked: the file cannot be read on, or is too large.
    over: bool,
}

struct Header<'c> {
    names: Vec<String>,
    targets: Vec<Target<'c>>,
}

/// What came of a file.
#[derive(Default)]
pub(super) struct Taken {
    /// The posts of good rows; none where nothing will be placed.
    pub(super) posts: Vec<NewPost<'static>>,
    pub(super) rows: u64,
    pub(super) accepted: u64,
    /// How many bytes their texts have.
    bytes: usize,
    pub(super) findings: Findings,
    /// Something is wrong with the file as a whole, so that no row can be placed.
    pub(super) unusable: bool,
}

/// What one cell holds, what it is, and what its column is called.
type Cell<'a, 'c> = (Target<'c>, Given<'a>);

impl<'c> Intake<'c> {
    pub(super) fn new(columns: &'c Columns, on_invalid: OnInvalid, most: usize) -> Self {
        Self { columns, on_invalid, most, header: None, names: HashMap::new(), taken: Taken::default(), over: false }
    }

    /// Whether reading on makes no difference.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// A record of CSV; the first is the header.
    pub(super) fn record(&mut self, record: Record<'_>) {
        if self.over {
            return;
        }
        if self.header.is_none() {
            self.read_header(record);
            return;
        }
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) || !self.begin_row() {
            return;
        }
        let Some(header) = self.header.take() else { return };
        self.read_record(record, &header);
        self.header = Some(header);
    }

    fn read_header(&mut self, record: Record<'_>) {
        let mut names = Vec::with_capacity(record.len());
        for cell in record.iter() {
            if let Ok(name) = std::str::from_utf8(cell) {
                names.push(name.trim().to_owned());
            } else {
                not_utf_8(Place::line(record.line), &mut self.taken.findings);
                return self.give_up();
            }
        }
        let targets = self.columns.of_header(&names, record.line, &mut self.taken.findings);
        self.header = Some(Header { names, targets });
        if !self.taken.findings.is_empty() {
            self.give_up();
        }
    }

    fn read_record(&mut self, record: Record<'_>, header: &Header<'c>) {
        let (place, columns) = (Place::line(record.line), header.names.len());
        let before = self.taken.findings.total();
        if record.len() != columns {
            let detail = format_args!("has {} cells where the header has {columns}", record.len());
            self.taken.findings.add(place, "ragged", detail);
            return;
        }
        let mut cells: Vec<Cell<'_, '_>> = Vec::with_capacity(columns);
        for ((cell, name), target) in record.iter().zip(&header.names).zip(&header.targets) {
            if *target == Target::Nothing {
                continue;
            }
            match std::str::from_utf8(cell) {
                Ok(text) => cells.push((*target, Given { value: Value::Text(text), name })),
                Err(_) => not_utf_8(place.field(name), &mut self.taken.findings),
            }
        }
        if self.taken.findings.total() == before {
            self.row(record.line, &cells);
        }
    }

    /// A line of NDJSON.
    pub(super) fn line(&mut self, number: u64, line: Line<'_>) {
        if self.over || !self.begin_row() {
            return;
        }
        let place = Place::line(number);
        let Line::Bytes(bytes) = line else {
            self.taken.findings.add(place, "too_long", format_args!("is longer than 1 MiB"));
            return;
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            not_utf_8(place, &mut self.taken.findings);
            return;
        };
        let raw: &RawValue = match serde_json::from_str(text.trim()) {
            Ok(raw) => raw,
            Err(error) => {
                let detail = format_args!("is not JSON, at column {} of its line", error.column());
                self.taken.findings.add(place, "malformed", detail);
                return;
            }
        };
        if !raw.get().starts_with('{') {
            let detail = format_args!("must be an object, not {}", Value::Json(raw).kind());
            self.taken.findings.add(place, "wrong_type", detail);
            return;
        }
        let Ok(members) = members(raw) else {
            self.taken.findings.add(place, "lone_surrogate", format_args!("has a field whose name is no text"));
            return;
        };
        let before = self.taken.findings.total();
        let mut cells: Vec<Cell<'_, '_>> = Vec::with_capacity(members.len());
        for (name, raw) in &members {
            match self.columns.target(name) {
                Some(Target::Nothing) => {}
                Some(target) if cells.iter().any(|(other, _)| *other == target) => {
                    let detail = format_args!("is there twice, under this name or another");
                    self.taken.findings.add(place.field(name), "duplicate", detail);
                }
                Some(target) if raw.get() != "null" => {
                    cells.push((target, Given { value: Value::Json(raw), name }));
                }
                Some(_) => {}
                None => {
                    let detail = format_args!("is not a field that is known; map it to one or to nothing");
                    self.taken.findings.add(place.field(name), "unknown_field", detail);
                }
            }
        }
        if self.taken.findings.total() == before {
            self.row(number, &cells);
        }
    }

    /// Counts a row; whether it is to be checked.
    fn begin_row(&mut self) -> bool {
        self.taken.rows += 1;
        self.taken.rows <= limits::POSTS as u64
    }

    /// Makes the post of a row.
    fn row(&mut self, line: u64, cells: &[Cell<'_, '_>]) {
        let (place, columns) = (Place::line(line), self.columns);
        let mut row = Row::default();
        for (field, text) in &columns.defaults {
            row.set(*field, Given { value: Value::Text(text), name: field.as_str() });
        }
        for (target, given) in cells {
            if let Target::Field(field) = target
                && !(given.value.is_blank() && columns.defaults.contains_key(field))
            {
                row.set(*field, *given);
            }
        }
        let rendered = match self.rendered(place, cells) {
            Ok(rendered) => rendered,
            Err(Incomplete) => return,
        };
        for (field, text) in rendered.iter() {
            row.set(field, Given { value: Value::Text(text), name: field.as_str() });
        }
        let mut unknown = |findings: &mut Findings, place: Place<'_>, _: &str| {
            findings.add(place, "unknown_field", format_args!("is not a field of this object"));
        };
        let Some(post) = checked(&row, place, &mut self.taken.findings, &mut unknown) else { return };
        self.accept(line, post);
    }

    /// The texts of the template with the values of a row.
    fn rendered(&mut self, place: Place<'_>, cells: &[Cell<'_, '_>]) -> Result<Rendered, Incomplete> {
        let Some(template) = &self.columns.template else { return Ok(Rendered::default()) };
        let findings = &mut self.taken.findings;
        let before = findings.total();
        let mut values: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(cells.len());
        for (target, given) in cells {
            let Target::Variable(name) = target else { continue };
            if let Some(value) = value(*given, place, findings).filter(|value| !value.trim().is_empty()) {
                values.push((name, value));
            }
        }
        let values: BTreeMap<&str, &str> = values.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        for (name, variable) in template.variables() {
            if variable.default.is_none() && !values.contains_key(name.as_str()) {
                let column = cells.iter().find(|(target, _)| *target == Target::Variable(name));
                let place = place.field(column.map_or(name.as_str(), |(_, given)| given.name));
                findings.add(place, "required", format_args!("is blank, and the template has no default for it"));
            }
        }
        if findings.total() == before { Ok(template.render(&values)) } else { Err(Incomplete) }
    }

    fn accept(&mut self, line: u64, post: NewPost<'_>) {
        if let Some(name) = &post.external_id {
            if let Some(first) = self.names.get(&**name) {
                let detail = format_args!("is the same as on line {first}");
                self.taken.findings.add(Place::line(line).field("external_id"), "duplicate", detail);
                return;
            }
            self.names.insert(Box::from(&**name), line);
        }
        self.taken.accepted += 1;
        if self.on_invalid == OnInvalid::Reject && !self.taken.findings.is_empty() {
            // Nothing will be placed, so nothing is kept.
            self.taken.posts = Vec::new();
            return;
        }
        self.taken.bytes += bytes_of(&post);
        if self.taken.bytes > self.most {
            let most = self.most >> 20;
            let detail = format_args!("has more than {most} MiB of texts once its rows are filled in");
            self.taken.findings.add(Place::line(line), "too_large", detail);
            self.give_up();
        } else if self.on_invalid != OnInvalid::Nothing {
            self.taken.posts.push(post.into_owned());
        }
    }

    /// Notes why a CSV file cannot be read on.
    pub(super) fn broken(&mut self, error: CsvError) {
        let findings = &mut self.taken.findings;
        match error {
            CsvError::OpenQuote { line } => {
                let detail = format_args!("begins a quote that is never closed");
                findings.add(Place::line(line), "malformed", detail);
            }
            CsvError::Endless { line } => {
                let detail = format_args!("is longer than 1 MiB or 2,000 cells; is a quote left open?");
                findings.add(Place::line(line), "malformed", detail);
            }
        }
        self.give_up();
    }

    fn give_up(&mut self) {
        self.over = true;
        self.taken.unusable = true;
        self.taken.posts = Vec::new();
    }

    /// What came of the whole file.
    pub(super) fn end(mut self) -> Taken {
        let (rows, taken) = (self.taken.rows, &mut self.taken);
        if rows > limits::POSTS as u64 {
            let most = limits::POSTS;
            taken.findings.add(Place::BODY, "too_many", format_args!("must have {most} rows at most; it has {rows}"));
            self.give_up();
        } else if rows == 0 && !taken.unusable {
            taken.findings.add(Place::BODY, "too_few", format_args!("must have one row at least beside a header"));
            self.give_up();
        }
        self.taken
    }
}

/// A row lacks a value that its template needs.
struct Incomplete;

/// What a variable is given: a text, or a number as it is written.
fn value<'a>(given: Given<'a>, place: Place<'_>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    match given.value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Json(raw) if raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
            Some(Cow::Borrowed(raw.get()))
        }
        Value::Json(raw) => string(raw, place.field(given.name), findings),
    }
}

fn not_utf_8(place: Place<'_>, findings: &mut Findings) {
    findings.add(place, "not_utf8", format_args!("is not UTF-8 text; save the file in UTF-8"));
}

fn bytes_of(post: &NewPost<'_>) -> usize {
    let optional = [&post.topic, &post.brief, &post.target_audience, &post.language, &post.external_id];
    let optional: usize = optional.into_iter().flatten().map(|text| text.len()).sum();
    post.brand_name.len() + post.tone.len() + optional
}
