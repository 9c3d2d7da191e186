//! Checks what an image model made: it is an image, whole, of the shape that was asked for, and not blank. An image that was
//! made in another size than its author asked for is brought to that ([`resample`]); one that its platform does not take as it
//! is, by its format or its size, is written anew as JPEG. A [`print`](self::print) tells near-copies.

mod print;
mod quality;
mod resample;

use std::any::Any;
use std::fmt;
use std::io::Cursor;
use std::num::NonZero;
use std::sync::Arc;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GenericImageView, ImageReader, Limits, Rgb, RgbImage};
use shared::domain::Flag;
use shared::media::ImageFormat;
use tokio::sync::Semaphore;

use crate::platforms::{ImageRules, Platform};

pub use print::{NEAR_COPY, alikeness};
pub use quality::Quality;

/// The most bytes that an image may have.
pub const LARGEST: usize = 12 << 20;
/// The sides that an image may have, in pixels.
const SHORTEST_SIDE: u32 = 64;
const LONGEST_SIDE: u32 = 4096;
/// What decoding may allocate: four bytes a pixel of the largest image, and half as much again.
const DECODE_MEMORY: u64 = 96 << 20;
/// How far the shape may be from the asked one, as the logarithm of the ratio of their aspects: a tenth or so.
const SHAPE_TOLERANCE: f64 = 0.1;
/// Pixels that are looked at for blankness, about.
const SAMPLES: u32 = 65_536;
/// An image whose every channel varies by less than this (standard deviation, of 256 steps) shows nothing.
const BLANK_DEVIATION: f64 = 1.5;
/// The qualities that a JPEG is written with, until it is small enough.
const JPEG_QUALITIES: [u8; 4] = [90, 80, 65, 45];
/// The sides of a picture that a thumbhash is made of, at most.
const THUMBNAIL: u32 = 96;

/// What an image has to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What the model was asked for, in pixels.
    pub size: (u32, u32),
    /// The size that it has to have in the end; `None`: as it was made.
    pub brought_to: Option<(u32, u32)>,
    pub platform: Platform,
}

/// A checked image: as it came, or written anew for its platform.
#[derive(Clone)]
pub struct Picture {
    pub bytes: Bytes,
    pub format: ImageFormat,
    /// In pixels; what was made, which may differ from what was asked for.
    pub width: u32,
    pub height: u32,
    /// Width and height in which the model made it.
    pub native: (u32, u32),
    /// By which near-copies are told: see [`alikeness`].
    pub print: u64,
    /// A preview in about 25 bytes.
    pub thumbhash: Vec<u8>,
    pub flags: Vec<Flag>,
    /// The memory that was booked for the bytes: given back with the picture.
    held: Option<Arc<dyn Any + Send + Sync>>,
}

impl Picture {
    /// The picture, with something to let go of when it is dropped.
    pub(crate) fn holding(mut self, held: Arc<dyn Any + Send + Sync>) -> Self {
        self.held = Some(held);
        self
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, format, width, height, flags, .. } = self;
        let (made_width, made_height) = self.native;
        let size = format!("{width}x{height} of {made_width}x{made_height}");
        write!(f, "Picture({format:?}, {size}, {} bytes, {flags:?})", bytes.len())
    }
}

/// What is wrong with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("the image has more than {LARGEST} bytes")]
    TooBig,
    #[error("what came is no PNG, JPEG or WebP")]
    Unknown,
    #[error("the image is broken")]
    Broken,
    #[error("the image's sides are not between {SHORTEST_SIDE} and {LONGEST_SIDE} pixels")]
    Sides,
    #[error("the image has {} by {} pixels where {} by {} were asked for", made.0, made.1, asked.0, asked.1)]
    Shape { made: (u32, u32), asked: (u32, u32) },
    #[error("the image is blank")]
    Blank,
}

/// Decodes a few images at a time: as many as there are cores, so that memory is bounded and nothing else starves.
#[derive(Clone, Debug)]
pub struct PictureCheck {
    permits: Arc<Semaphore>,
}

impl PictureCheck {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { permits: Arc::new(Semaphore::new(cores)) }
    }

    /// Checks `bytes`, and writes them anew where the platform needs it.
    pub async fn check(&self, bytes: Bytes, wanted: Wanted) -> Result<Picture, Flaw> {
        self.beside(move || inspect(bytes, &wanted)).await.unwrap_or(Err(Flaw::Broken))
    }

    /// Does heavy work beside the runtime, as soon as a core is free for it; `None` when the work panicked.
    pub(crate) async fn beside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            // Held until what the work needed is gone.
            let _permit = permit;
            work()
        });
        done.await.ok()
    }
}

impl Default for PictureCheck {
    fn default() -> Self {
        Self::new()
    }
}

