//! A picture's print: 64 bits by which near-copies are told, whatever format, size or quality they were written in.
//!
//! The picture is taken as a grid of nine by eight patches; each bit says whether a patch is brighter than the one to its right
//! (a difference hash). Small differences count as none, so that plain grounds and the traces of JPEG set no bits.

use image::{DynamicImage, imageops};

use super::on_white;

/// The patches of a row and of a column.
const COLUMNS: usize = 9;
const ROWS: usize = 8;
/// Pixels of a patch's side that are looked at.
const PATCH: usize = 8;
/// How much brighter a patch has to be, of 256 steps.
const STEP: f32 = 1.5;

/// Prints that differ in at most so many of their 64 bits are those of near-copies.
pub const NEAR_COPY: u32 = 6;

/// In how many bits two prints differ: 0 for the same picture, about 20 and more for different ones.
pub const fn alikeness(one: u64, other: u64) -> u32 {
    (one ^ other).count_ones()
}

pub(super) fn of(pixels: &DynamicImage) -> u64 {
    let small = pixels.thumbnail_exact((COLUMNS * PATCH) as u32, (ROWS * PATCH) as u32);
    let grey = imageops::grayscale(&on_white(&small));
    let brightness = |row: usize, column: usize| -> f32 {
        let spots = (0..PATCH).flat_map(|y| (0..PATCH).map(move |x| (column * PATCH + x, row * PATCH + y)));
        spots.map(|(x, y)| f32::from(grey.get_pixel(x as u32, y as u32).0[0])).sum::<f32>() / (PATCH * PATCH) as f32
    };
    let mut print = 0;
    for row in 0..ROWS {
        for column in 0..COLUMNS - 1 {
            let is_brighter = brightness(row, column) > brightness(row, column + 1) + STEP;
            print = print << 1 | u64::from(is_brighter);
        }
    }
    print
}
