//! What a design is about, as a simple shape: a leaf for a garden, a cup for a café.

use super::path::{Nib, Outline, Point, arc, around, curve, stroke};
use crate::seed::Seed;

/// A shape that fits a circle of radius 1 around the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Motif {
    Bag,
    Bolt,
    Book,
    Bottle,
    Bread,
    Camera,
    Cup,
    Drop,
    Flower,
    Gear,
    Gem,
    Heart,
    House,
    Leaf,
    Mountain,
    Note,
    Paw,
    Plane,
    Star,
    Sun,
    Wave,
}

/// Words that call for a motif. The first motif in the prompt counts, so a word stands here only if it says what a thing
/// is about wherever it stands.
const WORDS: [(Motif, &[&str]); 18] = [
    (Motif::Cup, &["coffee", "cafe", "café", "tea", "espresso", "mug", "roastery", "roasters", "latte", "cup"]),
    (Motif::Bread, &["bakery", "bread", "baker", "loaf", "pastry", "sourdough", "croissant", "rye", "buns"]),
    (
        Motif::Leaf,
        &["eco", "organic", "garden", "plant", "plants", "sustainable", "vegan", "herbal", "botanical", "leaf"],
    ),
    (Motif::Drop, &["water", "hydration", "drink", "oil", "skincare", "serum", "juice", "drop", "cleaning"]),
    (Motif::Mountain, &["mountain", "outdoor", "hiking", "trail", "climbing", "ski", "adventure", "alpine", "camping"]),
    (Motif::Wave, &["surf", "ocean", "sea", "beach", "swim", "wave", "sailing", "fish", "coast"]),
    (
        Motif::Bolt,
        &["energy", "power", "electric", "gym", "fitness", "sport", "sports", "fast", "charger", "run", "running"],
    ),
    (
        Motif::Gear,
        &["tech", "software", "startup", "engineering", "digital", "robot", "ai", "app", "saas", "machine", "cloud"],
    ),
    (Motif::Bag, &["shop", "store", "fashion", "boutique", "clothing", "sale", "bag", "bags", "retail"]),
    (Motif::Bottle, &["bottle", "wine", "perfume", "beer", "brewery", "cosmetics", "shampoo"]),
    (Motif::House, &["home", "house", "estate", "interior", "furniture", "architecture", "rental", "building"]),
    (Motif::Book, &["book", "books", "school", "course", "education", "library", "publishing", "reading"]),
    (Motif::Note, &["music", "concert", "festival", "band", "radio", "podcast", "jazz", "song"]),
    (Motif::Paw, &["pet", "pets", "dog", "dogs", "cat", "cats", "vet", "animal", "animals"]),
    (Motif::Plane, &["travel", "flight", "trip", "tour", "tourism", "airline", "holiday", "vacation"]),
    (Motif::Camera, &["photo", "photography", "photographer", "camera", "film", "video"]),
    (Motif::Heart, &["health", "clinic", "care", "charity", "love", "wedding", "dating", "wellness"]),
    (Motif::Flower, &["flower", "flowers", "florist", "beauty", "spa", "salon", "bloom"]),
];

/// For prompts that are about nothing of these.
const PLAIN: [Motif; 5] = [Motif::Star, Motif::Gem, Motif::Sun, Motif::Flower, Motif::Drop];

impl Motif {
    pub(crate) fn find(text: &str, seed: &mut Seed) -> Self {
        let lower = text.to_lowercase();
        let words = lower.split(|letter: char| !letter.is_alphanumeric());
        let called = |word: &str| WORDS.iter().find(|(_, names)| names.contains(&word)).map(|(motif, _)| *motif);
        words.filter(|word| !word.is_empty()).find_map(called).unwrap_or(PLAIN[seed.below(PLAIN.len())])
    }

