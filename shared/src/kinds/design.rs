//! Designs: logos, banners, posters and social cards, in several variations at once. Each variation is a part of its own and
//! gives an image.

use serde::{Deserialize, Serialize};

use super::Style;
use crate::domain::state;

/// The most variations of one design.
pub const MOST_VARIATIONS: u16 = 5;

/// What a design is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesignParameters {
    pub prompt: String,
    pub design_type: DesignType,
    pub style: Style,
    pub quality: DesignQuality,
    /// 1 to [`MOST_VARIATIONS`].
    pub num_variations: u16,
    /// Whether words that the prompt gives are drawn. Without, the picture has none.
    pub include_text: bool,
    pub shape: Shape,
}

state!(
    /// What a design is for; each has a preset of its own.
    DesignType {
        Logo = "logo",
        Banner = "banner",
        Poster = "poster",
        SocialCard = "social_card",
    }
);

state!(
    /// How large a design is: this names its long side.
    DesignQuality {
        Standard = "standard",
        High = "high",
        Ultra = "ultra",
    }
);

state!(
    /// The shape of a design.
    Shape {
        Square = "square",
        /// A banner is 16:9, a social card 1.91:1.
        Wide = "wide",
        /// 2:3.
        Tall = "tall",
    }
);

impl DesignType {
    /// The shapes that there are of it, the usual one first.
    pub const fn shapes(self) -> &'static [Shape] {
        match self {
            Self::Logo => &[Shape::Square],
            Self::Banner => &[Shape::Wide],
            Self::Poster => &[Shape::Tall],
            Self::SocialCard => &[Shape::Wide, Shape::Square],
        }
    }

    /// Its first shape.
    pub const fn usual_shape(self) -> Shape {
        match self {
            Self::Logo => Shape::Square,
            Self::Banner | Self::SocialCard => Shape::Wide,
            Self::Poster => Shape::Tall,
        }
    }
}

impl DesignQuality {
    /// In pixels.
    pub const fn long_side(self) -> u32 {
        match self {
            Self::Standard => 1024,
            Self::High => 1536,
            Self::Ultra => 2048,
        }
    }
}

impl DesignParameters {
    /// Width and height in pixels. The short side is a multiple of four, so that halves and quarters of it are whole.
    pub fn size(&self) -> (u32, u32) {
        let long = self.quality.long_side();
        let short = |part: u32, of: u32| (long * part / of + 2) / 4 * 4;
        match (self.shape, self.design_type) {
            (Shape::Square, _) => (long, long),
            (Shape::Wide, DesignType::SocialCard) => (long, short(100, 191)),
            (Shape::Wide, _) => (long, short(9, 16)),
            (Shape::Tall, _) => (short(2, 3), long),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DesignParameters, DesignQuality, DesignType, Shape};
    use crate::kinds::Style;

    #[test]
    fn quality_names_the_long_side_and_the_type_the_shape() {
        let sizes = |design_type: DesignType, shape| {
            [DesignQuality::Standard, DesignQuality::High, DesignQuality::Ultra].map(|quality| {
                let prompt = String::new();
                let (style, num_variations, include_text) = (Style::Modern, 1, false);
                let parameters =
                    DesignParameters { prompt, design_type, style, quality, num_variations, include_text, shape };
                parameters.size()
            })
        };
        for (design_type, shape, expected) in [
            (DesignType::Logo, Shape::Square, [(1024, 1024), (1536, 1536), (2048, 2048)]),
            (DesignType::Banner, Shape::Wide, [(1024, 576), (1536, 864), (2048, 1152)]),
            (DesignType::Poster, Shape::Tall, [(684, 1024), (1024, 1536), (1364, 2048)]),
            (DesignType::SocialCard, Shape::Wide, [(1024, 536), (1536, 804), (2048, 1072)]),
            (DesignType::SocialCard, Shape::Square, [(1024, 1024), (1536, 1536), (2048, 2048)]),
        ] {
            assert_eq!(sizes(design_type, shape), expected, "{design_type} {shape}");
        }
    }

    #[test]
    fn the_usual_shape_is_the_first_one() {
        for design_type in DesignType::ALL {
            assert_eq!(design_type.shapes().first(), Some(&design_type.usual_shape()));
        }
    }
}
