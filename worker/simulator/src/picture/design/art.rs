//! Artwork that fills an area, in the manner of a style.

use std::f32::consts::TAU;

use super::{
    super::{
        colours::{Colour, mixed},
        painting::{Paint, Painting},
        path::{Nib, Outline, Point, around, stroke},
    },
    Area, Sheet, Style,
};
use crate::seed::Seed;

/// Fills an area; nothing is painted outside of it.
pub(super) fn fill(sheet: &mut Sheet, area: Area, seed: &mut Seed) {
    sheet.painting.clip(area.left, area.top, area.width, area.height);
    match sheet.style {
        Style::Modern => tiles(sheet, area, seed),
        Style::Corporate => growth(sheet, area, seed),
        Style::Creative => playground(sheet, area, seed),
        Style::Minimalist => stillness(sheet, area, seed),
        Style::Vibrant => rays(sheet, area, seed),
        Style::Elegant => fans(sheet, area, seed),
    }
    sheet.painting.unclip();
}

/// A number between two, by lot.
pub(super) fn lot(seed: &mut Seed, low: f32, high: f32) -> f32 {
    low + (high - low) * seed.unit() as f32
}

/// One of a few colours, by lot.
fn one_of(seed: &mut Seed, colours: &[Colour]) -> Colour {
    seed.pick(colours).copied().unwrap_or_default()
}

/// Modern: a grid of quarter circles, discs and halves.
fn tiles(sheet: &mut Sheet, area: Area, seed: &mut Seed) {
    let palette = sheet.palette;
    let painting = &mut sheet.painting;
    painting.flood(palette.surface);
    let side = area.short() / (2 + seed.below(2)) as f32;
    let colours = [palette.main, palette.second, palette.accent, palette.ink, palette.ground];
    let (across, down) = ((area.width / side).ceil() as usize, (area.height / side).ceil() as usize);
    let mut last = palette.surface;
    for cell in 0..across * down {
        let (left, top) = (area.left + (cell % across) as f32 * side, area.top + (cell / across) as f32 * side);
        let mut back = one_of(seed, &colours);
        if back == last {
            back = one_of(seed, &colours);
        }
        last = back;
        let mut front = one_of(seed, &colours);
        while front == back {
            front = one_of(seed, &colours);
        }
        painting.fill(&Outline::rectangle(left, top, side + 0.5, side + 0.5), back);
        let corner = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)];
        let turn = seed.below(4);
        let centre = (left + side / 2.0, top + side / 2.0);
        match seed.below(6) {
            0 | 1 => {
                painting
                    .fill(&Outline::slice(corner[turn], side, turn as f32 * 0.25, turn as f32 * 0.25 + 0.25), front);
            }
            2 => painting.fill(&Outline::disc(centre, side * 0.36), front),
            3 => {
                let half = Outline::slice(centre, side * 0.5, turn as f32 * 0.25, turn as f32 * 0.25 + 0.5);
                painting.fill(&half, front);
            }
            4 => {
                let triangle = [corner[turn], corner[(turn + 1) % 4], corner[(turn + 2) % 4]];
                painting.fill(&Outline::polygon(&triangle), front);
            }
            _ => {
                painting.fill(&Outline::ring(centre, side * 0.3, side * 0.14), front);
            }
        }
    }
}

/// Corporate: panels, a fine grid, bars that rise and a line above them.
fn growth(sheet: &mut Sheet, area: Area, seed: &mut Seed) {
    let palette = sheet.palette;
    let painting = &mut sheet.painting;
    let (left, top, width, height) = (area.left, area.top, area.width, area.height);
    let unit = area.short();
    let deep = mixed(palette.main, [0, 0, 0], 0.35);
    painting.flood(Paint::linear(((left, top), palette.main), ((left + width, top + height), deep)));
    let lean = lot(seed, 0.2, 0.5) * height;
    let from = left + width * lot(seed, 0.35, 0.6);
    let panel =
        |x: f32| Outline::polygon(&[(x + lean, top), (x + width, top), (x + width, top + height), (x, top + height)]);
    painting.fill(&panel(from), Paint::from(palette.second).opacity(0.35));
    painting.fill(&panel(from + width * 0.22), Paint::from(palette.second).opacity(0.5));
    let line = Paint::from([255, 255, 255]).opacity(0.1);
    for at in 1..6 {
        let y = top + height * at as f32 / 6.0;
        painting.fill(&Outline::rectangle(left, y, width, unit * 0.003), line);
    }
    let bars = 5 + seed.below(3);
    let pitch = width * 0.74 / bars as f32;
    let tops: Vec<Point> = (0..bars)
        .map(|at| {
            let rise = 0.14 + 0.5 * (at as f32 + 1.0) / bars as f32 + lot(seed, -0.05, 0.05);
            (left + width * 0.13 + pitch * (at as f32 + 0.5), top + height * (0.88 - rise))
        })
        .collect();
    for (at, (x, y)) in tops.iter().enumerate() {
        let bar = Outline::rounded(x - pitch * 0.3, *y, pitch * 0.6, top + height * 0.88 - y, unit * 0.012);
        let share = 0.25 + 0.5 * at as f32 / bars as f32;
        painting.fill(&bar, Paint::from(mixed(palette.second, [255, 255, 255], share)).opacity(0.92));
    }
    let raised: Vec<Point> = tops.iter().map(|(x, y)| (*x, y - height * 0.09)).collect();
    painting.fill(&stroke(&raised, &Nib::round(unit * 0.014)), palette.accent);
    for point in &raised {
        painting.fill(&Outline::disc(*point, unit * 0.022), palette.accent);
        painting.fill(&Outline::disc(*point, unit * 0.01), [255, 255, 255]);
    }
}

