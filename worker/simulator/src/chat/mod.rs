//! `POST /v1/chat/completions`: text, JSON that follows a schema, and images of models that draw.

mod answer;
mod message;
mod request;
mod schema;

pub(crate) use answer::{Caption, Completion, Picture};
pub(crate) use request::{ChatRequest, Output};
pub(crate) use schema::Schemas;
