//! Checks what an image model made: it is an image, whole, of a sane size, and not blank. Nothing is encoded anew.

use std::any::Any;
use std::fmt;
use std::io::Cursor;
use std::num::NonZero;
use std::sync::Arc;

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use tokio::sync::Semaphore;

/// The most bytes that an image may have.
pub const LARGEST: usize = 12 << 20;
/// The sides that an image may have, in pixels.
const SHORTEST_SIDE: u32 = 64;
const LONGEST_SIDE: u32 = 4096;
/// What decoding may allocate: four bytes a pixel of the largest image, and half as much again.
const DECODE_MEMORY: u64 = 96 << 20;
/// An image whose every channel stays within this many steps of 256 shows nothing.
const BLANK_RANGE: u8 = 8;

/// A checked image, as it came.
#[derive(Clone)]
pub struct Picture {
    pub bytes: Bytes,
    pub format: PictureFormat,
    /// In pixels; what was made, which may differ from what was asked for.
    pub width: u32,
    pub height: u32,
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
        let Self { bytes, format, width, height, held: _ } = self;
        write!(f, "Picture({format:?}, {width}x{height}, {} bytes)", bytes.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    Png,
    Jpeg,
    Webp,
}

impl PictureFormat {
    /// For a file's name, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
        }
    }

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
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

    /// Checks `bytes`.
    pub async fn check(&self, bytes: Bytes) -> Result<Picture, Flaw> {
        self.beside(move || inspect(bytes)).await.unwrap_or(Err(Flaw::Broken))
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

fn inspect(bytes: Bytes) -> Result<Picture, Flaw> {
    if bytes.len() > LARGEST {
        return Err(Flaw::TooBig);
    }
    let kind = image::guess_format(&bytes).map_err(|_| Flaw::Unknown)?;
    let format = match kind {
        ImageFormat::Png => PictureFormat::Png,
        ImageFormat::Jpeg => PictureFormat::Jpeg,
        ImageFormat::WebP => PictureFormat::Webp,
        _ => return Err(Flaw::Unknown),
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
    let pixels = reader().decode().map_err(|_| Flaw::Broken)?;
    if is_blank(&pixels) {
        return Err(Flaw::Blank);
    }
    Ok(Picture { bytes, format, width, height, held: None })
}

/// Whether nothing can be seen: one colour all over, or all transparent. A picture's first rows mostly tell.
fn is_blank(pixels: &DynamicImage) -> bool {
    let (mut lowest, mut highest) = ([u8::MAX; 4], [u8::MIN; 4]);
    let wide = |lowest: &[u8; 4], highest: &[u8; 4]| {
        lowest.iter().zip(highest).any(|(low, high)| high.saturating_sub(*low) > BLANK_RANGE)
    };
    let mut see = |pixel: [u8; 4]| {
        // What is under full transparency does not show.
        let shown = if pixel[3] == 0 { [0; 4] } else { pixel };
        for (channel, value) in shown.into_iter().enumerate() {
            lowest[channel] = lowest[channel].min(value);
            highest[channel] = highest[channel].max(value);
        }
        wide(&lowest, &highest)
    };
    match pixels {
        DynamicImage::ImageRgb8(pixels) => !pixels.pixels().any(|pixel| see([pixel[0], pixel[1], pixel[2], u8::MAX])),
        DynamicImage::ImageRgba8(pixels) => !pixels.pixels().any(|pixel| see(pixel.0)),
        other => !other.to_rgba8().pixels().any(|pixel| see(pixel.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Cursor, DynamicImage, Flaw, ImageFormat, PictureCheck, PictureFormat};

    fn encode(image: &DynamicImage, format: ImageFormat) -> Bytes {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).expect("encoded");
        bytes.into_inner().into()
    }

    /// A picture with a dot on a plain ground.
    fn dotted(width: u32, height: u32) -> DynamicImage {
        let mut image = image::RgbImage::from_pixel(width, height, image::Rgb([250, 250, 250]));
        image.put_pixel(width - 1, height - 1, image::Rgb([200, 10, 10]));
        image.into()
    }

    async fn check(bytes: impl Into<Bytes>) -> Result<super::Picture, Flaw> {
        PictureCheck::new().check(bytes.into()).await
    }

    #[tokio::test]
    async fn good_images_pass_as_they_came() {
        for (kind, format) in [
            (ImageFormat::Png, PictureFormat::Png),
            (ImageFormat::Jpeg, PictureFormat::Jpeg),
            (ImageFormat::WebP, PictureFormat::Webp),
        ] {
            let bytes = encode(&dotted(96, 64), kind);
            let picture = check(bytes.clone()).await.expect("good");
            assert_eq!((picture.format, picture.width, picture.height), (format, 96, 64));
            assert_eq!(picture.bytes, bytes);
        }
    }

    #[tokio::test]
    async fn what_is_no_good_image_is_named() {
        let png = encode(&dotted(128, 128), ImageFormat::Png);
        assert_eq!(check("<svg xmlns='http://www.w3.org/2000/svg'/>").await.err(), Some(Flaw::Unknown));
        assert_eq!(check(png.slice(..png.len() / 2)).await.err(), Some(Flaw::Broken));
        assert_eq!(check(vec![0_u8; super::LARGEST + 1]).await.err(), Some(Flaw::TooBig));
        assert_eq!(check(encode(&dotted(8, 8), ImageFormat::Png)).await.err(), Some(Flaw::Sides));
        let plain = image::RgbaImage::from_pixel(64, 64, image::Rgba([9, 9, 9, 255]));
        assert_eq!(check(encode(&plain.into(), ImageFormat::Png)).await.err(), Some(Flaw::Blank));
        let mut clear = image::RgbaImage::from_pixel(64, 64, image::Rgba([9, 9, 9, 0]));
        clear.put_pixel(3, 3, image::Rgba([255, 0, 0, 0]));
        assert_eq!(check(encode(&clear.into(), ImageFormat::Png)).await.err(), Some(Flaw::Blank));
    }

    #[tokio::test]
    async fn a_small_file_that_claims_to_be_huge_is_not_decoded() {
        let mut png = encode(&dotted(128, 128), ImageFormat::Png).to_vec();
        // The header says 60,000 by 60,000; its checksum is made to fit.
        png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        assert!(matches!(check(png).await.err(), Some(Flaw::Sides | Flaw::Broken)));
    }
}
