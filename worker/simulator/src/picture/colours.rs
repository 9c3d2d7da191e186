//! Colours: mixing them, finding them in a prompt, and the palette of a scene, which belongs to a brand.

use crate::seed::Seed;

pub(crate) type Colour = [u8; 3];

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

/// Colours around one hue that the brand decides, and one that the topic does; those that were asked for decide first.
pub(crate) fn palette(brand: &str, topic: &str, asked: &[Colour]) -> Vec<Colour> {
    let mut by_brand = Seed::of(&["brand colours", brand]);
    let mut by_topic = Seed::of(&["topic colours", topic]);
    let (drawn, other) = (by_brand.unit() * 360.0, by_topic.unit() * 360.0);
    let hue_of = |at: usize| asked.get(at).map(|colour| hue(*colour));
    let (hue, other) = (hue_of(0).unwrap_or(drawn), hue_of(1).or(hue_of(0)).unwrap_or(other));
    let top = rgb(hue, 0.55, 0.30 + by_topic.unit() * 0.2);
    let bottom = rgb(other, 0.65, 0.78);
    let mut colours: Vec<Colour> =
        (0..SKY).map(|step| mixed(top, bottom, f32::from(step) / f32::from(SKY - 1))).collect();
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

/// Between two colours: `share` of the way from the first to the second.
pub(crate) fn mixed(from: Colour, to: Colour, share: f32) -> Colour {
    let parts = (share * 256.0) as u32;
    let mix = |at: usize| ((u32::from(to[at]) * parts + u32::from(from[at]) * (256 - parts) + 128) >> 8) as u8;
    [mix(0), mix(1), mix(2)]
}

/// How light a colour looks, 0 to 1.
pub(crate) fn lightness(colour: Colour) -> f32 {
    let [red, green, blue] = colour.map(|part| f32::from(part) / 255.0);
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// The hue of a colour, in degrees.
pub(crate) fn hue(colour: Colour) -> f64 {
    let [red, green, blue] = colour.map(|part| f64::from(part) / 255.0);
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let span = most - least;
    if span < 1e-6 {
        return 0.0;
    }
    let sixth = if most <= red {
        (green - blue) / span
    } else if most <= green {
        2.0 + (blue - red) / span
    } else {
        4.0 + (red - green) / span
    };
    (sixth * 60.0).rem_euclid(360.0)
}

/// The colours that a prompt asks for: those it gives as `#RRGGBB`, then those that it names, each in its order.
pub(crate) fn asked_for(prompt: &str) -> Vec<Colour> {
    let named = words(prompt).filter_map(|word| {
        let word = word.to_ascii_lowercase();
        NAMED.iter().find(|(name, _)| *name == word).map(|(_, colour)| *colour)
    });
    let mut found = exact(prompt);
    for colour in named {
        if !found.contains(&colour) {
            found.push(colour);
        }
    }
    found
}

/// The colours that a prompt gives as `#RRGGBB`, in its order.
pub(crate) fn exact(prompt: &str) -> Vec<Colour> {
    let mut found: Vec<Colour> = Vec::new();
    for colour in words(prompt).filter_map(|word| word.strip_prefix('#').and_then(from_hex)) {
        if !found.contains(&colour) {
            found.push(colour);
        }
    }
    found
}

fn words(prompt: &str) -> impl Iterator<Item = &str> {
    prompt.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '#'))
}

fn from_hex(digits: &str) -> Option<Colour> {
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
    Some([(number >> 16) as u8, (number >> 8) as u8, number as u8])
}

/// Names that stand for a colour wherever they stand. `light`, `rose`, `orange juice` and the like are too many to know, so
/// a thing that has a colour's name is that colour.
const NAMED: [(&str, Colour); 32] = [
    ("red", [0xd9, 0x2b, 0x2b]),
    ("crimson", [0xb0, 0x14, 0x33]),
    ("burgundy", [0x6d, 0x12, 0x2b]),
    ("maroon", [0x7a, 0x1c, 0x26]),
    ("coral", [0xff, 0x7a, 0x5c]),
    ("pink", [0xf2, 0x7d, 0xa6]),
    ("magenta", [0xd6, 0x23, 0x8b]),
    ("purple", [0x6e, 0x33, 0xa8]),
    ("violet", [0x7a, 0x4c, 0xd1]),
    ("lavender", [0xb8, 0xa5, 0xe3]),
    ("indigo", [0x35, 0x2f, 0x91]),
    ("navy", [0x14, 0x2a, 0x56]),
    ("blue", [0x1f, 0x5f, 0xd6]),
    ("azure", [0x2b, 0x95, 0xe8]),
    ("turquoise", [0x2b, 0xc4, 0xb8]),
    ("teal", [0x0f, 0x80, 0x80]),
    ("cyan", [0x1f, 0xbc, 0xd2]),
    ("mint", [0x9b, 0xdf, 0xc0]),
    ("green", [0x2a, 0x8c, 0x4a]),
    ("emerald", [0x0f, 0x86, 0x5c]),
    ("olive", [0x6f, 0x75, 0x2c]),
    ("lime", [0xa4, 0xd0, 0x2d]),
    ("yellow", [0xf6, 0xc9, 0x2a]),
    ("gold", [0xc9, 0xa1, 0x4a]),
    ("amber", [0xf0, 0x9a, 0x1e]),
    ("orange", [0xf0, 0x76, 0x22]),
    ("terracotta", [0xc2, 0x62, 0x42]),
    ("brown", [0x7a, 0x4b, 0x2c]),
    ("beige", [0xe3, 0xd5, 0xbd]),
    ("cream", [0xf4, 0xea, 0xd5]),
    ("black", [0x17, 0x17, 0x1a]),
    ("white", [0xfa, 0xfa, 0xf8]),
];

/// Hue in degrees, saturation and lightness from 0 to 1.
pub(crate) fn rgb(hue: f64, saturation: f64, lightness: f64) -> Colour {
    let chroma = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset| {
        let k = (offset + hue / 30.0).rem_euclid(12.0);
        let value = lightness - chroma * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        (value * 255.0).round() as u8
    })
}