fn inspect(bytes: Bytes, wanted: &Wanted) -> Result<Picture, Flaw> {
    if bytes.len() > LARGEST {
        return Err(Flaw::TooBig);
    }
    let format = ImageFormat::sniff(&bytes).ok_or(Flaw::Unknown)?;
    let kind = match format {
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::WebP => image::ImageFormat::WebP,
    };
    let reader = || {
        let mut reader = ImageReader::with_format(Cursor::new(&bytes), kind);
        let mut limits = Limits::default();
        limits.max_alloc = Some(DECODE_MEMORY);
        reader.limits(limits);
        reader
    };
    let (width, height) = reader().into_dimensions().map_err(|_| Flaw::Broken)?;
    let sane = |side: u32| (SHORTEST_SIDE..=LONGEST_SIDE).contains(&side);
    if !sane(width) || !sane(height) {
        return Err(Flaw::Sides);
    }
    if !is_as_asked((width, height), wanted.size) {
        return Err(Flaw::Shape { made: (width, height), asked: wanted.size });
    }
    let mut pixels = reader().decode().map_err(|_| Flaw::Broken)?;
    if is_blank(&pixels) {
        return Err(Flaw::Blank);
    }
    let (native, print) = ((width, height), print::of(&pixels));
    let (mut bytes, mut format, mut flags) = (bytes, format, Vec::new());
    if let Some(size) = wanted.brought_to.filter(|size| *size != native) {
        pixels = resample::to_size(&pixels, size);
        (bytes, format) = resample::encode(&pixels, format).ok_or(Flaw::Broken)?;
        flags.push(Flag::ImageResampled);
    }
    let (width, height) = pixels.dimensions();
    let thumbhash = thumbhash(&pixels);
    let picture = Picture { bytes, format, width, height, native, print, thumbhash, flags, held: None };
    Ok(suit(picture, &pixels, &wanted.platform.rules.image))
}

/// Whether the shape is about the asked one, and neither side less than half of it.
fn is_as_asked(made: (u32, u32), asked: (u32, u32)) -> bool {
    let aspect = |(width, height): (u32, u32)| (f64::from(width) / f64::from(height)).ln();
    let whole = made.0 >= asked.0.div_ceil(2) && made.1 >= asked.1.div_ceil(2);
    whole && (aspect(made) - aspect(asked)).abs() <= SHAPE_TOLERANCE
}

/// Whether nothing can be seen: hardly any change in any channel, or all transparent.
fn is_blank(pixels: &DynamicImage) -> bool {
    let (width, height) = pixels.dimensions();
    let step = f64::from(width * height / SAMPLES).sqrt().floor().max(1.0) as usize;
    let (mut count, mut sums, mut squares) = (0.0, [0.0; 4], [0.0; 4]);
    for y in (0..height).step_by(step) {
        for x in (0..width).step_by(step) {
            let pixel = pixels.get_pixel(x, y).0;
            // What is under full transparency does not show.
            let shown = if pixel[3] == 0 { [0; 4] } else { pixel };
            count += 1.0;
            for (channel, value) in shown.into_iter().map(f64::from).enumerate() {
                sums[channel] += value;
                squares[channel] += value * value;
            }
        }
    }
    let variance = |channel: usize| squares[channel] / count - (sums[channel] / count).powi(2);
    (0..4).all(|channel| variance(channel) < BLANK_DEVIATION * BLANK_DEVIATION)
}

fn thumbhash(pixels: &DynamicImage) -> Vec<u8> {
    let small = pixels.thumbnail(THUMBNAIL, THUMBNAIL).to_rgba8();
    thumbhash::rgba_to_thumb_hash(small.width() as usize, small.height() as usize, small.as_raw())
}

/// The picture as its platform takes it, and flags for what it cannot be made to suit.
fn suit(mut picture: Picture, pixels: &DynamicImage, rules: &ImageRules) -> Picture {
    let small = |bytes: &[u8]| rules.max_bytes.is_none_or(|most| bytes.len() <= most);
    if !rules.takes(picture.format) || !small(&picture.bytes) {
        let plain = on_white(pixels);
        let mut written = JPEG_QUALITIES.iter().filter_map(|quality| jpeg(&plain, *quality)).peekable();
        let best = written.peek().cloned();
        if let Some(bytes) = written.find(|bytes| small(bytes)).or(best) {
            (picture.bytes, picture.format) = (bytes.into(), ImageFormat::Jpeg);
            picture.flags.push(Flag::ImageConverted);
        }
    }
    if !small(&picture.bytes) {
        picture.flags.push(Flag::ImageTooBig);
    }
    if !rules.shows(picture.width, picture.height) {
        picture.flags.push(Flag::ImageAspect);
    }
    picture
}

/// JPEG knows no transparency: what is behind it becomes white.
fn on_white(pixels: &DynamicImage) -> RgbImage {
    if !pixels.color().has_alpha() {
        return pixels.to_rgb8();
    }
    let pixels = pixels.to_rgba8();
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let [red, green, blue, alpha] = pixels.get_pixel(x, y).0;
        let over = |value: u8| ((u16::from(value) * u16::from(alpha) + 255 * (255 - u16::from(alpha))) / 255) as u8;
        Rgb([over(red), over(green), over(blue)])
    })
}

fn jpeg(pixels: &RgbImage, quality: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
