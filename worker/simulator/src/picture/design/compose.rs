//! Where things stand on logos and banners, and how words are set.

use super::{
    super::{
        colours::{Colour, lightness, mixed},
        painting::Paint,
        path::{Nib, Outline},
    },
    Area, Sheet, Style,
    art::{self, lot},
    mark,
    palette::readable_on,
};
use crate::seed::Seed;

/// A mark, and the name under or beside it.
pub(super) fn logo(sheet: &mut Sheet, seed: &mut Seed, transparent: bool) {
    let whole = Area::whole(&sheet.painting);
    let unit = whole.short();
    if !transparent {
        logo_ground(sheet, whole);
    }
    let words = sheet.words.clone();
    let (x, y) = whole.centre();
    let form = sheet.composition;
    let ink = sheet.palette.ink;
    match (form, words) {
        // Beside each other, where there is a name to stand there.
        (2, Some(words)) => {
            let radius = unit * 0.15;
            mark::draw(sheet, (whole.left + whole.width * 0.25, y), radius, form, seed);
            let room = whole.part(0.43, 0.36, 0.5, 0.28);
            write(sheet, &words, room, Align::Left, ink);
        }
        (_, Some(words)) => {
            let (radius, lift) = if form == 4 { (unit * 0.2, 0.15) } else { (unit * 0.235, 0.11) };
            mark::draw(sheet, (x, y - unit * lift), radius, form, seed);
            let room = Area::new(x - unit * 0.4, y + unit * 0.2, unit * 0.8, unit * 0.17);
            write(sheet, &words, room, Align::Centre, ink);
        }
        (_, None) => {
            let radius = unit * [0.33, 0.29, 0.36, 0.31, 0.27][form];
            let shift = [(0.0, 0.0), (0.0, 0.02), (0.0, 0.0), (-0.02, 0.03), (0.0, -0.02)][form];
            mark::draw(sheet, (x + unit * shift.0, y + unit * shift.1), radius, form, seed);
        }
    }
}

/// Behind a logo there is little: a ground that is a shade lighter towards one side.
fn logo_ground(sheet: &mut Sheet, whole: Area) {
    let palette = sheet.palette;
    let unit = whole.short();
    match sheet.style {
        Style::Vibrant => shaded(sheet, whole, palette.main, palette.second),
        Style::Elegant => {
            let glow = mixed(palette.ground, palette.second, 0.14);
            shaded(sheet, whole, glow, palette.ground);
            let inset = unit * 0.05;
            let frame = Outline::rectangle(inset, inset, whole.width - inset * 2.0, whole.height - inset * 2.0);
            let paint = Paint::from(palette.main).opacity(0.6);
            sheet.painting.fill(&frame.traced(&Nib::square(unit * 0.003)), paint);
        }
        _ => shaded(sheet, whole, palette.ground, mixed(palette.ground, palette.ink, 0.07)),
    }
    let painting = &mut sheet.painting;
    match sheet.style {
        Style::Corporate => {
            let base = Outline::rectangle(0.0, whole.height - unit * 0.03, whole.width, unit * 0.03);
            painting.fill(&base, palette.main);
            let part = Outline::rectangle(0.0, whole.height - unit * 0.03, whole.width * 0.3, unit * 0.03);
            painting.fill(&part, palette.accent);
        }
        Style::Creative if sheet.composition >= 3 => {
            let corner = Outline::wobbly((whole.width, 0.0), unit * 0.36, 0.1, 4, 0.2);
            painting.fill(&corner, mixed(palette.second, palette.ground, 0.45));
            let corner = Outline::wobbly((0.0, whole.height), unit * 0.3, 0.1, 5, 0.4);
            painting.fill(&corner, mixed(palette.main, palette.ground, 0.5));
        }
        _ => {}
    }
}

/// From the lighter of two colours to the darker; every composition has a direction of its own.
fn shaded(sheet: &mut Sheet, whole: Area, one: Colour, other: Colour) {
    let (from, to) = if lightness(one) < lightness(other) { (other, one) } else { (one, other) };
    let (x, y) = whole.centre();
    let far = whole.width.hypot(whole.height) / 2.0;
    let paint = match sheet.composition {
        0 => Paint::radial((x, y), (far, far), from, to),
        1 => Paint::linear(((0.0, 0.0), from), ((whole.width, whole.height), to)),
        2 => Paint::linear(((whole.width, 0.0), from), ((0.0, whole.height), to)),
        3 => Paint::radial((0.0, whole.height), (far * 2.0, far * 2.0), from, to),
        _ => Paint::linear(((whole.width, whole.height), from), ((0.0, 0.0), to)),
    };
    sheet.painting.flood(paint);
}

