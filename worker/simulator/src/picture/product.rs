//! Product renders: the pictures that came with a request, set into a scene.

use std::io::Cursor;

use image::{ImageReader, RgbaImage, imageops};

use super::{
    colours::{Colour, asked_for, hue, mixed, rgb},
    motif::Motif,
    painting::{Paint, Painting},
    path::{Nib, Outline, Point, around, stroke},
};
use crate::{images::Reference, seed::Seed};

/// What a render depends on, besides its size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Render {
    setting: Setting,
    colours: Vec<Colour>,
    products: Vec<Reference>,
    /// Stands in where no picture came.
    motif: Motif,
    seed: u64,
}

/// Where a product stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Setting {
    Studio,
    Marble,
    Wood,
    Nature,
    Beach,
    Podium,
    Night,
    Interior,
    /// Seen from above.
    FlatLay,
    /// So near that nothing else is in the picture.
    CloseUp,
    Seasonal,
}

/// The first of these words in a scene decides.
const WORDS: [(Setting, &[&str]); 11] = [
    (Setting::FlatLay, &["flat", "overhead"]),
    (Setting::CloseUp, &["macro", "close"]),
    (Setting::Seasonal, &["seasonal", "season", "holidays", "christmas", "festive"]),
    (Setting::Marble, &["marble", "stone", "bathroom", "luxury"]),
    (Setting::Wood, &["wood", "wooden", "table", "rustic", "kitchen", "desk"]),
    (Setting::Beach, &["beach", "sand", "sea", "ocean", "summer"]),
    (Setting::Nature, &["nature", "forest", "garden", "outdoor", "outdoors", "leaves", "grass", "park"]),
    (Setting::Podium, &["podium", "pedestal", "plinth", "stage"]),
    (Setting::Night, &["night", "dark", "neon", "dramatic"]),
    (Setting::Interior, &["interior", "living", "room", "home", "lifestyle", "shelf", "office", "use", "hands"]),
    (Setting::Studio, &["studio", "backdrop", "white", "plain", "seamless"]),
];

/// More pictures than these do not fit beside each other.
const MOST: usize = 3;

