//! Social cards: a post's picture with a card on it, as feeds show them.

use super::{
    super::{
        colours::mixed,
        path::{Nib, Outline},
    },
    Area, Sheet, Style, art,
    compose::{self, Align, ink_on},
    mark,
};
use crate::{picture::motif::Motif, seed::Seed};

pub(super) fn draw(sheet: &mut Sheet, seed: &mut Seed) {
    let whole = Area::whole(&sheet.painting);
    art::fill(sheet, whole, seed);
    let (width, height) = (whole.width, whole.height);
    let unit = whole.short();
    // Of the same shape on every sheet, wherever it lies.
    let (wide, tall) = (unit * 0.66, unit * 0.7);
    let (left, top, turn) = match sheet.composition {
        0 => ((width - wide) / 2.0, (height - tall) / 2.0, 0.0),
        1 => (width * 0.07, height - tall - height * 0.08, 0.0),
        2 => (width - wide - width * 0.08, height * 0.08, 0.0),
        3 => (width - wide - width * 0.1, height - tall - height * 0.06, -0.018),
        _ => (width * 0.06, height * 0.06, 0.0),
    };
    let card = Area::new(left, top, wide, tall);
    if sheet.composition == 3 {
        let behind = Area::new(left + unit * 0.06, top - unit * 0.02, wide, tall);
        compose::panel(sheet, behind, 0.02);
    }
    compose::panel(sheet, card, turn);
    let before = sheet.palette;
    sheet.palette.ink = ink_on(sheet, before.surface);
    sheet.palette.ground = before.surface;
    content(sheet, card, before.ground, seed);
    sheet.palette = before;
}

/// Who posts, the picture, and the signs under it.
fn content(sheet: &mut Sheet, card: Area, behind: [u8; 3], seed: &mut Seed) {
    let palette = sheet.palette;
    let unit = card.short();
    let head = card.part(0.08, 0.055, 0.84, 0.12);
    let radius = head.height * 0.42;
    let face = (head.left + radius, head.top + head.height / 2.0);
    sheet.painting.fill(&Outline::disc(face, radius), palette.main);
    sheet.painting.fill(&Outline::disc(face, radius * 0.42), palette.accent);
    let quiet = mixed(palette.surface, palette.ink, 0.22);
    for (at, width) in [0.34, 0.22].into_iter().enumerate() {
        let y = head.top + head.height * (0.28 + 0.32 * at as f32);
        let bar =
            Outline::rounded(head.left + radius * 2.7, y, head.width * width, head.height * 0.15, head.height * 0.07);
        sheet.painting.fill(&bar, if at == 0 { mixed(palette.surface, palette.ink, 0.5) } else { quiet });
    }
    let picture = card.part(0.08, 0.2, 0.84, 0.56);
    sheet.painting.fill(
        &Outline::rectangle(picture.left, picture.top, picture.width, picture.height),
        picture_ground(sheet, behind),
    );
    let (x, y) = picture.centre();
    let words = sheet.words.clone();
    let form = sheet.composition + seed.below(3);
    let (place, size) = if words.is_some() {
        ((x, picture.top + picture.height * 0.38), picture.short() * 0.29)
    } else {
        ((x, y), picture.short() * 0.38)
    };
    let ground = picture_ground(sheet, behind);
    let before = sheet.palette;
    sheet.palette.ink = ink_on(sheet, ground);
    sheet.palette.ground = ground;
    if let Some(words) = words {
        let ink = sheet.palette.ink;
        compose::write(sheet, &words, picture.part(0.08, 0.76, 0.84, 0.17), Align::Centre, ink);
    }
    mark::draw(sheet, place, size, form, seed);
    sheet.palette = before;
    signs(sheet, card.part(0.08, 0.81, 0.84, 0.13), unit);
}

/// Behind the mark in the card's picture.
fn picture_ground(sheet: &Sheet, behind: [u8; 3]) -> [u8; 3] {
    match sheet.style {
        Style::Vibrant => sheet.palette.main,
        Style::Elegant | Style::Minimalist => behind,
        _ => mixed(sheet.palette.surface, sheet.palette.second, 0.22),
    }
}

/// A heart, a bubble, and a button.
fn signs(sheet: &mut Sheet, room: Area, unit: f32) {
    let palette = sheet.palette;
    let size = room.height * 0.3;
    let y = room.top + room.height / 2.0;
    let heart = Motif::Heart.outline().at((room.left + size, y), size);
    sheet.painting.fill(&heart, palette.accent);
    let bubble = Outline::ellipse((room.left + size * 4.0, y - size * 0.1), (size, size * 0.82));
    sheet.painting.fill(&bubble.traced(&Nib::round(unit * 0.008)), palette.ink);
    compose::button(
        sheet,
        Area::new(room.left + room.width * 0.62, room.top + room.height * 0.14, room.width * 0.38, room.height * 0.72),
    );
}
