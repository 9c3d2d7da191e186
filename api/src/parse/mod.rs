//! Reading JSON bodies: everything that is wrong with one is reported, each with its JSON pointer.
//!
//! A body is first held as raw text ([`Body`], [`Lenient`]), then read field by field through [`Fields`], which collects
//! errors where serde would stop at the first. What a type's `read` returns is whole, or its body is refused.

mod body;
mod fields;
mod language_tag;

pub use body::{Body, Lenient, ReadBody, is_json, read_json};
pub use fields::{Errors, Fields};
pub use language_tag::is_language_tag;
