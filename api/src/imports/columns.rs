//! What the columns of a file are: fields of a post, variables of a template, or nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use shared::domain::PostField;

use crate::batches::parse::{Findings, Place};
use crate::templates::compiled::Compiled;

/// The name in a mapping that stands for all columns that are not named.
pub(super) const REST: &str = "*";

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target<'c> {
    Field(PostField),
    /// A variable of the template.
    Variable(&'c str),
    Nothing,
}

/// How the columns of one file are understood.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// By the column; `None` for nothing.
    mapping: HashMap<String, Option<String>>,
    pub(super) template: Option<Compiled>,
    /// For rows that say nothing of a field.
    pub(super) defaults: BTreeMap<PostField, String>,
}

impl Columns {
    /// Checks the mapping against what columns can be.
    pub(super) fn new(
        mapping: HashMap<String, Option<String>>,
        template: Option<Compiled>,
        defaults: BTreeMap<PostField, String>,
        findings: &mut Findings,
    ) -> Self {
        let columns = Self { mapping, template, defaults };
        let mut wrong: Vec<(&str, &str)> = Vec::new();
        for (column, target) in &columns.mapping {
            if let Some(target) = target
                && columns.known(target).is_none()
            {
                wrong.push((column, target));
            }
        }
        wrong.sort_unstable();
        for (column, target) in wrong {
            let what = if columns.template.is_some() {
                "a variable of the template or a field of a post that it leaves open"
            } else {
                "a field of a post"
            };
            findings.add(
                Place::BODY.field("mapping").field(column),
                "invalid",
                format_args!("must be {what}; {target} is none"),
            );
        }
        for field in columns.defaults.keys() {
            if columns.fills(*field) {
                let detail = format_args!("is a text of the template already");
                findings.add(Place::BODY.field("defaults").field(field.as_str()), "invalid", detail);
            }
        }
        columns
    }

    /// What a column is; `None` when nobody knows it.
    pub(super) fn target(&self, column: &str) -> Option<Target<'_>> {
        match self.mapping.get(column) {
            Some(Some(target)) => self.known(target),
            Some(None) => Some(Target::Nothing),
            None => self.known(column).or_else(|| self.mapping.contains_key(REST).then_some(Target::Nothing)),
        }
    }

    fn known(&self, name: &str) -> Option<Target<'_>> {
        let variable = self.template.as_ref().and_then(|template| template.variables().get_key_value(name));
        if let Some((name, _)) = variable {
            return Some(Target::Variable(name));
        }
        let field: PostField = name.parse().ok()?;
        (!self.fills(field)).then_some(Target::Field(field))
    }

    fn fills(&self, field: PostField) -> bool {
        self.template.as_ref().is_some_and(|template| template.fills(field))
    }

    /// What the columns of a header are; what is wrong with it is noted, and then the file cannot be read.
    pub(super) fn of_header(&self, header: &[String], line: u64, findings: &mut Findings) -> Vec<Target<'_>> {
        let place = Place::line(line);
        let (mut targets, mut names, mut seen) = (Vec::new(), HashSet::new(), HashSet::new());
        for column in header {
            let target = self.target(column);
            if target != Some(Target::Nothing) && !names.insert(column) {
                findings.add(place.field(column), "duplicate", format_args!("stands in the header twice"));
            } else if column.is_empty() && target.is_none() {
                findings.add(place, "blank", format_args!("has a column without a name; map it to nothing"));
            } else if let Some(target) = target {
                if target != Target::Nothing && !seen.insert(target) {
                    findings.add(place.field(column), "duplicate", format_args!("is the same as another column"));
                }
            } else {
                let hint = if header.len() == 1 && column.contains([';', '\t', '|']) {
                    "; is the delimiter another one?"
                } else {
                    ""
                };
                let detail = format_args!("is not a column that is known; map it to a field or to nothing{hint}");
                findings.add(place.field(column), "unknown_column", detail);
            }
            targets.push(target.unwrap_or(Target::Nothing));
        }
        let mut mapped: Vec<&String> = self.mapping.keys().filter(|column| *column != REST).collect();
        mapped.sort_unstable();
        for column in mapped {
            if !header.contains(column) {
                let detail = format_args!("is not a column of the file");
                findings.add(Place::BODY.field("mapping").field(column), "invalid", detail);
            }
        }
        self.missing(&seen, place, findings);
        targets
    }

    /// What every row needs and no column brings.
    fn missing(&self, seen: &HashSet<Target<'_>>, place: Place<'_>, findings: &mut Findings) {
        for field in PostField::ALL.iter().filter(|field| field.is_required()) {
            if !seen.contains(&Target::Field(*field)) && !self.fills(*field) && !self.defaults.contains_key(field) {
                findings.add(place.field(field.as_str()), "required", format_args!("has no column and no default"));
            }
        }
        for (name, variable) in self.template.iter().flat_map(Compiled::variables) {
            if variable.default.is_none() && !seen.contains(&Target::Variable(name)) {
                let detail = format_args!("has no column, and the template no default for it");
                findings.add(place.field(name), "required", detail);
            }
        }
    }
}