/// A strip with art at one side and a call at the other. On a sheet that is no strip itself it lies in the middle.
pub(super) fn banner(sheet: &mut Sheet, seed: &mut Seed) {
    let whole = Area::whole(&sheet.painting);
    let palette = sheet.palette;
    let strip = if whole.width < whole.height * 1.25 {
        let around = mixed(palette.ground, palette.ink, 0.1);
        shaded(sheet, whole, around, mixed(around, palette.ink, 0.07));
        let tall = (whole.width * 0.54).min(whole.height * 0.6);
        let strip = Area::new(0.0, (whole.height - tall) / 2.0, whole.width, tall);
        for step in 1..=3 {
            let shadow = Outline::rectangle(0.0, strip.top + tall, strip.width, tall * 0.025 * step as f32);
            sheet.painting.fill(&shadow, Paint::from([10, 8, 20]).opacity(0.06));
        }
        strip
    } else {
        whole
    };
    let (art, room) = match sheet.composition {
        0 => (strip.part(0.52, 0.0, 0.48, 1.0), strip.part(0.05, 0.14, 0.42, 0.72)),
        1 => (strip.part(0.0, 0.0, 0.45, 1.0), strip.part(0.5, 0.14, 0.45, 0.72)),
        2 => (strip, strip.part(0.28, 0.16, 0.44, 0.68)),
        3 => (strip.part(0.0, 0.64, 1.0, 0.36), strip.part(0.05, 0.02, 0.9, 0.6)),
        _ => (strip, strip.part(0.07, 0.16, 0.4, 0.68)),
    };
    sheet.painting.clip(strip.left, strip.top, strip.width, strip.height);
    shaded(sheet, strip, palette.ground, mixed(palette.ground, palette.ink, 0.05));
    sheet.painting.unclip();
    art::fill(sheet, art, seed);
    let ground = match sheet.composition {
        2 | 4 => {
            panel(sheet, room, 0.0);
            sheet.palette.surface
        }
        _ => palette.ground,
    };
    call(sheet, room, ground, seed);
}

/// The mark, the words if there are any, and a button.
fn call(sheet: &mut Sheet, room: Area, ground: Colour, seed: &mut Seed) {
    let palette = sheet.palette;
    let ink = if ground == palette.ground { palette.ink } else { ink_on(sheet, ground) };
    let unit = room.short();
    let form = sheet.composition + seed.below(2);
    let inner = room.part(0.06, 0.06, 0.88, 0.88);
    let before = sheet.palette;
    // The mark stands on this ground, not on the sheet's.
    (sheet.palette.ground, sheet.palette.ink) = (ground, ink);
    if let Some(words) = sheet.words.clone() {
        let radius = unit * 0.17;
        mark::draw(sheet, (inner.left + radius * 1.15, inner.top + radius * 1.1), radius, form, seed);
        write(sheet, &words, inner.part(0.0, 0.46, 1.0, 0.26), Align::Left, ink);
        button(sheet, inner.part(0.0, 0.82, 0.4, 0.16));
    } else {
        let (x, _) = inner.centre();
        mark::draw(sheet, (x, inner.top + inner.height * 0.4), unit * 0.34, form, seed);
        button(sheet, inner.part(0.3, 0.84, 0.4, 0.15));
    }
    sheet.palette = before;
}

/// A shape that looks as if it could be pressed.
pub(super) fn button(sheet: &mut Sheet, room: Area) {
    let palette = sheet.palette;
    let round = match sheet.style {
        Style::Modern | Style::Creative | Style::Vibrant => room.height / 2.0,
        Style::Corporate => room.height * 0.15,
        Style::Minimalist | Style::Elegant => 0.0,
    };
    let outline = Outline::rounded(room.left, room.top, room.width, room.height, round);
    let (colour, arrow) = match sheet.style {
        Style::Elegant => {
            sheet.painting.fill(&outline.traced(&Nib::square(room.height * 0.05)), palette.ink);
            (None, palette.ink)
        }
        Style::Creative => (Some(palette.ink), [255, 255, 255]),
        _ => (Some(palette.accent), readable_on(palette.accent)),
    };
    if let Some(colour) = colour {
        sheet.painting.fill(&outline, colour);
    }
    let (x, y) = room.centre();
    let size = room.height * 0.17;
    let nib = Nib::round(room.height * 0.07);
    let shaft = [(x - size * 2.2, y), (x + size * 2.0, y)];
    let head = [(x + size * 0.9, y - size), (x + size * 2.0, y), (x + size * 0.9, y + size)];
    let sign = crate::picture::path::stroke(&shaft, &nib).and(crate::picture::path::stroke(&head, &nib));
    sheet.painting.fill(&sign, arrow);
}

