//! What can be measured of how good a picture is: whether it is sharp, and how far its brightness reaches.
//!
//! Sharpness is the variance of the Laplacian, of the patches that have the most of it: a plain logo with crisp edges is as
//! sharp as a busy photograph, and a blurred one is not.

use std::io::Cursor;

use bytes::Bytes;
use image::{GrayImage, ImageReader, Limits};

use super::DECODE_MEMORY;

/// The patches of a side that are looked at, and the pixels of a patch's side.
const PATCHES: u32 = 16;
const PATCH: u32 = 32;
/// The share of the patches that is sharper than the one that counts.
const SHARPEST: f64 = 0.02;
/// The variance of the Laplacian that counts as half sharp.
const HALF_SHARP: f64 = 150.0;
/// The share of the darkest and of the brightest pixels that contrast leaves out.
const OUTLIERS: f64 = 0.01;

/// Both from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    pub sharpness: f64,
    pub contrast: f64,
}

impl Quality {
    /// Of a picture that was checked before; `None` when it cannot be decoded.
    pub(crate) fn of(bytes: &Bytes) -> Option<Self> {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(DECODE_MEMORY);
        reader.limits(limits);
        Some(Self::of_grey(&reader.decode().ok()?.to_luma8()))
    }

    fn of_grey(grey: &GrayImage) -> Self {
        Self { sharpness: sharpness(grey), contrast: contrast(grey) }
    }
}

fn sharpness(grey: &GrayImage) -> f64 {
    let (width, height) = grey.dimensions();
    let start = |place: u32, side: u32| (side - 1).saturating_sub(PATCH) * place / (PATCHES - 1);
    let patches = (0..PATCHES * PATCHES).map(|at| (start(at % PATCHES, width), start(at / PATCHES, height)));
    let mut variances: Vec<f64> = patches.map(|corner| variance_of_laplacian(grey, corner)).collect();
    variances.sort_by(f64::total_cmp);
    let place = (variances.len() as f64 * (1.0 - SHARPEST)) as usize;
    let variance = variances.get(place).copied().unwrap_or_default();
    variance / (variance + HALF_SHARP)
}

fn variance_of_laplacian(grey: &GrayImage, (left, top): (u32, u32)) -> f64 {
    let (right, bottom) = ((left + PATCH).min(grey.width() - 1), (top + PATCH).min(grey.height() - 1));
    let value = |x: u32, y: u32| i32::from(grey.get_pixel(x, y).0[0]);
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for y in top.max(1)..bottom {
        for x in left.max(1)..right {
            let around = value(x - 1, y) + value(x + 1, y) + value(x, y - 1) + value(x, y + 1);
            let laplacian = f64::from(around - 4 * value(x, y));
            count += 1.0;
            sum += laplacian;
            squares += laplacian * laplacian;
        }
    }
    if count > 0.0 { squares / count - (sum / count).powi(2) } else { 0.0 }
}

/// How much of the scale from black to white the picture uses.
fn contrast(grey: &GrayImage) -> f64 {
    let mut counts = [0_u64; 256];
    for pixel in grey.pixels() {
        counts[usize::from(pixel.0[0])] += 1;
    }
    let left_out = (f64::from(grey.width()) * f64::from(grey.height()) * OUTLIERS) as u64;
    // How many values from one end on are hardly used.
    let unused = |counts: &mut dyn Iterator<Item = &u64>| {
        let mut seen = 0;
        let within = counts.take_while(|count| {
            seen += **count;
            seen <= left_out
        });
        within.count()
    };
    let (darkest, above_brightest) = (unused(&mut counts.iter()), unused(&mut counts.iter().rev()));
    255_usize.saturating_sub(darkest + above_brightest) as f64 / 255.0
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, imageops};

    use super::Quality;

    /// Discs on a plain ground.
    fn discs(light: u8, dark: u8) -> GrayImage {
        GrayImage::from_fn(512, 512, |x, y| {
            let (dx, dy) = (f64::from(x % 128) - 64.0, f64::from(y % 128) - 64.0);
            Luma([if dx.hypot(dy) < 40.0 { dark } else { light }])
        })
    }

    #[test]
    fn a_blurred_picture_is_less_sharp_and_a_plain_one_with_crisp_edges_is_sharp() {
        let crisp = Quality::of_grey(&discs(240, 20)).sharpness;
        let soft = Quality::of_grey(&imageops::blur(&discs(240, 20), 2.0)).sharpness;
        let blurred = Quality::of_grey(&imageops::blur(&discs(240, 20), 6.0)).sharpness;
        assert!(crisp > 0.8 && crisp > soft && soft > blurred && blurred < 0.3, "{crisp} {soft} {blurred}");
        let mut one = GrayImage::from_pixel(512, 512, Luma([250]));
        imageops::overlay(&mut one, &imageops::crop_imm(&discs(250, 10), 0, 0, 128, 128).to_image(), 190, 190);
        let one = Quality::of_grey(&one).sharpness;
        assert!(one > 0.8, "{one}");
        assert!(Quality::of_grey(&GrayImage::new(64, 64)).sharpness.abs() < 1e-9);
    }

    #[test]
    fn contrast_is_how_far_brightness_reaches() {
        let contrast = |light, dark| Quality::of_grey(&discs(light, dark)).contrast;
        assert!(contrast(255, 0) > 0.99 && contrast(140, 120) < 0.1);
        assert!((contrast(200, 100) - 100.0 / 255.0).abs() < 1e-9);
    }
}
