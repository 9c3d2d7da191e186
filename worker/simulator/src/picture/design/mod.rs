//! Logos, banners, posters and social cards, in six styles.
//!
//! A prompt is a design's if it says so in its first lines (`A modern logo for …`, `Design type: poster`). The style, the
//! colours, the words to write and what it is about are read from the prompt; what it leaves open is drawn by lot. Prompts
//! that differ only in their numbers (`variation 2 of 5`) are variations of one: each takes another composition.

mod art;
mod card;
mod compose;
mod mark;
mod palette;
mod poster;
mod reading;

use palette::Palette;

use super::{lettering::Pen, motif::Motif, painting::Painting};
use crate::seed::Seed;

/// Everything a design depends on, besides its size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Design {
    kind: Kind,
    style: Style,
    motif: Motif,
    /// What is written on it, if anything.
    words: Option<String>,
    colours: Vec<[u8; 3]>,
    seed: u64,
    /// Which of the variations it is.
    turn: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Logo,
    Banner,
    Poster,
    SocialCard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Style {
    Modern,
    Corporate,
    Creative,
    Minimalist,
    Vibrant,
    Elegant,
}

/// The compositions that every kind of design has.
const COMPOSITIONS: usize = 5;

impl Design {
    /// The piece of the design that a prompt asks for; `None` where it asks for something else.
    pub(crate) fn of(prompt: &str, piece: u64) -> Option<Self> {
        let kind = reading::kind(prompt)?;
        let base = Seed::of(&["design", &reading::in_common(prompt)]);
        let motif = Motif::find(reading::subject(prompt), &mut base.branch("motif"));
        let turn = base.branch("composition").below(COMPOSITIONS) + reading::variation(prompt) + piece as usize;
        Some(Self {
            kind,
            style: reading::style(prompt),
            motif,
            words: reading::words(prompt),
            colours: super::colours::asked_for(prompt),
            seed: Seed::of(&[prompt, &piece.to_string()]).next(),
            turn,
        })
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn draw(&self, width: u32, height: u32, transparent: bool) -> Painting {
        let mut seed = Seed::new(self.seed);
        let mut sheet = Sheet {
            painting: Painting::new(width as usize, height as usize),
            palette: Palette::of(self.style, &self.colours, self.turn, &mut seed.branch("palette")),
            style: self.style,
            motif: self.motif,
            words: self.words.clone(),
            composition: self.turn % COMPOSITIONS,
        };
        match self.kind {
            Kind::Logo => compose::logo(&mut sheet, &mut seed, transparent),
            Kind::Banner => compose::banner(&mut sheet, &mut seed),
            Kind::Poster => poster::draw(&mut sheet, &mut seed),
            Kind::SocialCard => card::draw(&mut sheet, &mut seed),
        }
        sheet.painting
    }
}

/// A design under way.
struct Sheet {
    painting: Painting,
    palette: Palette,
    style: Style,
    motif: Motif,
    words: Option<String>,
    composition: usize,
}

/// A part of a sheet, in pixels.
#[derive(Debug, Clone, Copy)]
struct Area {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Area {
    fn new(left: f32, top: f32, width: f32, height: f32) -> Self {
        Self { left, top, width, height }
    }

    fn whole(painting: &Painting) -> Self {
        let (width, height) = painting.size();
        Self::new(0.0, 0.0, width, height)
    }

    fn short(&self) -> f32 {
        self.width.min(self.height)
    }

    fn centre(&self) -> (f32, f32) {
        (self.left + self.width / 2.0, self.top + self.height / 2.0)
    }

    /// A part of it, in shares of its width and height.
    fn part(&self, left: f32, top: f32, width: f32, height: f32) -> Self {
        Self::new(self.left + left * self.width, self.top + top * self.height, width * self.width, height * self.height)
    }
}

impl Style {
    fn pen(self) -> &'static Pen {
        match self {
            Self::Modern => &Pen::MODERN,
            Self::Corporate => &Pen::CORPORATE,
            Self::Creative => &Pen::CREATIVE,
            Self::Minimalist => &Pen::MINIMALIST,
            Self::Vibrant => &Pen::VIBRANT,
            Self::Elegant => &Pen::ELEGANT,
        }
    }
}

#[cfg(test)]
mod tests;
