//! The mark of a brand: the motif, in the manner of a style.

use super::{
    super::{
        colours::{Colour, mixed},
        painting::Paint,
        path::{Nib, Outline, Point, around, stroke},
    },
    Sheet, Style,
    art::lot,
    palette::readable_on,
};
use crate::seed::Seed;

/// Draws the mark within a circle. `form` picks one of the forms that a style has.
pub(super) fn draw(sheet: &mut Sheet, centre: Point, radius: f32, form: usize, seed: &mut Seed) {
    match sheet.style {
        Style::Modern => modern(sheet, centre, radius, form),
        Style::Corporate => corporate(sheet, centre, radius, form),
        Style::Creative => creative(sheet, centre, radius, form, seed),
        Style::Minimalist => minimalist(sheet, centre, radius, form),
        Style::Vibrant => vibrant(sheet, centre, radius, form),
        Style::Elegant => elegant(sheet, centre, radius, form),
    }
}

/// Two overlapping flat shapes, the motif cut out of the front one.
fn modern(sheet: &mut Sheet, centre: Point, radius: f32, form: usize) {
    let palette = sheet.palette;
    let motif = sheet.motif.outline();
    let painting = &mut sheet.painting;
    let (x, y) = centre;
    match form % 5 {
        0 => {
            painting.fill(&Outline::disc((x + radius * 0.24, y - radius * 0.2), radius * 0.76), palette.accent);
            painting.fill(&Outline::disc((x - radius * 0.16, y + radius * 0.12), radius * 0.82), palette.main);
            painting.fill(&motif.at((x - radius * 0.16, y + radius * 0.12), radius * 0.46), readable_on(palette.main));
        }
        1 => {
            let side = radius * 0.88;
            painting.fill(&Outline::rounded(x - side, y - side, side * 2.0, side * 2.0, radius * 0.36), palette.main);
            painting.fill(&Outline::slice((x + side, y + side), side * 1.2, 0.5, 0.75), palette.second);
            painting.fill(&motif.at(centre, radius * 0.56), readable_on(palette.main));
        }
        2 => {
            let half = radius * 0.92;
            painting.fill(&Outline::slice(centre, half, 0.25, 0.75), palette.main);
            painting.fill(&Outline::slice(centre, half, 0.75, 1.25), palette.second);
            painting.fill(&motif.at(centre, radius * 0.5), [255, 255, 255]);
        }
        3 => {
            for (at, colour) in [palette.main, palette.second, palette.accent, palette.main].into_iter().enumerate() {
                let corner = around(centre, radius * 0.66, 0.125 + at as f32 * 0.25);
                let turn = at as f32 * 0.25;
                painting.fill(&Outline::slice(corner, radius * 0.62, turn + 0.5, turn + 0.75), colour);
                painting.fill(
                    &Outline::slice(corner, radius * 0.42, turn, turn + 0.25),
                    mixed(colour, palette.ground, 0.35),
                );
            }
            painting.fill(&Outline::disc(centre, radius * 0.42), palette.ground);
            painting.fill(&motif.at(centre, radius * 0.28), palette.ink);
        }
        _ => {
            painting.fill(&motif.at((x + radius * 0.12, y + radius * 0.12), radius * 0.86), palette.accent);
            painting.fill(&motif.at((x - radius * 0.06, y - radius * 0.06), radius * 0.86), palette.main);
        }
    }
}

/// The motif in white on a firm, even field.
fn corporate(sheet: &mut Sheet, centre: Point, radius: f32, form: usize) {
    let palette = sheet.palette;
    let motif = sheet.motif.outline();
    let painting = &mut sheet.painting;
    let (x, y) = centre;
    let deep = mixed(palette.main, [0, 0, 0], 0.3);
    let paint = Paint::linear(((x - radius, y - radius), palette.main), ((x + radius, y + radius), deep));
    match form % 5 {
        0 => {
            painting.fill(&Outline::regular(centre, 6, radius, 0.25), paint);
            painting.fill(&motif.at(centre, radius * 0.5), [255, 255, 255]);
        }
        1 => {
            let shield = Outline::polygon(&[
                (x - radius * 0.78, y - radius * 0.85),
                (x + radius * 0.78, y - radius * 0.85),
                (x + radius * 0.78, y + radius * 0.15),
                (x + radius * 0.45, y + radius * 0.68),
                (x, y + radius),
                (x - radius * 0.45, y + radius * 0.68),
                (x - radius * 0.78, y + radius * 0.15),
            ]);
            painting.fill(&shield, paint);
            painting.fill(
                &Outline::rectangle(x - radius * 0.78, y - radius * 0.85, radius * 1.56, radius * 0.14),
                palette.accent,
            );
            painting.fill(&motif.at((x, y - radius * 0.02), radius * 0.46), [255, 255, 255]);
        }
        2 => {
            for (at, colour) in [palette.second, palette.main, palette.accent].into_iter().enumerate() {
                let tall = radius * (0.9 + 0.42 * at as f32);
                let left = x - radius * 0.9 + at as f32 * radius * 0.64;
                painting.fill(&Outline::rectangle(left, y + radius * 0.9 - tall, radius * 0.5, tall), colour);
            }
            painting.fill(&motif.at((x - radius * 0.5, y - radius * 0.62), radius * 0.34), palette.main);
        }
        3 => {
            painting.fill(&Outline::ring(centre, radius * 0.88, radius * 0.14), paint);
            painting.fill(
                &Outline::slice(centre, radius, 0.87, 1.03).without(Outline::disc(centre, radius * 0.7)),
                palette.accent,
            );
            painting.fill(&motif.at(centre, radius * 0.52), palette.main);
        }
        _ => {
            let side = radius * 0.9;
            painting.fill(&Outline::rectangle(x - side, y - side, side * 2.0, side * 2.0), paint);
            let corner = [(x + side, y + side * 0.2), (x + side, y + side), (x + side * 0.2, y + side)];
            painting.fill(&Outline::polygon(&corner), palette.accent);
            painting.fill(&motif.at(centre, radius * 0.5), [255, 255, 255]);
        }
    }
}