    pub(crate) fn outline(self) -> Outline {
        match self {
            Self::Bag => bag(),
            Self::Bolt => Outline::polygon(&[
                (0.15, -1.0),
                (-0.6, 0.15),
                (-0.08, 0.15),
                (-0.2, 1.0),
                (0.6, -0.2),
                (0.08, -0.2),
                (0.4, -1.0),
            ]),
            Self::Book => book(),
            Self::Bottle => Outline::rounded(-0.38, -0.3, 0.76, 1.28, 0.16)
                .and(Outline::polygon(&[(-0.38, -0.16), (-0.15, -0.5), (0.15, -0.5), (0.38, -0.16)]))
                .and(Outline::rectangle(-0.15, -0.8, 0.3, 0.4))
                .and(Outline::rounded(-0.2, -1.0, 0.4, 0.16, 0.05))
                .without(Outline::rounded(-0.26, 0.12, 0.52, 0.46, 0.05)),
            Self::Bread => bread(),
            Self::Camera => Outline::rounded(-0.95, -0.5, 1.9, 1.2, 0.2)
                .and(Outline::polygon(&[(-0.38, -0.49), (-0.25, -0.74), (0.25, -0.74), (0.38, -0.49)]))
                .without(Outline::disc((0.0, 0.1), 0.42))
                .and(Outline::disc((0.0, 0.1), 0.26)),
            Self::Cup => cup(),
            Self::Drop => drop_of_water(),
            Self::Flower => (0..6)
                .map(|at| Outline::disc(around((0.0, 0.0), 0.6, at as f32 / 6.0 + 0.05), 0.36))
                .fold(Outline::disc((0.0, 0.0), 0.5), Outline::and)
                // The petals lie on each other, so the hole has to go through all of them.
                .without(Outline(vec![Outline::disc((0.0, 0.0), 0.22).0.concat(); 3])),
            Self::Gear => gear(),
            Self::Gem => Outline::polygon(&[(-0.55, -0.65), (0.55, -0.65), (0.98, -0.12), (0.0, 0.95), (-0.98, -0.12)])
                .without(Outline::polygon(&[(-0.72, -0.16), (0.72, -0.16), (0.78, -0.08), (-0.78, -0.08)])),
            Self::Heart => heart(),
            Self::House => Outline::polygon(&[(0.0, -0.95), (0.98, -0.08), (-0.98, -0.08)])
                .and(Outline::rectangle(-0.68, -0.1, 1.36, 0.98))
                .without(Outline::rounded(-0.2, 0.26, 0.4, 0.8, 0.2)),
            Self::Leaf => Outline::leaf((-0.7, 0.75), (0.75, -0.75), 0.4)
                .without(stroke(&[(-0.5, 0.54), (0.35, -0.32)], &Nib::round(0.07)))
                .and(stroke(&[(-0.95, 0.98), (-0.62, 0.66)], &Nib::round(0.1))),
            Self::Mountain => Outline::polygon(&[(-0.25, -0.72), (0.58, 0.75), (-1.0, 0.75)])
                .and(Outline::polygon(&[(0.42, -0.2), (1.0, 0.75), (0.63, 0.75), (0.2, 0.02)]))
                .without(Outline::polygon(&[(-0.25, -0.5), (-0.08, -0.2), (-0.25, -0.28), (-0.4, -0.18)]))
                .and(Outline::disc((0.6, -0.66), 0.2)),
            Self::Note => Outline::ellipse((-0.48, 0.66), (0.32, 0.25))
                .and(Outline::ellipse((0.58, 0.5), (0.32, 0.25)))
                .and(Outline::rectangle(-0.3, -0.72, 0.14, 1.38))
                .and(Outline::rectangle(0.76, -0.9, 0.14, 1.4))
                .and(Outline::polygon(&[(-0.3, -0.75), (0.9, -0.95), (0.9, -0.6), (-0.3, -0.4)])),
            Self::Paw => [(-0.68, -0.1, 0.21), (-0.28, -0.62, 0.24), (0.28, -0.62, 0.24), (0.68, -0.1, 0.21)]
                .into_iter()
                .map(|(x, y, radius)| Outline::ellipse((x, y), (radius, radius * 1.3)))
                .fold(Outline::ellipse((0.0, 0.45), (0.56, 0.46)), Outline::and),
            Self::Plane => Outline::polygon(&[(1.0, -0.85), (-1.0, 0.0), (-0.3, 0.2)])
                .and(Outline::polygon(&[(1.0, -0.85), (-0.12, 0.28), (0.5, 0.75)]))
                .and(Outline::polygon(&[(-0.3, 0.3), (-0.2, 0.85), (0.05, 0.5)])),
            Self::Star => Outline::star((0.0, 0.05), 5, 1.0, 0.45, -0.25),
            Self::Sun => (0..12)
                .map(|at| {
                    let turn = at as f32 / 12.0;
                    let side = |by: f32, radius: f32| around((0.0, 0.0), radius, turn + by);
                    Outline::polygon(&[side(-0.025, 0.68), side(0.0, 1.0), side(0.025, 0.68)])
                })
                .fold(Outline::disc((0.0, 0.0), 0.55), Outline::and),
            Self::Wave => (0..3).map(|at| band(-0.5 + at as f32 * 0.45)).fold(Outline::default(), Outline::and),
        }
    }
}

