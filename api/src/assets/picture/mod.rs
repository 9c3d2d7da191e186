//! An image that somebody uploads: told by its bytes, measured before it is decoded, freed of everything that does not show,
//! and decoded whole to see that it is one.
//!
//! Metadata go without touching a pixel: each format has its own way to leave them out. Only an image that lies on its side by
//! its metadata is written anew, upright. Colour profiles stay: they show.

mod jpeg;
mod png;
mod webp;

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageReader, Limits};
use shared::media::ImageFormat;
use tokio::sync::Semaphore;

/// The most bytes that an upload may have.
pub(super) const LARGEST: usize = 12 << 20;
/// The sides that an image may have, in pixels, and how many pixels.
const SHORTEST_SIDE: u32 = 64;
const LONGEST_SIDE: u32 = 8_192;
const MOST_PIXELS: u64 = 40_000_000;
/// What decoding may allocate: four bytes a pixel, and a fifth as much again.
const DECODE_MEMORY: u64 = 192 << 20;
/// Images that are decoded at once.
const AT_ONCE: usize = 2;
/// The sides of the small copy, at most.
const THUMBNAIL: u32 = 256;
/// The sides of a picture that a thumbhash is made of, at most.
const HASHED: u32 = 96;
const JPEG_QUALITY: u8 = 92;

/// An image as it is stored.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) file: File,
    /// In pixels, upright.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) thumbnail: File,
    /// A preview in about 25 bytes.
    pub(super) thumbhash: Vec<u8>,
}

/// An encoded image.
#[derive(Debug)]
pub(super) struct File {
    pub(super) bytes: Bytes,
    pub(super) format: ImageFormat,
}

/// What is wrong with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("is no PNG, JPEG or WebP")]
    Unknown,
    #[error("is broken or not whole")]
    Broken,
    #[error("is animated; only still images are taken")]
    Animated,
    #[error("must have sides of {SHORTEST_SIDE} to {LONGEST_SIDE} pixels")]
    Sides,
    #[error("must have {MOST_PIXELS} pixels at most")]
    Pixels,
}

/// Takes images in, few at a time: each may take [`DECODE_MEMORY`].
#[derive(Clone, Debug)]
pub struct Intake {
    permits: Arc<Semaphore>,
}

impl Intake {
    pub fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Looks at an upload beside the event loop.
    pub(super) async fn take(&self, bytes: Bytes) -> Result<Picture, Flaw> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let looking = tokio::task::spawn_blocking(move || {
            // Held until what the work needed is gone.
            let _permit = permit;
            look(&bytes)
        });
        // A decoder that panics has met an image that is none.
        looking.await.unwrap_or(Err(Flaw::Broken))
    }
}

impl Default for Intake {
    fn default() -> Self {
        Self::new()
    }
}

fn look(bytes: &[u8]) -> Result<Picture, Flaw> {
    let format = ImageFormat::sniff(bytes).ok_or(Flaw::Unknown)?;
    let plain = match format {
        ImageFormat::Png => png::strip(bytes).ok_or(Flaw::Broken)?,
        ImageFormat::Jpeg => jpeg::strip(bytes).ok_or(Flaw::Broken)?,
        ImageFormat::WebP => webp::strip(bytes)?,
    };
    let (width, height) = reader(&plain, format).into_dimensions().map_err(|_| Flaw::Broken)?;
    let sane = |side: u32| (SHORTEST_SIDE..=LONGEST_SIDE).contains(&side);
    if !sane(width) || !sane(height) {
        return Err(Flaw::Sides);
    }
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Flaw::Pixels);
    }
    let mut decoder = reader(&plain, format).into_decoder().map_err(|_| Flaw::Broken)?;
    let profile = decoder.icc_profile().ok().flatten();
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(|_| Flaw::Broken)?;
    let mut file = plain;
    let turn = orientation(bytes, format);
    if turn != Orientation::NoTransforms {
        pixels.apply_orientation(turn);
        file = write(&pixels, format, profile.clone()).ok_or(Flaw::Broken)?;
    }
    let small = small(&pixels, THUMBNAIL);
    // A small copy in the format that is smaller for what it shows: photographs, or what lies on nothing.
    let small_format = if small.color().has_alpha() { ImageFormat::WebP } else { ImageFormat::Jpeg };
    let thumbnail = write(&small, small_format, profile).ok_or(Flaw::Broken)?;
    let hashed = self::small(&small, HASHED).to_rgba8();
    Ok(Picture {
        file: File { bytes: file.into(), format },
        width: pixels.width(),
        height: pixels.height(),
        thumbnail: File { bytes: thumbnail.into(), format: small_format },
        thumbhash: thumbhash::rgba_to_thumb_hash(hashed.width() as usize, hashed.height() as usize, hashed.as_raw()),
    })
}

fn reader(bytes: &[u8], format: ImageFormat) -> ImageReader<Cursor<&[u8]>> {
    let kind = match format {
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::WebP => image::ImageFormat::WebP,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_MEMORY);
    reader.limits(limits);
    reader
}

/// How the image has to be turned to stand upright, by its metadata.
fn orientation(bytes: &[u8], format: ImageFormat) -> Orientation {
    let decoder = reader(bytes, format).into_decoder();
    decoder.ok().and_then(|mut decoder| decoder.orientation().ok()).unwrap_or(Orientation::NoTransforms)
}

/// The image with sides of at most that many pixels.
fn small(pixels: &DynamicImage, side: u32) -> DynamicImage {
    let (width, height) = (pixels.width().min(side), pixels.height().min(side));
    if pixels.width() <= side && pixels.height() <= side { pixels.clone() } else { pixels.thumbnail(width, height) }
}

fn write(pixels: &DynamicImage, format: ImageFormat, profile: Option<Vec<u8>>) -> Option<Vec<u8>> {
    // A profile of other channels than these would be wrong.
    let profile = profile.filter(|profile| profile.get(16..20) == Some(b"RGB ".as_slice()));
    let mut bytes = Vec::new();
    let eight_bits =
        if pixels.color().has_alpha() { pixels.to_rgba8().into() } else { DynamicImage::from(pixels.to_rgb8()) };
    match format {
        ImageFormat::Png => encode(&eight_bits, PngEncoder::new(&mut bytes), profile),
        ImageFormat::Jpeg => encode(&eight_bits, JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY), profile),
        ImageFormat::WebP => encode(&eight_bits, WebPEncoder::new_lossless(&mut bytes), profile),
    }?;
    Some(bytes)
}

fn encode(pixels: &DynamicImage, mut encoder: impl ImageEncoder, profile: Option<Vec<u8>>) -> Option<()> {
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile).ok()?;
    }
    pixels.write_with_encoder(encoder).ok()
}

#[cfg(test)]
mod tests;