/// Printed by hand: the colour is a little beside its outline.
fn creative(sheet: &mut Sheet, centre: Point, radius: f32, form: usize, seed: &mut Seed) {
    let palette = sheet.palette;
    let motif = sheet.motif.outline();
    let painting = &mut sheet.painting;
    let (x, y) = centre;
    let (back, front) = [
        (palette.accent, palette.main),
        (palette.second, palette.accent),
        (palette.main, palette.second),
        (palette.accent, palette.second),
        (palette.second, palette.main),
    ][form % 5];
    let field = match form % 5 {
        0 | 3 => Outline::wobbly(centre, radius * 0.84, 0.1, 4 + seed.below(3), lot(seed, 0.0, 1.0)),
        1 => Outline::star(centre, 11, radius, radius * 0.8, lot(seed, 0.0, 0.1)),
        2 => Outline::wobbly(centre, radius * 0.82, 0.16, 8, 0.02),
        _ => Outline::rounded(x - radius * 0.85, y - radius * 0.7, radius * 1.7, radius * 1.4, radius * 0.4)
            .rotated(centre, lot(seed, -0.04, 0.04)),
    };
    painting.fill(&field, back);
    let tilted = motif.at(centre, radius * 0.56).rotated(centre, lot(seed, -0.04, 0.04));
    painting.fill(&tilted, front);
    let beside = tilted.map(|(x, y)| (x - radius * 0.05, y - radius * 0.05));
    painting.fill(&beside.traced(&Nib::round(radius * 0.045)), palette.ink);
    for at in 0..3 {
        let turn = 0.82 + at as f32 * 0.045 + form as f32 * 0.21;
        let spark = [around(centre, radius * 0.98, turn), around(centre, radius * 1.14, turn)];
        painting.fill(&stroke(&spark, &Nib::round(radius * 0.05)), palette.ink);
    }
    painting.fill(&Outline::disc(around(centre, radius, 0.4 + form as f32 * 0.21), radius * 0.09), palette.main);
}

/// One line, and one dot.
fn minimalist(sheet: &mut Sheet, centre: Point, radius: f32, form: usize) {
    let palette = sheet.palette;
    let motif = sheet.motif.outline();
    let painting = &mut sheet.painting;
    let nib = Nib::round(radius * 0.035);
    match form % 5 {
        0 => {
            painting.fill(&Outline::ring(centre, radius * 0.96, radius * 0.03), palette.ink);
            painting.fill(&motif.at(centre, radius * 0.5).traced(&nib), palette.ink);
            painting.fill(&Outline::disc(around(centre, radius * 0.96, 0.875), radius * 0.1), palette.accent);
        }
        1 => {
            painting.fill(&motif.at(centre, radius * 0.8).traced(&nib), palette.ink);
            let under = [
                (centre.0 - radius * 0.3, centre.1 + radius * 1.05),
                (centre.0 + radius * 0.3, centre.1 + radius * 1.05),
            ];
            painting.fill(&stroke(&under, &Nib::round(radius * 0.05)), palette.accent);
        }
        2 => {
            painting.fill(
                &Outline::disc((centre.0 + radius * 0.22, centre.1 - radius * 0.18), radius * 0.6),
                palette.second,
            );
            painting.fill(&motif.at(centre, radius * 0.7).traced(&nib), palette.ink);
        }
        3 => {
            painting.fill(&motif.at(centre, radius * 0.72), palette.ink);
            painting.fill(
                &Outline::disc((centre.0 + radius * 0.86, centre.1 + radius * 0.66), radius * 0.09),
                palette.accent,
            );
        }
        _ => {
            let side = radius * 0.9;
            let frame = Outline::rectangle(centre.0 - side, centre.1 - side, side * 2.0, side * 2.0);
            painting.fill(&frame.traced(&Nib::square(radius * 0.025)), palette.ink);
            painting.fill(&motif.at(centre, radius * 0.5), palette.accent);
        }
    }
}

