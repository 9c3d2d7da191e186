//! Sizes and qualities of images: what a model offers, and which of it is nearest to what is asked.

use serde::Deserialize;

/// A size and a quality that an image model offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub width: u32,
    pub height: u32,
    pub quality: String,
}

impl Format {
    pub fn size(&self) -> String {
        format!("{}x{}", self.width, self.height)
    }

    /// Reads `1024x1536.medium`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (size, quality) = text.split_once('.')?;
        let (width, height) = parse_size(size)?;
        Some(Self { width, height, quality: quality.to_owned() })
    }
}

/// Reads `1024x1536`.
pub fn parse_size(size: &str) -> Option<(u32, u32)> {
    let (width, height) = size.split_once('x')?;
    let pixels = |text: &str| text.parse().ok().filter(|pixels| (1..=16_384).contains(pixels));
    Some((pixels(width)?, pixels(height)?))
}

/// `WIDTHxHEIGHT` in pixels, of an image that may be asked for; whichever side is the longer, it may lie either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct LargestSize {
    long: u32,
    short: u32,
}

impl TryFrom<String> for LargestSize {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (width, height) = parse_size(&text).ok_or_else(|| format!("{text:?} is not WIDTHxHEIGHT"))?;
        Ok(Self { long: width.max(height), short: width.min(height) })
    }
}

impl LargestSize {
    /// Whether an image of this size is not larger.
    pub fn holds(self, (width, height): (u32, u32)) -> bool {
        width.max(height) <= self.long && width.min(height) <= self.short
    }
}

/// What may stand for a quality that a model does not have, best first.
const ALIKE: [(&str, &[&str]); 5] = [
    ("low", &["low", "standard", "medium"]),
    ("medium", &["medium", "standard", "low"]),
    ("high", &["high", "hd", "medium", "standard"]),
    ("standard", &["standard", "medium", "low"]),
    ("hd", &["hd", "high", "medium", "standard"]),
];

/// The asked size if it is offered, else the nearest shape and then the nearest area; none larger than `largest`, unless all
/// are. The asked quality if it is offered at that size, else the one that stands for it in the model's own scale.
pub(super) fn nearest<'a>(
    offered: impl Iterator<Item = &'a Format> + Clone,
    size: (u32, u32),
    quality: &str,
    largest: Option<LargestSize>,
) -> Option<&'a Format> {
    let shape = |(width, height): (u32, u32)| (f64::from(width) / f64::from(height)).ln();
    let area = |(width, height): (u32, u32)| (f64::from(width) * f64::from(height)).ln();
    let distance = |format: &Format| {
        let offered = (format.width, format.height);
        ((shape(offered) - shape(size)).abs(), (area(offered) - area(size)).abs())
    };
    let rank = |format: &Format| {
        let alike = ALIKE.iter().find(|(asked, _)| *asked == quality).map_or(&[][..], |(_, alike)| alike);
        let stands_for = || alike.iter().position(|name| *name == format.quality).unwrap_or(usize::MAX);
        if format.quality == quality { 0 } else { stands_for() }
    };
    let too_large = |format: &Format| largest.is_some_and(|largest| !largest.holds((format.width, format.height)));
    offered.min_by(|a, b| {
        let (near_a, near_b) = (distance(a), distance(b));
        too_large(a)
            .cmp(&too_large(b))
            .then(near_a.0.total_cmp(&near_b.0))
            .then(near_a.1.total_cmp(&near_b.1))
            .then(rank(a).cmp(&rank(b)))
    })
}

#[cfg(test)]
mod tests {
    use super::LargestSize;

    #[test]
    fn a_largest_size_holds_either_way_up() {
        let largest = LargestSize::try_from("1792x1024".to_owned()).expect("a size");
        assert!(largest.holds((1024, 1792)) && largest.holds((1792, 1024)) && largest.holds((512, 512)));
        assert!(!largest.holds((1536, 1536)) && !largest.holds((2048, 1024)));
        assert!(LargestSize::try_from("big".to_owned()).is_err());
    }
}