fn bag() -> Outline {
    let handle = arc((0.0, -0.32), (0.38, 0.5), 0.5, 1.0);
    Outline::polygon(&[(-0.75, -0.35), (0.75, -0.35), (0.88, 0.92), (-0.88, 0.92)])
        .and(stroke(&handle, &Nib::round(0.13)))
        .without(stroke(&arc((0.0, 0.0), (0.34, 0.36), 0.06, 0.44), &Nib::round(0.1)))
}

fn book() -> Outline {
    let page = |side: f32| {
        let mut contour = curve((0.05 * side, -0.55), (0.5 * side, -0.85), (0.98 * side, -0.6));
        contour.extend(curve((0.98 * side, 0.6), (0.5 * side, 0.35), (0.05 * side, 0.68)));
        Outline::of(contour)
    };
    page(1.0).and(page(-1.0))
}

fn bread() -> Outline {
    let slash = |x: f32| stroke(&[(x - 0.1, 0.02), (x + 0.1, -0.42)], &Nib::round(0.11));
    Outline::ellipse((0.0, -0.05), (0.98, 0.62))
        .and(Outline::rounded(-0.86, -0.05, 1.72, 0.68, 0.24))
        .without(slash(-0.42).and(slash(0.0)).and(slash(0.42)))
}

fn cup() -> Outline {
    let steam = |x: f32| {
        let mut line = curve((x, -0.45), (x + 0.16, -0.6), (x, -0.75));
        line.extend(curve((x, -0.75), (x - 0.12, -0.87), (x, -1.0)));
        stroke(&line, &Nib::round(0.09))
    };
    let mut body = vec![(-0.72, -0.28), (0.52, -0.28)];
    body.extend(curve((0.52, -0.1), (0.5, 0.62), (0.1, 0.62)));
    body.extend(curve((-0.3, 0.62), (-0.7, 0.62), (-0.72, -0.1)));
    Outline::of(body)
        .and(stroke(&arc((0.5, 0.05), (0.36, 0.26), -0.22, 0.2), &Nib::round(0.13)))
        .and(Outline::rounded(-0.9, 0.76, 1.6, 0.13, 0.06))
        .and(steam(-0.32))
        .and(steam(0.1))
}

fn drop_of_water() -> Outline {
    let mut contour = arc((0.0, 0.32), (0.64, 0.64), -0.06, 0.56);
    contour.extend(curve((-0.6, 0.1), (-0.35, -0.35), (0.0, -1.0)));
    contour.extend(curve((0.0, -1.0), (0.35, -0.35), (0.6, 0.1)));
    Outline::of(contour).without(stroke(&arc((0.0, 0.32), (0.4, 0.4), 0.3, 0.46), &Nib::round(0.1)))
}

fn gear() -> Outline {
    let teeth = (0..8).map(|at| Outline::rectangle(-0.16, -0.98, 0.32, 0.4).rotated((0.0, 0.0), at as f32 / 8.0));
    let hole = Outline::disc((0.0, 0.0), 0.3);
    // The teeth reach into the wheel, but not to its hole.
    teeth.fold(Outline::disc((0.0, 0.0), 0.74), Outline::and).without(hole)
}

fn heart() -> Outline {
    let at = |step: usize| -> Point {
        let angle = step as f32 / 64.0 * std::f32::consts::TAU;
        let (sine, cosine) = angle.sin_cos();
        let down = 13.0 * cosine - 5.0 * (2.0 * angle).cos() - 2.0 * (3.0 * angle).cos() - (4.0 * angle).cos();
        (sine.powi(3), -down / 16.5)
    };
    Outline::of((0..64).map(at).collect())
}

fn band(middle: f32) -> Outline {
    let line: Vec<Point> = (0..=32)
        .map(|at| {
            let x = at as f32 / 16.0 - 1.0;
            (x * 0.92, middle + 0.17 * (x * 7.0).sin())
        })
        .collect();
    stroke(&line, &Nib::round(0.18))
}