/// Bright petals that shine through each other.
fn vibrant(sheet: &mut Sheet, centre: Point, radius: f32, form: usize) {
    let palette = sheet.palette;
    let motif = sheet.motif.outline();
    let painting = &mut sheet.painting;
    let white: Colour = [255, 255, 255];
    let bright = Paint::linear(
        ((centre.0 - radius, centre.1 - radius), palette.accent),
        ((centre.0 + radius, centre.1 + radius), palette.second),
    );
    match form % 5 {
        0 => {
            for at in 0..12 {
                let turn = at as f32 / 12.0;
                let colour = [palette.accent, white, palette.second][at % 3];
                let petal = Outline::leaf(centre, around(centre, radius, turn), 0.34);
                painting.fill(&petal, Paint::from(colour).opacity(0.82));
            }
            painting.fill(&Outline::disc(centre, radius * 0.52), white);
            painting.fill(&motif.at(centre, radius * 0.34), palette.main);
        }
        1 => {
            painting.fill(&Outline::star(centre, 16, radius, radius * 0.78, 0.0), palette.accent);
            painting.fill(&motif.at(centre, radius * 0.54), white);
        }
        2 => {
            for (at, colour) in [palette.accent, white, palette.second].into_iter().enumerate() {
                let part = around(centre, radius * 0.36, 0.75 + at as f32 / 3.0);
                painting.fill(&Outline::disc(part, radius * 0.6), Paint::from(colour).opacity(0.72));
            }
            painting.fill(&motif.at(centre, radius * 0.42), palette.main);
        }
        3 => {
            painting.fill(&Outline::disc(centre, radius * 0.94), white);
            painting.fill(&motif.at(centre, radius * 0.62), bright);
        }
        _ => {
            for at in (1..=3).rev() {
                let moved = radius * 0.09 * at as f32;
                let shade = mixed(palette.second, palette.accent, at as f32 / 3.0);
                painting.fill(&motif.at((centre.0 + moved, centre.1 + moved), radius * 0.82), shade);
            }
            painting.fill(&motif.at(centre, radius * 0.82), white);
        }
    }
}

/// Thin gold: rings, laurels, lozenges.
fn elegant(sheet: &mut Sheet, centre: Point, radius: f32, form: usize) {
    let palette = sheet.palette;
    let motif = sheet.motif.outline();
    let painting = &mut sheet.painting;
    let (x, y) = centre;
    let gold = Paint::linear(((x - radius, y - radius), palette.second), ((x + radius, y + radius), palette.main));
    let nib = Nib::round(radius * 0.022);
    match form % 5 {
        0 => {
            painting.fill(&Outline::ring(centre, radius * 0.97, radius * 0.02), gold);
            painting.fill(&Outline::ring(centre, radius * 0.88, radius * 0.008), gold);
            for at in 0..4 {
                let point = around(centre, radius * 0.97, at as f32 / 4.0);
                painting.fill(&Outline::regular(point, 4, radius * 0.06, 0.0), palette.main);
            }
            painting.fill(&motif.at(centre, radius * 0.46), gold);
        }
        1 => {
            for side in [-1.0_f32, 1.0] {
                for at in 0..7 {
                    let turn = 0.25 + side * (0.05 + at as f32 * 0.05);
                    let foot = around(centre, radius * 0.86, turn);
                    let tip = around(centre, radius * 1.08, turn + side * 0.045);
                    painting.fill(&Outline::leaf(foot, tip, 0.36), gold);
                }
                let stem: Vec<Point> =
                    (0..=20).map(|at| around(centre, radius * 0.87, 0.25 + side * at as f32 * 0.0185)).collect();
                painting.fill(&stroke(&stem, &nib), gold);
            }
            painting.fill(&motif.at(centre, radius * 0.46), gold);
        }
        2 => {
            let lozenge = Outline::regular(centre, 4, radius, 0.0);
            painting.fill(&lozenge.traced(&nib), gold);
            painting.fill(&Outline::regular(centre, 4, radius * 0.88, 0.0).traced(&Nib::round(radius * 0.01)), gold);
            painting.fill(&motif.at(centre, radius * 0.4), gold);
        }
        3 => {
            painting.fill(&motif.at(centre, radius * 0.66).traced(&Nib::round(radius * 0.028)), gold);
            for side in [-1.0, 1.0] {
                let line = [(x + side * radius * 0.3, y + radius * 0.95), (x + side * radius, y + radius * 0.95)];
                painting.fill(&stroke(&line, &Nib::round(radius * 0.012)), gold);
            }
            painting.fill(&Outline::regular((x, y + radius * 0.95), 4, radius * 0.07, 0.0), palette.main);
        }
        _ => {
            painting.fill(&Outline::disc(centre, radius * 0.95), gold);
            painting.fill(&Outline::ring(centre, radius * 0.86, radius * 0.012), palette.ground);
            painting.fill(&motif.at(centre, radius * 0.5), palette.ground);
        }
    }
}