impl Render {
    pub(crate) fn of(prompt: &str, piece: u64, products: &[Reference]) -> Self {
        let mut seed = Seed::of(&["render", prompt, &piece.to_string()]);
        let scene = prompt.lines().find_map(|line| line.strip_prefix("Scene:")).unwrap_or(prompt);
        let lower = scene.to_lowercase();
        let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
        let called = |word: &str| WORDS.iter().find(|(_, names)| names.contains(&word)).map(|(setting, _)| *setting);
        let setting = words.find_map(called).unwrap_or(WORDS[seed.below(WORDS.len())].0);
        let product = prompt.lines().find_map(|line| line.strip_prefix("Product:")).unwrap_or(prompt);
        let motif = Motif::find(product, &mut seed.branch("motif"));
        let products = products.iter().take(MOST).cloned().collect();
        Self { setting, colours: asked_for(prompt), products, motif, seed: seed.next() }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn draw(&self, width: u32, height: u32) -> Painting {
        let mut seed = Seed::new(self.seed);
        let mut painting = Painting::new(width as usize, height as usize);
        let (wide, tall) = painting.size();
        let unit = wide.min(tall);
        let floor = match self.setting {
            Setting::FlatLay => 0.0,
            Setting::CloseUp => tall * 0.86,
            _ => tall * (0.66 + 0.06 * seed.unit() as f32),
        };
        self.backdrop(&mut painting, floor, &mut seed);
        let count = self.products.len().max(1) as f32;
        let near = if self.setting == Setting::CloseUp { 1.45 } else { 1.0 };
        let room = (unit * 0.62 * near / count.sqrt(), tall * 0.56 * near);
        let foot = match self.setting {
            Setting::FlatLay => tall * 0.78,
            Setting::CloseUp => tall * 0.98,
            _ => floor + (tall - floor) * 0.34,
        };
        let lean = wide * 0.1 * (seed.unit() as f32 - 0.5);
        for (at, product) in self.products.iter().enumerate() {
            let x = wide * (at as f32 + 1.0) / (count + 1.0) + lean;
            if let Some(picture) = cut_out(product, room) {
                stand(&mut painting, &picture, (x, foot), unit);
            }
        }
        if self.products.is_empty() {
            let size = unit * 0.22 * near;
            let colour = self.colours.first().copied().unwrap_or_else(|| rgb(seed.unit() * 360.0, 0.5, 0.4));
            let (middle, reach) = ((wide / 2.0, foot - size), (size * 0.9, size * 0.14));
            let ground = (middle.0, foot);
            painting.fill(&Outline::ellipse(ground, reach), Paint::glow(ground, reach, [10, 8, 14], 0.5));
            let ends = ((middle.0 - size, middle.1 - size), (middle.0 + size, foot));
            let paint =
                Paint::linear((ends.0, mixed(colour, [255, 255, 255], 0.35)), (ends.1, mixed(colour, [0, 0, 0], 0.3)));
            painting.fill(&self.motif.outline().at(middle, size), paint);
        }
        painting
    }

    fn backdrop(&self, painting: &mut Painting, floor: f32, seed: &mut Seed) {
        let (wide, tall) = painting.size();
        let unit = wide.min(tall);
        let (wall, ground) = self.tones(seed);
        let top = mixed(wall, [0, 0, 0], 0.12);
        painting.flood(Paint::linear(((0.0, 0.0), top), ((0.0, floor), mixed(wall, [255, 255, 255], 0.18))));
        let light = (wide * (0.25 + 0.5 * seed.unit() as f32), tall * 0.24);
        let reach = (unit * 0.8, unit * 0.7);
        let spot = Outline::ellipse(light, reach);
        match self.setting {
            Setting::Beach => {
                painting.fill(&Outline::rectangle(0.0, tall * 0.44, wide, floor - tall * 0.44), rgb(196.0, 0.55, 0.5));
                painting.fill(&Outline::disc((light.0, tall * 0.2), unit * 0.09), [0xff, 0xf1, 0xc4]);
            }
            Setting::Nature => {
                for at in 0..26 {
                    let centre = (wide * seed.unit() as f32, floor * seed.unit() as f32);
                    let tip = around(centre, unit * (0.08 + 0.1 * seed.unit() as f32), seed.unit() as f32);
                    let green = rgb(95.0 + 45.0 * seed.unit(), 0.4, 0.25 + 0.22 * seed.unit());
                    painting.fill(
                        &Outline::leaf(centre, tip, 0.3),
                        Paint::from(green).opacity(if at < 12 { 0.5 } else { 0.9 }),
                    );
                }
            }
            Setting::Interior => {
                let pane = Outline::rectangle(wide * 0.08, tall * 0.1, wide * 0.3, tall * 0.36);
                painting.fill(
                    &pane,
                    Paint::linear(((0.0, tall * 0.1), [0xe8, 0xf3, 0xfb]), ((0.0, tall * 0.46), [0xfd, 0xf6, 0xe4])),
                );
                painting.fill(&pane.traced(&Nib::square(unit * 0.012)), mixed(wall, [0, 0, 0], 0.3));
                let lamp = Outline::polygon(&[
                    (wide * 0.78, tall * 0.2),
                    (wide * 0.86, tall * 0.2),
                    (wide * 0.9, tall * 0.34),
                    (wide * 0.74, tall * 0.34),
                ]);
                painting.fill(&lamp, [0xf7, 0xdf, 0xa8]);
                painting.fill(&Outline::rectangle(wide * 0.816, 0.0, unit * 0.006, tall * 0.2), [60, 52, 48]);
            }
            Setting::Seasonal => {
                for at in 0..30 {
                    let centre = (wide * seed.unit() as f32, floor * seed.unit() as f32);
                    let reach = unit * (0.015 + 0.03 * seed.unit() as f32);
                    let warm = [[0xff, 0xd9, 0x8a], [0xff, 0xb8, 0x5c], [0xff, 0xf0, 0xcf]][at % 3];
                    painting.fill(&Outline::disc(centre, reach), Paint::from(warm).opacity(0.35));
                }
                for at in 0..24 {
                    let left = at % 2 == 0;
                    let root = (if left { 0.0 } else { wide }, floor * at as f32 / 24.0);
                    let reach = unit * (0.1 + 0.08 * seed.unit() as f32);
                    let tip =
                        (root.0 + if left { reach } else { -reach }, root.1 + unit * 0.08 * (seed.unit() as f32 - 0.2));
                    painting.fill(&Outline::leaf(root, tip, 0.12), rgb(130.0 + 20.0 * seed.unit(), 0.45, 0.22));
                }
            }
            Setting::Night => {
                let neon = self.colours.first().copied().unwrap_or(rgb(seed.unit() * 360.0, 0.95, 0.6));
                let ring = Outline::ring((wide * 0.5, floor * 0.55), unit * 0.32, unit * 0.02);
                painting.fill(
                    &Outline::disc((wide * 0.5, floor * 0.55), unit * 0.6),
                    Paint::glow((wide * 0.5, floor * 0.55), (unit * 0.6, unit * 0.6), neon, 0.5),
                );
                painting.fill(&ring, mixed(neon, [255, 255, 255], 0.55));
            }
            _ => {}
        }
        painting.fill(
            &spot,
            Paint::glow(light, reach, [255, 255, 255], if self.setting == Setting::Night { 0.06 } else { 0.45 }),
        );
        painting.clip(0.0, floor, wide, tall - floor);
        painting.flood(Paint::linear(((0.0, floor), ground), ((0.0, tall), mixed(ground, [0, 0, 0], 0.22))));
        self.floor_marks(painting, floor, ground, seed);
        painting.unclip();
        if self.setting == Setting::Podium {
            podium(painting, floor, ground);
        }
    }

    /// The colours of wall and floor. The first two that were asked for, else those of the setting.
    fn tones(&self, seed: &mut Seed) -> (Colour, Colour) {
        let turn = seed.unit() * 360.0;
        let (wall, ground): (Colour, Colour) = match self.setting {
            Setting::Studio => (rgb(turn, 0.3, 0.86), rgb(turn, 0.26, 0.8)),
            Setting::Marble => ([0xdd, 0xdc, 0xda], [0xf1, 0xf0, 0xee]),
            Setting::Wood => ([0xd8, 0xcd, 0xbf], [0x9b, 0x6b, 0x43]),
            Setting::Nature => ([0x86, 0xa8, 0x7c], [0x5c, 0x7a, 0x45]),
            Setting::Beach => ([0x9f, 0xd3, 0xee], [0xec, 0xd6, 0xa8]),
            Setting::Podium => (rgb(turn, 0.45, 0.72), rgb(turn, 0.4, 0.64)),
            Setting::Night => ([0x16, 0x15, 0x22], [0x1f, 0x1d, 0x2e]),
            Setting::Interior => ([0xd9, 0xd0, 0xc2], [0x8d, 0x76, 0x60]),
            Setting::FlatLay => (rgb(turn, 0.25, 0.88), rgb(turn, 0.25, 0.86)),
            Setting::CloseUp => (rgb(turn, 0.22, 0.4), rgb(turn, 0.22, 0.3)),
            Setting::Seasonal => ([0x2f, 0x4a, 0x3c], [0x6b, 0x45, 0x2e]),
        };
        match self.colours.as_slice() {
            [] => (wall, ground),
            [one] if self.setting == Setting::Night => (wall, rgb(hue(*one), 0.4, 0.16)),
            [one] => (mixed(*one, [255, 255, 255], 0.25), mixed(*one, ground, 0.4)),
            [one, two, ..] => (*one, *two),
        }
    }

    fn floor_marks(&self, painting: &mut Painting, floor: f32, ground: Colour, seed: &mut Seed) {
        let (wide, tall) = painting.size();
        let unit = wide.min(tall);
        let dark = mixed(ground, [0, 0, 0], 0.25);
        match self.setting {
            Setting::Wood | Setting::Interior => {
                for at in 0..9 {
                    let (near, far) = (wide * (at as f32 / 4.0 - 0.5), wide * (at as f32 / 8.0));
                    let seam = stroke(&[(far, floor), (near, tall)], &Nib::round(unit * 0.004));
                    painting.fill(&seam, dark);
                }
            }
            Setting::Marble => {
                for _ in 0..7 {
                    let mut point: Point = (wide * seed.unit() as f32, floor);
                    let mut drift = unit * 0.03 * (seed.unit() as f32 - 0.5);
                    let mut vein = vec![point];
                    while point.1 < tall {
                        drift += unit * 0.012 * (seed.unit() as f32 - 0.5);
                        point = (point.0 + drift, point.1 + unit * 0.02);
                        vein.push(point);
                    }
                    painting.fill(&stroke(&vein, &Nib::round(unit * 0.004)), Paint::from([120, 120, 128]).opacity(0.4));
                }
            }
            Setting::FlatLay => {
                let centre = (wide / 2.0, tall / 2.0);
                for at in 0..9 {
                    let place = around(centre, unit * 0.4, at as f32 / 9.0 + 0.03 * seed.unit() as f32);
                    let size = unit * (0.035 + 0.03 * seed.unit() as f32);
                    let colour = rgb(40.0 * f64::from(at), 0.4, 0.55);
                    let shadow = (place.0 + size * 0.12, place.1 + size * 0.15);
                    painting.fill(&Outline::disc(shadow, size), Paint::from([20, 16, 12]).opacity(0.16));
                    match at % 3 {
                        0 => painting.fill(&Outline::disc(place, size), colour),
                        1 => painting.fill(
                            &Outline::leaf((place.0 - size, place.1), (place.0 + size, place.1 + size), 0.4),
                            colour,
                        ),
                        _ => painting.fill(
                            &Outline::rounded(place.0 - size, place.1 - size * 0.6, size * 2.0, size * 1.2, size * 0.2),
                            colour,
                        ),
                    }
                }
            }
            Setting::Beach | Setting::Nature => {
                for _ in 0..40 {
                    let centre = (wide * seed.unit() as f32, floor + (tall - floor) * seed.unit() as f32);
                    painting.fill(&Outline::ellipse(centre, (unit * 0.012, unit * 0.004)), dark);
                }
            }
            _ => {}
        }
    }
}

fn podium(painting: &mut Painting, floor: f32, ground: Colour) {
    let (wide, tall) = painting.size();
    let (x, top) = (wide / 2.0, floor + (tall - floor) * 0.3);
    let radii = (wide.min(tall) * 0.36, wide.min(tall) * 0.07);
    let side = Outline::rectangle(x - radii.0, top, radii.0 * 2.0, tall * 0.12)
        .and(Outline::ellipse((x, top + tall * 0.12), radii));
    painting.fill(
        &side,
        Paint::linear(
            ((x - radii.0, 0.0), mixed(ground, [0, 0, 0], 0.1)),
            ((x + radii.0, 0.0), mixed(ground, [0, 0, 0], 0.4)),
        ),
    );
    painting.fill(&Outline::ellipse((x, top), radii), mixed(ground, [255, 255, 255], 0.45));
}

/// The product alone, at most as large as the room. What is of one colour all along its border is taken for a backdrop.
fn cut_out(product: &Reference, room: (f32, f32)) -> Option<RgbaImage> {
    let reader = ImageReader::new(Cursor::new(&product.file)).with_guessed_format().ok()?;
    let picture = reader.decode().ok()?.into_rgba8();
    let scale = (room.0 / picture.width() as f32).min(room.1 / picture.height() as f32);
    let sized = |length: u32| ((length as f32 * scale).round() as u32).max(1);
    let filter = imageops::FilterType::Triangle;
    let mut small = imageops::resize(&picture, sized(picture.width()), sized(picture.height()), filter);
    clear_backdrop(&mut small);
    Some(small)
}

fn clear_backdrop(picture: &mut RgbaImage) {
    let (width, height) = picture.dimensions();
    let first = *picture.get_pixel(0, 0);
    let like = |pixel: &image::Rgba<u8>| pixel.0[3] > 0 && (0..3).all(|at| pixel.0[at].abs_diff(first.0[at]) < 26);
    let border =
        (0..width).flat_map(|x| [(x, 0), (x, height - 1)]).chain((0..height).flat_map(|y| [(0, y), (width - 1, y)]));
    let border: Vec<(u32, u32)> = border.collect();
    let alike = border.iter().filter(|(x, y)| like(picture.get_pixel(*x, *y))).count();
    if alike * 10 < border.len() * 9 {
        return;
    }
    let mut rest = border;
    while let Some((x, y)) = rest.pop() {
        if like(picture.get_pixel(x, y)) {
            picture.get_pixel_mut(x, y).0[3] = 0;
            let around = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
            rest.extend(around.into_iter().filter(|(x, y)| *x < width && *y < height));
        }
    }
}

/// Sets a picture down with its lower edge at a point, on a soft shadow.
fn stand(painting: &mut Painting, picture: &RgbaImage, foot: Point, unit: f32) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    for (wide, opacity) in [(0.62, 0.35), (0.42, 0.4)] {
        let radii = (width * wide, unit * 0.05 * wide * 1.6);
        painting.fill(&Outline::ellipse(foot, radii), Paint::glow(foot, radii, [10, 8, 14], opacity));
    }
    let (left, top) = ((foot.0 - width / 2.0).round() as i64, (foot.1 - height).round() as i64);
    for (x, y, pixel) in picture.enumerate_pixels() {
        painting.dab(left + i64::from(x), top + i64::from(y), [pixel.0[0], pixel.0[1], pixel.0[2]], pixel.0[3]);
    }
}