/// A sheet of paper with a soft shadow, turned a little if asked.
pub(super) fn panel(sheet: &mut Sheet, area: Area, turn: f32) {
    let palette = sheet.palette;
    let unit = area.short();
    let round = match sheet.style {
        Style::Modern | Style::Vibrant => unit * 0.06,
        Style::Creative => unit * 0.09,
        Style::Corporate => unit * 0.025,
        Style::Minimalist | Style::Elegant => 0.0,
    };
    let centre = area.centre();
    let paper = Outline::rounded(area.left, area.top, area.width, area.height, round).rotated(centre, turn);
    for step in 0..3 {
        let grown = unit * 0.014 * step as f32;
        let (wide, tall) = (area.width + grown * 2.0, area.height + grown * 2.0);
        let shadow = Outline::rounded(area.left - grown, area.top - grown + unit * 0.03, wide, tall, round + grown);
        let rim = shadow.rotated(centre, turn).without(paper.clone());
        sheet.painting.fill(&rim, Paint::from([12, 10, 24]).opacity(0.08));
    }
    sheet.painting.fill(&paper, palette.surface);
    if sheet.style == Style::Elegant {
        let inset = unit * 0.035;
        let frame = Outline::rectangle(
            area.left + inset,
            area.top + inset,
            area.width - inset * 2.0,
            area.height - inset * 2.0,
        );
        sheet.painting.fill(&frame.rotated(centre, turn).traced(&Nib::square(unit * 0.004)), palette.main);
    }
    if sheet.style == Style::Creative {
        sheet.painting.fill(&paper.traced(&Nib::round(unit * 0.014)), palette.ink);
    }
}

/// A colour for letters on another ground than the sheet's.
pub(super) fn ink_on(sheet: &Sheet, ground: Colour) -> Colour {
    let candidates = [sheet.palette.ink, sheet.palette.main, readable_on(ground)];
    let apart = |colour: &Colour| (lightness(*colour) - lightness(ground)).abs() > 0.42;
    candidates.into_iter().find(apart).unwrap_or_else(|| readable_on(ground))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
}

/// Sets words as large as the room allows, on one line or two.
pub(super) fn write(sheet: &mut Sheet, words: &str, room: Area, align: Align, colour: Colour) {
    let pen = sheet.style.pen();
    let lines = best_lines(words, |line| pen.width(line, 100.0), room);
    let gap = 0.34;
    let count = lines.len() as f32;
    let most = room.height / (count + gap * (count - 1.0));
    let height = lines.iter().map(|line| pen.height_for(line, room.width, most)).fold(most, f32::min);
    let mut top = room.top + (room.height - height * (count + gap * (count - 1.0))) / 2.0;
    for line in &lines {
        let width = pen.width(line, height);
        let left = match align {
            Align::Left => room.left,
            Align::Centre => room.left + (room.width - width) / 2.0,
        };
        sheet.painting.fill(&pen.write(line, left, top, height), colour);
        top += height * (1.0 + gap);
    }
}

/// One line, or the two that can be set larger.
fn best_lines(words: &str, width: impl Fn(&str) -> f32, room: Area) -> Vec<String> {
    let all: Vec<&str> = words.split_whitespace().take(12).collect();
    let height_of = |lines: &[String]| {
        let count = lines.len() as f32;
        let widest = lines.iter().map(|line| width(line)).fold(1.0, f32::max);
        (room.width / widest * 100.0).min(room.height / (count * 1.34))
    };
    let one = vec![all.join(" ")];
    let splits = (1..all.len()).map(|at| vec![all[..at].join(" "), all[at..].join(" ")]);
    splits.fold(one, |best, lines| if height_of(&lines) > height_of(&best) { lines } else { best })
}

/// A little of one colour in another, by lot.
pub(super) fn tint(seed: &mut Seed, colour: Colour, into: Colour) -> Colour {
    mixed(into, colour, lot(seed, 0.15, 0.3))
}
