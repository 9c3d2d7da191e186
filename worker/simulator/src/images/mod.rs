//! `POST /v1/images/generations` and `/v1/images/edits`, and the files behind the links that older models answer with.

mod answer;
mod edit;
mod files;
mod reference;
mod request;

pub(crate) use answer::render;
pub(crate) use files::Files;
pub(crate) use reference::Reference;
pub(crate) use request::{Delivery, Format, ImageRequest};

/// A picture to be drawn, and the row of the price table it is charged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) priced_size: String,
    pub(crate) quality: String,
}

/// Aspect ratios of models that draw through chat completions, and the pixels they stand for.
pub(crate) const ASPECTS: [(&str, u32, u32); 10] = [
    ("1:1", 1024, 1024),
    ("2:3", 832, 1248),
    ("3:2", 1248, 832),
    ("3:4", 864, 1184),
    ("4:3", 1184, 864),
    ("4:5", 896, 1152),
    ("5:4", 1152, 896),
    ("9:16", 768, 1344),
    ("16:9", 1344, 768),
    ("21:9", 1536, 672),
];
