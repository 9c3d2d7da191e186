//! A picture's print: 64 bits by which near-copies are told, whatever format, size or quality they were written in.
//!
//! The print is of the picture's coarsest waves: it is made grey and small, taken apart into cosines (as JPEG does), and each
//! bit says whether one of the 64 longest is stronger than most of them. Waves that are hardly there count as weak, so that
//! plain grounds and the traces of JPEG set no bits.

use std::f64::consts::PI;

use image::{DynamicImage, imageops};

use super::on_white;

/// Spots of a row and of a column.
const SPOTS: usize = 32;
/// Pixels of a spot's side that are looked at.
const SPOT: usize = 8;
/// Waves along a side that are computed; the 64 longest are among them.
const WAVES: usize = 11;
/// How much stronger than most a wave has to be: about what a change of one step in 256 of a quarter of the picture makes.
const STEP: f64 = 64.0;

/// Prints that differ in at most so many of their 64 bits are those of near-copies.
pub const NEAR_COPY: u32 = 6;

/// In how many bits two prints differ: 0 for the same picture, more than [`NEAR_COPY`] for different ones, about 30 for those
/// that have nothing in common.
pub const fn alikeness(one: u64, other: u64) -> u32 {
    (one ^ other).count_ones()
}

pub(super) fn of(pixels: &DynamicImage) -> u64 {
    let waves = longest_waves(&spots(pixels));
    let mut sorted = waves;
    sorted.sort_by(f64::total_cmp);
    let most = f64::midpoint(sorted[31], sorted[32]);
    waves.iter().fold(0, |print, wave| print << 1 | u64::from(*wave > most + STEP))
}

/// The brightness of each spot, from 0 to 255, row by row.
fn spots(pixels: &DynamicImage) -> Vec<[f64; SPOTS]> {
    let side = (SPOTS * SPOT) as u32;
    let grey = imageops::grayscale(&on_white(&pixels.thumbnail_exact(side, side)));
    let brightness = |row: usize, column: usize| {
        let pixels = (0..SPOT).flat_map(|y| (0..SPOT).map(move |x| (column * SPOT + x, row * SPOT + y)));
        pixels.map(|(x, y)| f64::from(grey.get_pixel(x as u32, y as u32).0[0])).sum::<f64>() / (SPOT * SPOT) as f64
    };
    (0..SPOTS).map(|row| std::array::from_fn(|column| brightness(row, column))).collect()
}

/// The strengths of the longest waves, longest first, without the one that is the picture's brightness.
fn longest_waves(spots: &[[f64; SPOTS]]) -> [f64; 64] {
    let cosines: [[f64; SPOTS]; WAVES] = std::array::from_fn(|wave| {
        std::array::from_fn(|at| (PI * (2 * at + 1) as f64 * wave as f64 / (2 * SPOTS) as f64).cos())
    });
    let along = |values: &[f64; SPOTS], wave: usize| -> f64 {
        values.iter().zip(&cosines[wave]).map(|(value, cosine)| value * cosine).sum()
    };
    let rows: Vec<[f64; WAVES]> = spots.iter().map(|row| std::array::from_fn(|wave| along(row, wave))).collect();
    let strength = |down: usize, across: usize| along(&std::array::from_fn(|row| rows[row][across]), down);
    let mut strengths = [0.0; 64];
    let order = (1..2 * WAVES).flat_map(|sum| (0..=sum).map(move |down| (down, sum - down)));
    let waves = order.filter(|(down, across)| *down < WAVES && *across < WAVES);
    for (place, (down, across)) in strengths.iter_mut().zip(waves) {
        *place = strength(down, across);
    }
    strengths
}