/// Creative: blobs, squiggles, dots and scraps of paper.
fn playground(sheet: &mut Sheet, area: Area, seed: &mut Seed) {
    let palette = sheet.palette;
    let painting = &mut sheet.painting;
    painting.flood(palette.ground);
    let unit = area.short();
    let spot =
        |seed: &mut Seed| (area.left + area.width * lot(seed, 0.0, 1.0), area.top + area.height * lot(seed, 0.0, 1.0));
    let colours = [palette.main, palette.second, palette.accent];
    let start = lot(seed, 0.0, 1.0);
    for at in 0..5_usize {
        let turn = start + at as f32 / 5.0;
        let centre = around(area.centre(), unit * lot(seed, 0.38, 0.55), turn);
        let blob = Outline::wobbly(centre, unit * lot(seed, 0.16, 0.28), 0.16, 3 + seed.below(3), lot(seed, 0.0, 1.0));
        painting.fill(&blob, colours[at % 3]);
        if at % 2 == 0 {
            let shifted = blob.map(|(x, y)| (x + unit * 0.018, y + unit * 0.018));
            painting.fill(&shifted.traced(&Nib::round(unit * 0.008)), palette.ink);
        }
    }
    let dots = spot(seed);
    for at in 0..36 {
        let (x, y) = ((at % 6) as f32, (at / 6) as f32);
        let centre = (dots.0 + (x - 3.0) * unit * 0.035, dots.1 + (y - 3.0) * unit * 0.035);
        painting.fill(&Outline::disc(centre, unit * (0.004 + 0.0018 * x)), palette.ink);
    }
    for at in 0..3_usize {
        let (x, y) = spot(seed);
        let turn = lot(seed, 0.0, 1.0);
        let line: Vec<Point> = (0..=48)
            .map(|step| {
                let along = step as f32 / 48.0;
                (x + unit * 0.3 * (along - 0.5), y + unit * 0.035 * (along * TAU * 3.0).sin())
            })
            .collect();
        let squiggle = stroke(&line, &Nib::round(unit * 0.02)).rotated((x, y), turn);
        painting.fill(&squiggle, [palette.ink, palette.second, palette.main][at]);
    }
    for at in 0..22_usize {
        let centre = spot(seed);
        let size = unit * lot(seed, 0.012, 0.026);
        let scrap = match at % 3 {
            0 => Outline::regular(centre, 3, size, lot(seed, 0.0, 1.0)),
            1 => Outline::disc(centre, size * 0.7),
            _ => {
                Outline::rounded(centre.0, centre.1, size * 2.2, size * 0.7, size).rotated(centre, lot(seed, 0.0, 1.0))
            }
        };
        painting
            .fill(&scrap, one_of(seed, &[palette.main, palette.second, palette.accent, palette.ink, palette.surface]));
    }
}

/// Minimalist: one large line, one small disc, and room.
fn stillness(sheet: &mut Sheet, area: Area, seed: &mut Seed) {
    let palette = sheet.palette;
    let painting = &mut sheet.painting;
    painting.flood(palette.ground);
    let unit = area.short();
    let (x, y) = (area.left + area.width * lot(seed, 0.35, 0.65), area.top + area.height * lot(seed, 0.4, 0.6));
    let thin = unit * 0.004;
    match seed.below(3) {
        0 => {
            painting.fill(&Outline::disc((x, y), unit * 0.26), palette.second);
            painting.fill(&Outline::rectangle(area.left, y + unit * 0.12, area.width, thin), palette.ink);
        }
        1 => {
            painting.fill(&Outline::ring((x, y), unit * 0.32, thin), palette.ink);
            painting.fill(&Outline::slice((x, y), unit * 0.32, 0.0, 0.5), palette.second);
        }
        _ => {
            painting.fill(
                &Outline::rounded(x - unit * 0.2, y - unit * 0.34, unit * 0.4, unit * 0.68, unit * 0.2),
                palette.second,
            );
            painting.fill(&Outline::rectangle(x, area.top, thin, area.height), palette.ink);
        }
    }
    let dot = around((x, y), unit * 0.32, lot(seed, 0.55, 0.95));
    painting.fill(&Outline::disc(dot, unit * 0.035), palette.accent);
}

