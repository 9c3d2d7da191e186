//! Pictures that a person can tell apart: a scene in the brand's colours, with the brand and the topic written on it.
//!
//! Pixels are indices into a palette and are drawn in runs, so that a picture takes little time and few bytes. The same
//! [`Sketch`] is always the same file.

mod canvas;
mod colours;
mod damage;
mod encode;
mod font;
mod scene;
mod store;

pub(crate) use damage::damaged;
pub(crate) use store::Pictures;

use crate::{copywriter::Brief, images::Format, seed::Seed};

/// Everything a picture depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sketch {
    brand: String,
    topic: String,
    /// Tells apart pictures of one brand and topic.
    variant: u64,
    width: u32,
    height: u32,
    format: Format,
    transparent: bool,
    blank: bool,
}

impl Sketch {
    pub(crate) fn of(prompt: &str, piece: u64, width: u32, height: u32, format: Format) -> Self {
        let brief = Brief::find_in_prompt(prompt);
        let variant = Seed::of(&[prompt, &piece.to_string()]).next();
        Self {
            brand: brief.brand,
            topic: brief.topic,
            variant,
            width,
            height,
            format,
            transparent: false,
            blank: false,
        }
    }

    /// One of a fixed set of pictures.
    pub(crate) fn numbered(number: u64, width: u32, height: u32, format: Format) -> Self {
        Self {
            brand: "Sample".into(),
            topic: format!("Picture {number}"),
            variant: number,
            width,
            height,
            format,
            transparent: false,
            blank: false,
        }
    }

    pub(crate) fn number_in(&self, pool: u64) -> u64 {
        self.variant % pool.max(1)
    }

    pub(crate) fn transparent(mut self, transparent: bool) -> Self {
        self.transparent = transparent;
        self
    }

    pub(crate) fn resized(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// Nothing but one colour.
    pub(crate) fn blank(mut self) -> Self {
        self.blank = true;
        self
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Draws and encodes it. Takes milliseconds: keep it off the threads that serve connections.
    fn draw(&self) -> Vec<u8> {
        let scene = if self.blank { scene::blank(self) } else { scene::draw(self) };
        encode::encode(&scene, self.format)
    }
}

#[cfg(test)]
mod tests;
