//! `POST /v1/chat/completions`: text, JSON that follows a schema, and images of models that draw.

mod answer;
mod message;
mod request;
mod schema;
mod shape;
mod twist;

pub(crate) use answer::{Completion, Picture, Wish};
pub(crate) use request::{ChatRequest, Output};
pub(crate) use schema::Schemas;