/// Vibrant: rays from one point, waves below, sparks.
fn rays(sheet: &mut Sheet, area: Area, seed: &mut Seed) {
    let palette = sheet.palette;
    let painting = &mut sheet.painting;
    let (left, top, width, height) = (area.left, area.top, area.width, area.height);
    let unit = area.short();
    let slant = if seed.below(2) == 0 { (left, left + width) } else { (left + width, left) };
    painting.flood(Paint::linear(((slant.0, top), palette.main), ((slant.1, top + height), palette.second)));
    let heart = (left + width * lot(seed, 0.3, 0.7), top + height * lot(seed, 0.35, 0.6));
    let count = 14 + 2 * seed.below(4);
    let begin = lot(seed, 0.0, 1.0);
    for at in (0..count).step_by(2) {
        let turn = |by: f32| begin + (at as f32 + by) / count as f32;
        let far = width.hypot(height);
        let ray = Outline::polygon(&[heart, around(heart, far, turn(0.0)), around(heart, far, turn(1.0))]);
        painting.fill(&ray, Paint::from([255, 255, 255]).opacity(0.13));
    }
    painting
        .fill(&Outline::disc(heart, unit * 0.5), Paint::glow(heart, (unit * 0.5, unit * 0.5), [255, 255, 255], 0.55));
    for (at, colour) in
        [palette.accent, mixed(palette.accent, palette.main, 0.5), palette.second].into_iter().enumerate()
    {
        let base = top + height * (0.74 + 0.085 * at as f32);
        let (phase, waves) = (lot(seed, 0.0, TAU), lot(seed, 0.8, 1.8));
        let mut line: Vec<Point> = (0..=40)
            .map(|step| {
                let along = step as f32 / 40.0;
                (left + width * along, base + unit * 0.05 * (phase + along * TAU * waves).sin())
            })
            .collect();
        line.extend([(left + width, top + height), (left, top + height)]);
        painting.fill(&Outline::of(line), Paint::from(colour).opacity(0.9));
    }
    for _ in 0..16 {
        let centre = (left + width * lot(seed, 0.03, 0.97), top + height * lot(seed, 0.03, 0.7));
        let size = unit * lot(seed, 0.01, 0.03);
        let spark = Outline::star(centre, 4, size, size * 0.28, 0.0);
        painting.fill(&spark, one_of(seed, &[[255, 255, 255], palette.accent]));
    }
}

/// Elegant: rows of fans in thin lines, fading from the middle.
fn fans(sheet: &mut Sheet, area: Area, seed: &mut Seed) {
    let palette = sheet.palette;
    let painting = &mut sheet.painting;
    let glow = mixed(palette.ground, palette.second, 0.16);
    painting.flood(Paint::radial(area.centre(), (area.width * 0.7, area.height * 0.7), glow, palette.ground));
    let unit = area.short();
    let radius = unit / (4 + seed.below(3)) as f32;
    let thin = (unit * 0.0028).max(1.0);
    let rows = (area.height / (radius * 0.5)).ceil() as usize + 2;
    let columns = (area.width / (radius * 2.0)).ceil() as usize + 1;
    let lines = 3 + seed.below(2);
    let paint = Paint::from(palette.main).opacity(0.42);
    for row in 0..rows {
        for column in 0..columns {
            let shift = if row % 2 == 0 { 0.0 } else { radius };
            let centre = (area.left + column as f32 * radius * 2.0 + shift, area.top + row as f32 * radius * 0.5);
            fan(painting, centre, radius, lines, thin, paint);
        }
    }
}

/// Arches inside each other. What the fans below will cover is left out: the outer half of each side.
fn fan(painting: &mut Painting, centre: Point, radius: f32, lines: usize, thin: f32, paint: Paint) {
    for at in 0..lines {
        let size = radius * (1.0 - at as f32 / (lines as f32 + 0.5));
        let from = if at == 0 { 0.5 } else { 0.58 };
        let arch = crate::picture::path::arc(centre, (size, size), from, 1.5 - from);
        painting.fill(&stroke(&arch, &Nib::fine(thin)), paint);
    }
}
