//! Pictures that a request brings along: what they are, and what they cost to look at.

use std::{
    hash::{Hash, Hasher},
    io::Cursor,
};

use bytes::Bytes;
use image::{ImageFormat, ImageReader};

use crate::seed::Seed;

/// A picture that a model is to look at. Two of the same bytes are equal.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    digest: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) file: Bytes,
}

/// How closely an image model looks at a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fidelity {
    Low,
    High,
}

impl Reference {
    /// More pixels are not looked at by any model.
    const MOST_PIXELS: u64 = 100_000_000;

    /// The picture, if the bytes are a PNG, JPEG or WebP of a size that can be drawn. The pixels are not read yet.
    pub(crate) fn read(file: Bytes) -> Option<Self> {
        let reader = ImageReader::new(Cursor::new(&file)).with_guessed_format().ok()?;
        if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
            return None;
        }
        let (width, height) = reader.into_dimensions().ok()?;
        if width == 0 || height == 0 || u64::from(width) * u64::from(height) > Self::MOST_PIXELS {
            return None;
        }
        let digest = Seed::of_bytes(&file).next();
        Some(Self { digest, width, height, file })
    }

    /// Tokens of the picture in an edit: it is scaled down to a shortest side of 512 pixels and counted in tiles of
    /// 512 x 512, and a close look takes a fixed number more.
    ///
    /// <https://developers.openai.com/api/docs/guides/images-vision> (image tokens of GPT image models)
    pub(crate) fn edit_tokens(&self, fidelity: Fidelity) -> u64 {
        let closer = match fidelity {
            Fidelity::Low => 0,
            Fidelity::High if self.is_square() => 4160,
            Fidelity::High => 6240,
        };
        65 + 129 * self.tiles(512) + closer
    }

    /// Tokens of the picture in a chat, counted in the tiles of the GPT-4o family.
    pub(crate) fn chat_tokens(&self) -> u64 {
        85 + 170 * self.tiles(768)
    }

    fn is_square(&self) -> bool {
        let (short, long) = (self.width.min(self.height), self.width.max(self.height));
        long * 10 <= short * 11
    }

    /// Tiles of 512 x 512, once the picture fits 2048 x 2048 and its shortest side is at most `side`.
    fn tiles(&self, side: u32) -> u64 {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let fitted = (2048.0 / width.max(height)).min(1.0);
        let scale = fitted * (f64::from(side) / (width.min(height) * fitted)).min(1.0);
        let along = |length: f64| ((length * scale).round() / 512.0).ceil().max(1.0) as u64;
        along(width) * along(height)
    }
}

impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.file.len() == other.file.len()
    }
}

impl Eq for Reference {}

impl Hash for Reference {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(width: u32, height: u32) -> Reference {
        Reference { digest: 0, width, height, file: Bytes::new() }
    }

    #[test]
    fn tokens_are_those_of_the_published_tables() {
        // 1024 x 1024 becomes 512 x 512, one tile; 1024 x 1536 becomes 512 x 768, two.
        assert_eq!(sized(1024, 1024).edit_tokens(Fidelity::Low), 65 + 129);
        assert_eq!(sized(1024, 1536).edit_tokens(Fidelity::Low), 65 + 2 * 129);
        assert_eq!(sized(1024, 1024).edit_tokens(Fidelity::High), 65 + 129 + 4160);
        assert_eq!(sized(1536, 1024).edit_tokens(Fidelity::High), 65 + 2 * 129 + 6240);
        assert_eq!(sized(300, 300).edit_tokens(Fidelity::Low), 65 + 129, "a small picture is not made larger");
        // 1024 x 1024 becomes 768 x 768, four tiles; 2048 x 4096 becomes 768 x 1536, six.
        assert_eq!(sized(1024, 1024).chat_tokens(), 765);
        assert_eq!(sized(2048, 4096).chat_tokens(), 1105);
    }

    #[test]
    fn only_pictures_are_read() {
        assert!(Reference::read(Bytes::from_static(b"<svg/>")).is_none());
        assert!(Reference::read(Bytes::from_static(b"\x89PNG\r\n\x1a\n")).is_none());
    }
}
