//! A palette that belongs to a brand.

use crate::seed::Seed;

/// Indices 0 to `SKY - 1` run from the top of the sky to its bottom; the others have names.
pub(crate) const SKY: u8 = 64;
pub(crate) const SUN: u8 = 64;
pub(crate) const FAR: u8 = 65;
pub(crate) const MIDDLE: u8 = 66;
pub(crate) const NEAR: u8 = 67;
pub(crate) const ACCENT: u8 = 68;
pub(crate) const PAPER: u8 = 69;
pub(crate) const INK: u8 = 70;
pub(crate) const NAME: u8 = 71;
pub(crate) const CLEAR: u8 = 72;

/// Colours around one hue that the brand decides, and one that the topic does.
pub(crate) fn palette(brand: &str, topic: &str) -> Vec<[u8; 3]> {
    let mut by_brand = Seed::of(&["brand colours", brand]);
    let mut by_topic = Seed::of(&["topic colours", topic]);
    let hue = by_brand.unit() * 360.0;
    let other = by_topic.unit() * 360.0;
    let top = rgb(hue, 0.55, 0.30 + by_topic.unit() * 0.2);
    let bottom = rgb(other, 0.65, 0.78);
    let mut colours: Vec<[u8; 3]> =
        (0..SKY).map(|step| mixed(top, bottom, f64::from(step) / f64::from(SKY - 1))).collect();
    colours.push(rgb(other + 40.0, 0.9, 0.62));
    colours.push(rgb(hue + 12.0, 0.45, 0.48));
    colours.push(rgb(hue + 24.0, 0.50, 0.36));
    colours.push(rgb(hue + 36.0, 0.55, 0.24));
    colours.push(rgb(hue + 180.0, 0.75, 0.55));
    colours.push(rgb(hue, 0.25, 0.96));
    colours.push(rgb(hue, 0.60, 0.14));
    colours.push(rgb(hue + 180.0, 0.80, 0.28));
    colours.push([255, 255, 255]);
    colours
}

fn mixed(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    std::array::from_fn(|at| (f64::from(from[at]) * (1.0 - share) + f64::from(to[at]) * share).round() as u8)
}

/// Hue in degrees, saturation and lightness from 0 to 1.
fn rgb(hue: f64, saturation: f64, lightness: f64) -> [u8; 3] {
    let chroma = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset| {
        let k = (offset + hue / 30.0).rem_euclid(12.0);
        let value = lightness - chroma * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    })
}
