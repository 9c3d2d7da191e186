//! Following a JSON schema.
//!
//! A schema is compiled once into a [`Shape`] and kept, because a worker sends the same one with every call. Strict
//! schemas are held to the provider's rules: every object closed, every property required.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};

use crate::{copywriter::Copy, refusal::Refusal, seed::Seed, shorten::shorten};

/// What a value has to look like.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Object(Vec<(String, Shape)>),
    Array { item: Box<Shape>, least: usize, most: usize },
    Text { least: usize, most: usize },
    Integer { low: i64, high: i64 },
    Number { low: f64, high: f64 },
    Boolean,
    Null,
    OneOf(Vec<Value>),
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
                Ok(Shape::Text { least, most })
            }
            "integer" => {
                let low = least_number("minimum").map_or(0, |low| low.ceil() as i64);
                let high = least_number("maximum").map_or(low.saturating_add(100), |high| high.floor() as i64);
                Ok(Shape::Integer { low, high })
            }
            "number" => {
                let low = least_number("minimum").unwrap_or(0.0);
                Ok(Shape::Number { low, high: least_number("maximum").unwrap_or(low + 1.0) })
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

impl Shape {
    /// Writes a value of this shape. Fields with a known name get what the copywriter wrote for them.
    pub(crate) fn write(&self, name: &str, copy: &Copy, seed: &mut Seed, out: &mut Vec<u8>) {
        match self {
            Self::Object(properties) => {
                out.push(b'{');
                for (at, (property, shape)) in properties.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    write_text(property, out);
                    out.push(b':');
                    shape.write(property, copy, seed, out);
                }
                out.push(b'}');
            }
            Self::Array { item, least, most } => {
                out.push(b'[');
                let texts = copy.list(name);
                let count = texts.len().max(1).clamp(*least, *most);
                for at in 0..count {
                    if at > 0 {
                        out.push(b',');
                    }
                    match (item.as_ref(), texts.get(at)) {
                        (Self::Text { most, .. }, Some(text)) => write_text(&shorten(text, *most), out),
                        _ => item.write(name, copy, seed, out),
                    }
                }
                out.push(b']');
            }
            Self::Text { least, most } => {
                let mut text = shorten(&copy.text(name, seed), *most);
                while text.chars().count() < *least {
                    let longer = format!("{text} {}", copy.filler(seed));
                    if longer.chars().count() > *most {
                        text.extend(std::iter::repeat_n('.', *least - text.chars().count()));
                    } else {
                        text = longer;
                    }
                }
                write_text(&text, out);
            }
            Self::Integer { low, high } => out.extend(seed.between(*low, *high).to_string().bytes()),
            Self::Number { low, high } => {
                let number = low + (high - low) * seed.unit();
                out.extend(Value::from(number).to_string().bytes());
            }
            Self::Boolean => out.extend(if seed.below(2) == 0 { "false" } else { "true" }.bytes()),
            Self::Null => out.extend(b"null"),
            Self::OneOf(values) => {
                let known = copy.exact(name).and_then(|word| values.iter().find(|value| value.as_str() == Some(word)));
                let value = known.or_else(|| seed.pick(values)).unwrap_or(&Value::Null);
                out.extend(value.to_string().bytes());
            }
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend(Value::from(text).to_string().bytes());
}
