//! The colours of a style, around those that were asked for.

use super::{
    super::colours::{Colour, hue, lightness, mixed, rgb},
    Style,
};
use crate::seed::Seed;

/// The colours of one design.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    /// Behind everything.
    pub(super) ground: Colour,
    /// Cards and panels.
    pub(super) surface: Colour,
    pub(super) main: Colour,
    pub(super) second: Colour,
    pub(super) accent: Colour,
    /// Lines and letters on the ground.
    pub(super) ink: Colour,
}

const WHITE: Colour = [255, 255, 255];

impl Palette {
    /// Every second variation is on a dark ground, where the style has one.
    pub(super) fn of(style: Style, asked: &[Colour], turn: usize, seed: &mut Seed) -> Self {
        let dark = turn % 2 == 1;
        let palette = match style {
            Style::Modern => Self::modern(asked, dark, seed),
            Style::Corporate => Self::corporate(asked, dark, seed),
            Style::Creative => Self::creative(asked, dark, seed),
            Style::Minimalist => Self::minimalist(asked, dark, seed),
            Style::Vibrant => Self::vibrant(asked, dark, seed),
            Style::Elegant => Self::elegant(asked, dark, seed),
        };
        palette.with_room_between()
    }

    fn modern(asked: &[Colour], dark: bool, seed: &mut Seed) -> Self {
        let start = seed.unit() * 360.0;
        let main = pick(asked, 0, || rgb(start, 0.72, 0.52));
        let second = pick(asked, 1, || rgb(hue(main) + 150.0, 0.62, 0.45));
        let accent = pick(asked, 2, || rgb(hue(main) + 45.0, 0.95, 0.62));
        let night = mixed(rgb(hue(main), 0.35, 0.12), [18, 20, 32], 0.5);
        let day = [0xf5, 0xf2, 0xec];
        let (ground, ink) = if dark { (night, day) } else { (day, night) };
        Self { ground, surface: if dark { mixed(night, WHITE, 0.1) } else { WHITE }, main, second, accent, ink }
    }

    fn corporate(asked: &[Colour], dark: bool, seed: &mut Seed) -> Self {
        let start = 200.0 + seed.unit() * 28.0;
        let main = pick(asked, 0, || rgb(start, 0.7, 0.3));
        let second = pick(asked, 1, || rgb(hue(main) + 8.0, 0.5, 0.56));
        let accent = pick(asked, 2, || if seed.below(2) == 0 { [0xf2, 0x8c, 0x28] } else { [0x17, 0xa5, 0x98] });
        let ink = mixed(rgb(hue(main), 0.5, 0.13), [16, 24, 40], 0.4);
        if dark {
            return Self {
                ground: ink,
                surface: WHITE,
                main: lifted(main, 0.34),
                second,
                accent,
                ink: [0xf1, 0xf5, 0xfa],
            };
        }
        Self { ground: [0xf1, 0xf4, 0xf8], surface: WHITE, main, second, accent, ink }
    }

    fn creative(asked: &[Colour], dark: bool, seed: &mut Seed) -> Self {
        let start = seed.unit() * 360.0;
        let main = pick(asked, 0, || rgb(start, 0.82, 0.58));
        let second = pick(asked, 1, || rgb(hue(main) + 125.0, 0.6, 0.52));
        let accent = pick(asked, 2, || rgb(hue(main) + 235.0, 0.92, 0.64));
        let paper = rgb(hue(main) + 60.0, 0.75, 0.92);
        let ink = [0x2b, 0x20, 0x42];
        let ground = if dark { mixed(second, WHITE, 0.62) } else { paper };
        Self { ground, surface: [0xff, 0xfd, 0xf6], main, second, accent, ink }
    }

    fn minimalist(asked: &[Colour], dark: bool, seed: &mut Seed) -> Self {
        let start = [12.0, 40.0, 150.0, 205.0, 260.0][seed.below(5)];
        let accent = pick(asked, 0, || rgb(start, 0.55, 0.55));
        let second = pick(asked, 1, || [0xd8, 0xd4, 0xcb]);
        let (ground, ink): (Colour, Colour) =
            if dark { ([0x1c, 0x1c, 0x1e], [0xef, 0xec, 0xe6]) } else { ([0xf8, 0xf6, 0xf2], [0x22, 0x22, 0x24]) };
        let second = if dark { mixed(second, ground, 0.6) } else { second };
        Self { ground, surface: if dark { [0x28, 0x28, 0x2b] } else { WHITE }, main: ink, second, accent, ink }
    }

    fn vibrant(asked: &[Colour], dark: bool, seed: &mut Seed) -> Self {
        let start = seed.unit() * 360.0;
        let main = pick(asked, 0, || rgb(start, 0.95, 0.54));
        let second = pick(asked, 1, || rgb(hue(main) + 70.0, 0.95, 0.56));
        let accent = pick(asked, 2, || rgb(hue(main) + 190.0, 1.0, 0.6));
        let (main, second) = if dark { (second, main) } else { (main, second) };
        Self { ground: main, surface: WHITE, main, second, accent, ink: WHITE }
    }

    fn elegant(asked: &[Colour], dark: bool, seed: &mut Seed) -> Self {
        let deep: [Colour; 4] = [[0x11, 0x28, 0x22], [0x14, 0x1c, 0x33], [0x2d, 0x11, 0x1d], [0x17, 0x14, 0x12]];
        let chosen = deep[seed.below(4)];
        let gold: Colour = [0xc8, 0xa4, 0x5c];
        let first = asked.first().copied();
        let metal = asked.iter().copied().find(|colour| lightness(*colour) > 0.45);
        let night =
            first.map_or(chosen, |colour| if lightness(colour) < 0.3 { colour } else { rgb(hue(colour), 0.4, 0.12) });
        let main = metal.unwrap_or(gold);
        // On ivory the deep colour draws, and the gold only shines in places.
        if dark {
            let deep = first.filter(|colour| lightness(*colour) < 0.6).unwrap_or(night);
            let ivory = [0xf6, 0xf0, 0xe4];
            return Self {
                ground: ivory,
                surface: [0xfd, 0xfa, 0xf3],
                main: deep,
                second: main,
                accent: main,
                ink: deep,
            };
        }
        let second = mixed(main, WHITE, 0.4);
        Self {
            ground: night,
            surface: mixed(night, WHITE, 0.05),
            main,
            second,
            accent: mixed(main, night, 0.35),
            ink: main,
        }
    }

    /// Letters that could not be read on the ground are made lighter or darker.
    fn with_room_between(mut self) -> Self {
        if (lightness(self.ink) - lightness(self.ground)).abs() < 0.35 {
            self.ink = readable_on(self.ground);
        }
        if (lightness(self.main) - lightness(self.ground)).abs() < 0.08 && self.main != self.ground {
            self.main = mixed(self.main, readable_on(self.ground), 0.45);
        }
        self
    }
}

/// Black or white, whichever can be read on a colour.
pub(super) fn readable_on(colour: Colour) -> Colour {
    if lightness(colour) > 0.6 { [0x1a, 0x1a, 0x20] } else { WHITE }
}

fn pick(asked: &[Colour], at: usize, other: impl FnOnce() -> Colour) -> Colour {
    asked.get(at).copied().unwrap_or_else(other)
}

/// At least so light.
fn lifted(colour: Colour, least: f32) -> Colour {
    let light = lightness(colour);
    if light >= least { colour } else { mixed(colour, WHITE, (least - light) / (1.0 - light)) }
}
