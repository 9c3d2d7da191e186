//! A template, read and checked: its texts, its variables and their defaults.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::PostField;
use shared::store::templates::Texts;

use super::text::Text;
use crate::batches::parse::{Findings, Given, Place, Row, Value, checked};
use crate::parse::Errors;
use crate::problem::FieldError;

/// How many variables a template may have.
const VARIABLES: usize = 100;

/// A template that is ready to be filled in.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    texts: BTreeMap<PostField, Text>,
    variables: BTreeMap<String, Variable>,
}

/// A variable of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) default: Option<String>,
    /// The fields in whose texts it stands.
    pub(crate) used_in: BTreeSet<PostField>,
}

/// The texts of one post, made from a template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rendered(BTreeMap<PostField, String>);

impl Compiled {
    /// Reads and checks a template. Errors point into its body: `/texts/topic`, `/defaults/season`.
    pub(crate) fn of(texts: &Texts, defaults: &BTreeMap<String, String>) -> Result<Self, Errors> {
        let mut errors = Errors::new();
        let mut compiled = Self { texts: BTreeMap::new(), variables: BTreeMap::new() };
        for (field, text) in texts {
            match Text::parse(text) {
                Ok(text) => {
                    for name in text.variables() {
                        compiled.variables.entry(name.to_owned()).or_default().used_in.insert(*field);
                    }
                    compiled.texts.insert(*field, text);
                }
                Err(error) => errors.push(FieldError::new(format!("/texts/{field}"), "invalid", error.to_string())),
            }
        }
        for (name, default) in defaults {
            if let Some(variable) = compiled.variables.get_mut(name) {
                variable.default = Some(default.clone());
            } else if errors.is_empty() {
                // While a text cannot be read, nobody knows all variables.
                errors.push(unknown_variable("/defaults", name));
            }
        }
        if compiled.variables.len() > VARIABLES {
            let detail = format!("must have {VARIABLES} variables at most; they have {}", compiled.variables.len());
            errors.push(FieldError::new("/texts", "too_many", detail));
        }
        errors.append(&mut compiled.errors_of_constants());
        if errors.is_empty() { Ok(compiled) } else { Err(errors) }
    }

    /// What the rules for posts say of texts without variables.
    fn errors_of_constants(&self) -> Errors {
        let constant = |field: &PostField| self.texts.get(field).filter(|text| text.variables().next().is_none());
        let rendered: BTreeMap<PostField, String> = PostField::ALL
            .iter()
            .filter_map(|field| Some((*field, self.rendered(constant(field)?, &BTreeMap::new()))))
            .collect();
        let mut row = Row::default();
        // Stand-ins for what a post must have and this template leaves open or to a variable.
        for field in PostField::ALL.iter().filter(|field| field.is_required()) {
            row.set(*field, Given { value: Value::Text("-"), name: field.as_str() });
        }
        for (field, text) in &rendered {
            row.set(*field, Given { value: Value::Text(text), name: field.as_str() });
        }
        let mut findings = Findings::default();
        checked(&row, Place::BODY.field("texts"), &mut findings, &mut |_, _, _| {});
        findings.into_parts().0
    }

    /// Its variables by name, in the order of their names.
    pub(crate) fn variables(&self) -> &BTreeMap<String, Variable> {
        &self.variables
    }

    /// Whether it has a text for a field; if not, the field is open to whoever uses the template.
    pub(crate) fn fills(&self, field: PostField) -> bool {
        self.texts.contains_key(&field)
    }

    /// The texts of one post. Every variable has a value in `values` or a default; the caller has seen to that.
    pub(crate) fn render(&self, values: &BTreeMap<&str, &str>) -> Rendered {
        Rendered(self.texts.iter().map(|(field, text)| (*field, self.rendered(text, values))).collect())
    }

    fn rendered(&self, text: &Text, values: &BTreeMap<&str, &str>) -> String {
        let default = |name: &str| self.variables.get(name).and_then(|variable| variable.default.as_deref());
        let mut into = String::new();
        text.render(&mut into, |name| values.get(name).copied().or_else(|| default(name)).unwrap_or_default());
        into
    }
}

impl Rendered {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PostField, &str)> {
        self.0.iter().map(|(field, text)| (*field, text.as_str()))
    }
}

/// A name that is no variable of the template.
pub(crate) fn unknown_variable(pointer: &str, name: &str) -> FieldError {
    let name = name.replace('~', "~0").replace('/', "~1");
    FieldError::new(format!("{pointer}/{name}"), "unknown_variable", "is not a variable of the template's texts")
}

/// A variable without a value.
pub(crate) fn missing_variable(pointer: &str, name: &str) -> FieldError {
    FieldError::new(format!("{pointer}/{name}"), "required", "is a variable without a default, so it needs a value")
}
