//! Posters: art over the whole sheet, the motif large, and a title.

use super::{
    super::{
        colours::mixed,
        painting::Paint,
        path::{Nib, Outline},
    },
    Area, Sheet, Style, art,
    compose::{self, Align, ink_on},
    mark,
};
use crate::seed::Seed;

pub(super) fn draw(sheet: &mut Sheet, seed: &mut Seed) {
    let whole = Area::whole(&sheet.painting);
    let palette = sheet.palette;
    sheet.painting.flood(palette.ground);
    match sheet.composition {
        0 => split(sheet, whole, 0.0, seed),
        1 => split(sheet, whole, 0.3, seed),
        2 => window(sheet, whole, seed),
        3 => giant(sheet, whole, seed),
        _ => framed(sheet, whole, seed),
    }
    if matches!(sheet.style, Style::Elegant | Style::Minimalist) {
        let inset = whole.short() * 0.03;
        let frame = Outline::rectangle(inset, inset, whole.width - inset * 2.0, whole.height - inset * 2.0);
        let paint = Paint::from(sheet.palette.ink).opacity(0.7);
        sheet.painting.fill(&frame.traced(&Nib::square(whole.short() * 0.003)), paint);
    }
}

/// Art above and title below (or the other way round, where the art begins further down).
fn split(sheet: &mut Sheet, whole: Area, top: f32, seed: &mut Seed) {
    let art = whole.part(0.0, top, 1.0, 0.7);
    let room = whole.part(0.08, if top > 0.0 { 0.05 } else { 0.75 }, 0.84, 0.2);
    art::fill(sheet, art, seed);
    let (x, y) = art.centre();
    badge(sheet, (x, y), whole.short() * 0.2, seed);
    let ink = sheet.palette.ink;
    title(sheet, room, ink, seed);
}

/// Art everywhere, and in its middle a round window with the motif.
fn window(sheet: &mut Sheet, whole: Area, seed: &mut Seed) {
    art::fill(sheet, whole, seed);
    let (x, y) = whole.centre();
    let unit = whole.short();
    let lift = if sheet.words.is_some() { unit * 0.08 } else { 0.0 };
    badge(sheet, (x, y - lift), unit * 0.3, seed);
    if sheet.words.is_some() {
        let room = Area::new(x - unit * 0.4, y + unit * 0.28, unit * 0.8, unit * 0.16);
        compose::panel(sheet, room, 0.0);
        let ink = ink_on(sheet, sheet.palette.surface);
        title(sheet, room.part(0.07, 0.2, 0.86, 0.6), ink, seed);
    }
}

/// The motif alone, large, between the title and a strip of art.
fn giant(sheet: &mut Sheet, whole: Area, seed: &mut Seed) {
    let palette = sheet.palette;
    let unit = whole.short();
    let (from, to) = ((0.0, 0.0), (whole.width, whole.height));
    let end = mixed(palette.ground, palette.main, if sheet.style == Style::Minimalist { 0.05 } else { 0.3 });
    sheet.painting.flood(Paint::linear((from, palette.ground), (to, end)));
    let spot = (whole.width * 0.6, whole.height * 0.53);
    sheet.painting.fill(&Outline::disc(spot, unit * 0.36), compose::tint(seed, palette.accent, palette.ground));
    let motif = sheet.motif.outline().at(spot, unit * 0.3).rotated(spot, -0.03);
    match sheet.style {
        Style::Minimalist | Style::Elegant => {
            sheet.painting.fill(&motif.traced(&Nib::round(unit * 0.006)), palette.main);
        }
        Style::Creative => {
            sheet.painting.fill(&motif, palette.main);
            let beside = motif.map(|(x, y)| (x - unit * 0.025, y - unit * 0.025));
            sheet.painting.fill(&beside.traced(&Nib::round(unit * 0.01)), palette.ink);
        }
        _ => {
            let shadow = motif.map(|(x, y)| (x + unit * 0.03, y + unit * 0.03));
            sheet.painting.fill(&shadow, palette.second);
            let colour = if palette.main == palette.ground { palette.ink } else { palette.main };
            sheet.painting.fill(&motif, colour);
        }
    }
    let strip = whole.part(0.0, 0.86, 1.0, 0.14);
    art::fill(sheet, strip, seed);
    let ink = palette.ink;
    title(sheet, whole.part(0.08, 0.04, 0.84, 0.12), ink, seed);
}

/// Art in a frame, the mark over its lower edge.
fn framed(sheet: &mut Sheet, whole: Area, seed: &mut Seed) {
    let unit = whole.short();
    let art = whole.part(0.09, 0.08, 0.82, 0.58);
    art::fill(sheet, art, seed);
    let (x, _) = whole.centre();
    badge(sheet, (x, art.top + art.height), unit * 0.13, seed);
    let ink = sheet.palette.ink;
    title(sheet, whole.part(0.1, 0.82, 0.8, 0.11), ink, seed);
}

/// The mark on a round ground of its own.
fn badge(sheet: &mut Sheet, centre: (f32, f32), radius: f32, seed: &mut Seed) {
    let before = sheet.palette;
    let ground = if sheet.style == Style::Vibrant { before.second } else { before.surface };
    let around = (radius * 1.5, radius * 1.5);
    sheet.painting.fill(&Outline::disc(centre, radius * 1.5), Paint::glow(centre, around, [10, 8, 20], 0.35));
    sheet.painting.fill(&Outline::disc(centre, radius * 1.22), ground);
    if sheet.style != Style::Vibrant {
        sheet.palette.ink = ink_on(sheet, ground);
    }
    sheet.palette.ground = ground;
    let form = sheet.composition + 1;
    mark::draw(sheet, centre, radius * 0.86, form, seed);
    sheet.palette = before;
}

/// The words, where there are any; otherwise a rule that holds the place of a title.
fn title(sheet: &mut Sheet, room: Area, ink: [u8; 3], seed: &mut Seed) {
    if let Some(words) = sheet.words.clone() {
        compose::write(sheet, &words, room, Align::Centre, ink);
        return;
    }
    let (x, y) = room.centre();
    let half = room.width * art::lot(seed, 0.12, 0.2);
    let thick = room.height * 0.05;
    sheet.painting.fill(&Outline::rounded(x - half, y - thick, half * 2.0, thick * 2.0, thick), sheet.palette.accent);
    let dot = room.height * 0.1;
    for side in [-1.0, 1.0] {
        sheet.painting.fill(&Outline::disc((x + side * (half + dot * 2.4), y), dot), ink);
    }
}
