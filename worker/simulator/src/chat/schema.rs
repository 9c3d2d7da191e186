//! Reading a JSON schema.
//!
//! A schema is compiled once into a [`Shape`] and kept, because a worker sends the same one with every call. Strict
//! schemas are held to the provider's rules: every object closed, every property required.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// What a value has to look like.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Object(Vec<(String, Shape)>),
    Array { item: Box<Shape>, least: usize, most: usize },
    Text { least: usize, most: usize, form: Form },
    Integer { low: i64, high: Option<i64>, step: i64 },
    Number { low: f64, high: Option<f64> },
    Boolean,
    Null,
    OneOf(Vec<Value>),
}

/// What a text has to look like, beside its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Any,
    Date,
    Time,
    DateTime,
    Email,
    Address,
    Uuid,
    Colour,
    /// Lower-case words with hyphens.
    Slug,
}

/// Deeper schemas are refused, as providers do. Also ends the reading of schemas that contain themselves.
const MAX_DEPTH: usize = 10;

/// Compiled schemas, by their text.
#[derive(Debug, Default)]
pub(crate) struct Schemas(Mutex<HashMap<(String, bool), Arc<Shape>>>);

impl Schemas {
    /// More different schemas than a client has; then the memory is emptied.
    const KEPT: usize = 256;

    pub(crate) fn compile(&self, name: &str, text: &str, strict: bool) -> Result<Arc<Shape>, Refusal> {
        let key = (text.to_owned(), strict);
        if let Some(shape) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(shape.clone());
        }
        let invalid = |why: String| {
            let message = format!("Invalid schema for response_format '{name}': {why}");
            Refusal::bad_request(Value::Null, message).about("response_format")
        };
        let root: Value = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if strict && root.get("type") != Some(&Value::from("object")) {
            return Err(invalid("schema must be a JSON Schema of 'type: \"object\"'.".into()));
        }
        let shape = Compiler { root: &root, strict }.shape(&root, &mut Vec::new(), 0).map_err(invalid)?;
        let shape = Arc::new(shape);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= Self::KEPT {
            kept.clear();
        }
        kept.insert(key, shape.clone());
        Ok(shape)
    }
}

struct Compiler<'a> {
    root: &'a Value,
    strict: bool,
}

