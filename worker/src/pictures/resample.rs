//! Brings a picture to a size that its model does not make: cut to the shape around the middle, then resampled.

use std::io::Cursor;

use bytes::Bytes;
use image::imageops::FilterType;
use image::{DynamicImage, GenericImageView};
use shared::media::ImageFormat;

use super::{LARGEST, jpeg, on_white};

/// The quality of JPEG that a picture is written with.
const QUALITY: u8 = 92;

pub(super) fn to_size(pixels: &DynamicImage, (width, height): (u32, u32)) -> DynamicImage {
    let (made_width, made_height) = pixels.dimensions();
    // Whichever side is too long for the shape is cut.
    let side = |long: u32, of: u32, to: u32| ((u64::from(long) * u64::from(of) / u64::from(to)) as u32).max(1);
    let cut_width = made_width.min(side(made_height, width, height));
    let cut_height = made_height.min(side(made_width, height, width));
    let (left, top) = ((made_width - cut_width) / 2, (made_height - cut_height) / 2);
    pixels.crop_imm(left, top, cut_width, cut_height).resize_exact(width, height, FilterType::Lanczos3)
}

/// PNG stays PNG, as long as it is not too large; what is not transparent becomes JPEG otherwise.
pub(super) fn encode(pixels: &DynamicImage, format: ImageFormat) -> Option<(Bytes, ImageFormat)> {
    if format == ImageFormat::Png || pixels.color().has_alpha() {
        let mut bytes = Cursor::new(Vec::new());
        pixels.write_to(&mut bytes, image::ImageFormat::Png).ok()?;
        let bytes = bytes.into_inner();
        if bytes.len() <= LARGEST {
            return Some((bytes.into(), ImageFormat::Png));
        }
    }
    Some((jpeg(&on_white(pixels), QUALITY)?.into(), ImageFormat::Jpeg))
}
