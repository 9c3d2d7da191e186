//! What the query of an import says.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use shared::domain::{Mode, Nanodollars, PostField, Priority, TemplateId, limits};

use super::columns::REST;
use super::source::FileFormat;
use crate::batches::parse::{BatchSettings, Findings, GivenSettings, Place, Value, settings};

/// The parameters as they were given.
#[derive(Clone, Debug, Default)]
pub(super) struct GivenImport {
    pub(super) name: Option<String>,
    pub(super) validate_only: Option<bool>,
    pub(super) on_invalid: Option<String>,
    pub(super) template: Option<TemplateId>,
    pub(super) mapping: Option<String>,
    pub(super) map: Vec<String>,
    pub(super) defaults: Option<String>,
    pub(super) delimiter: Option<String>,
    pub(super) format: Option<String>,
    pub(super) priority: Option<String>,
    pub(super) budget_usd: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) deadline: Option<String>,
}

/// What becomes of the good rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnInvalid {
    /// They are placed when no row is bad.
    Reject,
    /// They are placed without the bad ones.
    Skip,
    /// They are only counted.
    Nothing,
}

/// The parameters, read.
#[derive(Clone, Debug)]
pub(super) struct ImportSettings {
    pub(super) on_invalid: OnInvalid,
    pub(super) delimiter: u8,
    pub(super) format: Option<FileFormat>,
    pub(super) mapping: HashMap<String, Option<String>>,
    pub(super) defaults: BTreeMap<PostField, String>,
    pub(super) priority: Priority,
    pub(super) cap: Option<Nanodollars>,
    pub(super) mode: Mode,
    /// `None` where nothing is placed, or with an error.
    pub(super) name: Option<String>,
}

impl ImportSettings {
    /// Reads all parameters, and notes everything that is wrong with them. `file` is what a form calls its file.
    pub(super) fn read(given: &GivenImport, file: Option<&str>, findings: &mut Findings) -> Self {
        fn text(given: Option<&str>) -> Option<Value<'_>> {
            given.map(Value::Text)
        }
        let validate_only = given.validate_only.unwrap_or_default();
        let file: Option<String> = file.map(|name| name.chars().take(limits::NAME).collect());
        // What is only checked needs no name.
        let name = given.name.as_deref().or(file.as_deref()).or(validate_only.then_some("-"));
        let given_settings = GivenSettings {
            name: text(name),
            budget: text(given.budget_usd.as_deref()),
            priority: text(given.priority.as_deref()),
            mode: text(given.mode.as_deref()),
            deadline: text(given.deadline.as_deref()),
        };
        let BatchSettings { name, priority, cap, mode } = settings(&given_settings, findings);
        Self {
            on_invalid: on_invalid(given.on_invalid.as_deref(), validate_only, findings),
            delimiter: delimiter(given.delimiter.as_deref(), findings),
            format: format(given.format.as_deref(), findings),
            mapping: mapping(given, findings),
            defaults: defaults(given.defaults.as_deref(), findings),
            priority,
            cap,
            mode,
            name: name.map(Cow::into_owned),
        }
    }
}

impl GivenImport {
    /// Everything that it says, for telling a repeated request from another.
    pub(super) fn fingerprint(&self) -> String {
        format!("{self:?}")
    }
}

fn on_invalid(given: Option<&str>, validate_only: bool, findings: &mut Findings) -> OnInvalid {
    let read = match given.unwrap_or("reject") {
        "reject" => OnInvalid::Reject,
        "skip" => OnInvalid::Skip,
        _ => {
            findings.add(Place::BODY.field("on_invalid"), "invalid", format_args!("must be reject or skip"));
            OnInvalid::Reject
        }
    };
    if validate_only { OnInvalid::Nothing } else { read }
}

fn delimiter(given: Option<&str>, findings: &mut Findings) -> u8 {
    match given.unwrap_or(",") {
        "," => b',',
        ";" => b';',
        "|" => b'|',
        "tab" | "\t" | "\\t" => b'\t',
        _ => {
            findings.add(Place::BODY.field("delimiter"), "invalid", format_args!("must be one of , ; | and tab"));
            b','
        }
    }
}

fn format(given: Option<&str>, findings: &mut Findings) -> Option<FileFormat> {
    let format = FileFormat::named(given?);
    if format.is_none() {
        findings.add(Place::BODY.field("format"), "invalid", format_args!("must be csv or ndjson"));
    }
    format
}

/// Columns and what they are, from the object and from single pairs.
fn mapping(given: &GivenImport, findings: &mut Findings) -> HashMap<String, Option<String>> {
    let place = Place::BODY.field("mapping");
    let mut mapping = HashMap::new();
    if let Some(json) = &given.mapping {
        if let Ok(read) = serde_json::from_str::<HashMap<String, Option<String>>>(json) {
            mapping = read;
        } else {
            let detail = format_args!("must be a JSON object of columns and what they are, a name or null each");
            findings.add(place, "wrong_type", detail);
        }
    }
    for pair in &given.map {
        // The name of a column may hold a colon; what it is called here does not.
        let Some((column, target)) = pair.rsplit_once(':') else {
            let detail = format_args!("must read column:field, or column: for nothing");
            findings.add(Place::BODY.field("map"), "invalid", detail);
            continue;
        };
        let target = Some(target.trim()).filter(|target| !target.is_empty()).map(str::to_owned);
        if mapping.insert(column.trim().to_owned(), target).is_some() {
            findings.add(place.field(column.trim()), "duplicate", format_args!("is mapped twice"));
        }
    }
    if mapping.get(REST).is_some_and(Option::is_some) {
        findings.add(place.field(REST), "invalid", format_args!("stands for all other columns, so it must be null"));
        mapping.insert(REST.to_owned(), None);
    }
    mapping
}

/// Texts for fields of which rows say nothing.
fn defaults(given: Option<&str>, findings: &mut Findings) -> BTreeMap<PostField, String> {
    let place = Place::BODY.field("defaults");
    let Some(json) = given else { return BTreeMap::new() };
    let Ok(named) = serde_json::from_str::<BTreeMap<String, String>>(json) else {
        findings.add(place, "wrong_type", format_args!("must be a JSON object of fields and their texts"));
        return BTreeMap::new();
    };
    let mut defaults = BTreeMap::new();
    for (name, text) in named {
        match name.parse::<PostField>() {
            Ok(field) if field != PostField::ExternalId => {
                defaults.insert(field, text);
            }
            Ok(_) => findings.add(place.field(&name), "invalid", format_args!("must differ from row to row")),
            Err(_) => findings.add(place.field(&name), "unknown_field", format_args!("is not a field of a post")),
        }
    }
    defaults
}