impl<'a> Compiler<'a> {
    fn shape(&self, schema: &'a Value, path: &mut Vec<String>, depth: usize) -> Result<Shape, String> {
        let at = |path: &[String]| format!("In context=({}), ", path.join(", "));
        if depth > MAX_DEPTH {
            return Err(format!("{}the schema is nested deeper than {MAX_DEPTH} levels.", at(path)));
        }
        let Value::Object(schema) = schema else {
            return Err(format!("{}a schema must be an object.", at(path)));
        };
        if let Some(reference) = schema.get("$ref") {
            return self.shape(self.resolve(reference).map_err(|why| at(path) + &why)?, path, depth + 1);
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            if values.is_empty() {
                return Err(format!("{}'enum' is empty.", at(path)));
            }
            return Ok(Shape::OneOf(values.clone()));
        }
        if let Some(value) = schema.get("const") {
            return Ok(Shape::OneOf(vec![value.clone()]));
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(Value::Array(options)) = schema.get(choice) {
                let first = options.first().ok_or_else(|| format!("{}'{choice}' is empty.", at(path)))?;
                return self.shape(first, path, depth + 1);
            }
        }
        let kind = match schema.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            // Of several types the first that is not null.
            Some(Value::Array(kinds)) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
            }
            _ => return Err(format!("{}schema must have a 'type' key.", at(path))),
        };
        let count = |name: &str| schema.get(name).and_then(Value::as_u64).map(|count| count as usize);
        let least_number = |name: &str| schema.get(name).and_then(Value::as_f64);
        match kind {
            "object" => self.object(schema, path, depth).map_err(|why| at(path) + &why),
            "array" => {
                let item = schema.get("items").ok_or_else(|| format!("{}array schema missing items.", at(path)))?;
                path.push("'items'".into());
                let item = Box::new(self.shape(item, path, depth + 1)?);
                path.pop();
                let least = count("minItems").unwrap_or(0);
                let most = count("maxItems").unwrap_or(usize::MAX);
                if least > most {
                    return Err(format!("{}'minItems' is larger than 'maxItems'.", at(path)));
                }
                Ok(Shape::Array { item, least, most })
            }
            "string" => {
                let least = count("minLength").unwrap_or(0);
                let most = count("maxLength").unwrap_or(usize::MAX);
                if least > most {
                    return Err(format!("{}'minLength' is larger than 'maxLength'.", at(path)));
                }
                Ok(Shape::Text { least, most, form: form(schema) })
            }
            "integer" => {
                let low = least_number("minimum")
                    .map(f64::ceil)
                    .or_else(|| least_number("exclusiveMinimum").map(|low| low.floor() + 1.0));
                let high = least_number("maximum")
                    .map(f64::floor)
                    .or_else(|| least_number("exclusiveMaximum").map(|high| high.ceil() - 1.0));
                let step = schema.get("multipleOf").and_then(Value::as_i64).filter(|step| *step > 1);
                let low = low.map_or(0, |low| low as i64);
                Ok(Shape::Integer { low, high: high.map(|high| high as i64), step: step.unwrap_or(1) })
            }
            "number" => {
                let low = least_number("minimum").or_else(|| least_number("exclusiveMinimum")).unwrap_or(0.0);
                let high = least_number("maximum").or_else(|| least_number("exclusiveMaximum"));
                Ok(Shape::Number { low, high })
            }
            "boolean" => Ok(Shape::Boolean),
            "null" => Ok(Shape::Null),
            other => Err(format!("{}'{other}' is not a valid type.", at(path))),
        }
    }

    fn object(&self, schema: &'a Map<String, Value>, path: &mut Vec<String>, depth: usize) -> Result<Shape, String> {
        let none = Map::new();
        let properties = match schema.get("properties") {
            Some(Value::Object(properties)) => properties,
            None => &none,
            Some(_) => return Err("'properties' must be an object.".into()),
        };
        let required: Vec<&str> = match schema.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if let Some(name) = required.iter().find(|name| !properties.contains_key(**name)) {
            return Err(format!("'required' names '{name}', which 'properties' does not have."));
        }
        if self.strict {
            if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
                return Err("'additionalProperties' is required to be supplied and to be false.".into());
            }
            if let Some(name) = properties.keys().find(|name| !required.contains(&name.as_str())) {
                return Err(format!(
                    "'required' is required to be supplied and to be an array including every key in properties. \
                     Missing '{name}'."
                ));
            }
        }
        let mut shapes = Vec::with_capacity(properties.len());
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            path.extend(["'properties'".into(), format!("'{name}'")]);
            shapes.push((name.clone(), self.shape(property, path, depth + 1)?));
            path.truncate(path.len() - 2);
        }
        Ok(Shape::Object(shapes))
    }

    fn resolve(&self, reference: &Value) -> Result<&'a Value, String> {
        let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).unwrap_or("/-");
        self.root.pointer(pointer).ok_or_else(|| format!("reference {reference} can not be resolved."))
    }
}

/// The form of a text, by its `format` or by the patterns that schemas use for the same.
fn form(schema: &Map<String, Value>) -> Form {
    let said = |name: &str| schema.get(name).and_then(Value::as_str).unwrap_or_default();
    match said("format") {
        "date" => return Form::Date,
        "time" => return Form::Time,
        "date-time" => return Form::DateTime,
        "email" => return Form::Email,
        "uri" | "url" | "uri-reference" => return Form::Address,
        "uuid" => return Form::Uuid,
        _ => {}
    }
    let pattern = said("pattern");
    if pattern.contains('#') {
        Form::Colour
    } else if pattern.contains("{4}-") || pattern.contains("\\d\\d\\d\\d-") {
        Form::Date
    } else if pattern.contains("a-z0-9") && pattern.contains('-') && !pattern.contains("A-Z") {
        Form::Slug
    } else {
        Form::Any
    }
}
