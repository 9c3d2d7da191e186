//! Routes: which models are asked, in which order.

use std::time::Duration;

use serde::Deserialize;

use crate::prices::{LargestSize, Output};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteProfile {
    pub output: Output,
    pub deadline_seconds: u64,
    pub first_byte_seconds: u64,
    pub max_completion_tokens: u32,
    pub models: Vec<ModelProfile>,
    /// The route whose models are asked after these.
    pub then: Option<String>,
    /// Its models are named by old front ends: that one is gone is no news.
    #[serde(default)]
    pub legacy: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelProfile {
    pub provider: String,
    pub model: String,
    pub deadline_seconds: Option<u64>,
    pub first_byte_seconds: Option<u64>,
    pub max_completion_tokens: Option<u32>,
    /// The largest image that is asked of it.
    pub max_size: Option<LargestSize>,
    /// Whether it makes images of pictures that it is shown.
    #[serde(default)]
    pub references: bool,
}

/// A model of a route, with what the route says of all its models.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    pub provider: &'a str,
    pub model: &'a str,
    /// Of a whole call.
    pub deadline: Duration,
    pub first_byte: Duration,
    /// The most tokens that an answer may have.
    pub completion_cap: u32,
    pub max_size: Option<LargestSize>,
    pub references: bool,
}

impl RouteProfile {
    pub(super) fn choices(&self) -> impl Iterator<Item = Choice<'_>> {
        self.models.iter().map(|entry| Choice {
            provider: &entry.provider,
            model: &entry.model,
            deadline: Duration::from_secs(entry.deadline_seconds.unwrap_or(self.deadline_seconds)),
            first_byte: Duration::from_secs(entry.first_byte_seconds.unwrap_or(self.first_byte_seconds)),
            completion_cap: entry.max_completion_tokens.unwrap_or(self.max_completion_tokens),
            max_size: entry.max_size,
            references: entry.references,
        })
    }
}
