//! A picture in full colour with smooth edges.
//!
//! Outlines are filled by the area that they cover of each pixel: every edge leaves in a buffer where coverage begins and
//! ends along its rows, and a running sum over a row gives the coverage of its pixels.

use super::{
    colours::{Colour, mixed},
    path::{Outline, Point},
};

#[derive(Debug, Clone)]
pub(crate) struct Painting {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Red, green, blue, opacity.
    pub(crate) pixels: Vec<[u8; 4]>,
    /// What lies outside is not painted: left, top, right, bottom.
    clip: [usize; 4],
    /// What edges leave; nothing but zeros between two fills.
    cover: Vec<f32>,
    /// The columns that edges touched, row by row.
    spans: Vec<(usize, usize)>,
}

/// What an outline is filled with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    ramp: Ramp,
    colours: (Colour, Colour),
    /// Opacity at the beginning and at the end of the ramp.
    opacity: (f32, f32),
}

#[derive(Debug, Clone, Copy)]
enum Ramp {
    Flat,
    /// From a point, so much of the way a pixel across and down.
    Linear {
        from: Point,
        step: Point,
    },
    /// From a centre, so much of the way a pixel across and down.
    Radial {
        centre: Point,
        step: Point,
    },
}

impl From<Colour> for Paint {
    fn from(colour: Colour) -> Self {
        Self { ramp: Ramp::Flat, colours: (colour, colour), opacity: (1.0, 1.0) }
    }
}

impl Paint {
    pub(crate) fn linear(from: (Point, Colour), to: (Point, Colour)) -> Self {
        let (across, down) = (to.0.0 - from.0.0, to.0.1 - from.0.1);
        let length = (across * across + down * down).max(0.001);
        let ramp = Ramp::Linear { from: from.0, step: (across / length, down / length) };
        Self { ramp, colours: (from.1, to.1), opacity: (1.0, 1.0) }
    }

    pub(crate) fn radial(centre: Point, radii: (f32, f32), inner: Colour, outer: Colour) -> Self {
        let ramp = Ramp::Radial { centre, step: (1.0 / radii.0, 1.0 / radii.1) };
        Self { ramp, colours: (inner, outer), opacity: (1.0, 1.0) }
    }

    /// A soft spot that fades to nothing.
    pub(crate) fn glow(centre: Point, radii: (f32, f32), colour: Colour, opacity: f32) -> Self {
        Self { opacity: (opacity, 0.0), ..Self::radial(centre, radii, colour, colour) }
    }

    pub(crate) fn opacity(mut self, opacity: f32) -> Self {
        self.opacity = (opacity, opacity);
        self
    }

    /// The colour and opacity of a pixel.
    fn at(&self, x: f32, y: f32) -> (Colour, f32) {
        let share = match self.ramp {
            Ramp::Flat => return (self.colours.0, self.opacity.0),
            Ramp::Linear { from, step } => (x - from.0) * step.0 + (y - from.1) * step.1,
            Ramp::Radial { centre, step } => {
                let (across, down) = ((x - centre.0) * step.0, (y - centre.1) * step.1);
                (across * across + down * down).sqrt()
            }
        };
        let share = share.clamp(0.0, 1.0);
        (mixed(self.colours.0, self.colours.1, share), self.opacity.0 + (self.opacity.1 - self.opacity.0) * share)
    }
}

impl Painting {
    /// See-through everywhere.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let clip = [0, 0, width, height];
        Self { width, height, pixels: vec![[0; 4]; width * height], clip, cover: Vec::new(), spans: Vec::new() }
    }

    pub(crate) fn size(&self) -> (f32, f32) {
        (self.width as f32, self.height as f32)
    }

    /// Paints within a rectangle only, until the next call.
    pub(crate) fn clip(&mut self, left: f32, top: f32, width: f32, height: f32) {
        let within = |at: f32, most: usize| at.round().clamp(0.0, most as f32) as usize;
        let (right, bottom) = (within(left + width, self.width), within(top + height, self.height));
        self.clip = [within(left, self.width), within(top, self.height), right, bottom];
    }

    pub(crate) fn unclip(&mut self) {
        self.clip = [0, 0, self.width, self.height];
    }

    /// Covers everything within the clip.
    pub(crate) fn flood(&mut self, paint: impl Into<Paint>) {
        let paint = paint.into();
        let [left, top, right, bottom] = self.clip;
        for row in top..bottom {
            let pixels = &mut self.pixels[row * self.width + left..row * self.width + right];
            match paint {
                Paint { ramp: Ramp::Flat, colours: (colour, _), opacity: (1.0, _) } => pixels.fill(opaque(colour)),
                // A ramp that goes straight down has one colour a row.
                Paint { ramp: Ramp::Linear { from, step: (0.0, _) }, opacity: (1.0, 1.0), .. } => {
                    pixels.fill(opaque(paint.at(from.0, row as f32).0));
                }
                _ => {
                    for (column, pixel) in (left..).zip(pixels) {
                        blend(pixel, &paint, column, row, 1.0);
                    }
                }
            }
        }
    }

    pub(crate) fn fill(&mut self, outline: &Outline, paint: impl Into<Paint>) {
        let paint = paint.into();
        let Some([left, top, right, bottom]) = self.reach(outline) else { return };
        let (wide, tall) = (right - left + 2, bottom - top);
        if self.cover.len() < wide * tall {
            self.cover.resize(wide * tall, 0.0);
        }
        self.spans.clear();
        self.spans.resize(tall, (usize::MAX, 0));
        let (cover, spans) = (&mut self.cover, &mut self.spans);
        let mut ledger = Ledger { cover, spans, wide, left, top, right, bottom };
        for contour in &outline.0 {
            let next = contour.iter().skip(1).chain(contour.first());
            for (from, to) in contour.iter().zip(next) {
                ledger.edge(*from, *to);
            }
        }
        let plain = matches!(paint.ramp, Ramp::Flat) && paint.opacity.0 >= 1.0;
        let solid = opaque(paint.colours.0);
        for (row, (first, last)) in (top..bottom).zip(&self.spans) {
            if last < first {
                continue;
            }
            let start = (row - top) * wide;
            let covers = &mut self.cover[start + first..=start + last];
            let end = (left + last + 1).min(right);
            let pixels = &mut self.pixels[row * self.width + (left + first).min(end)..row * self.width + end];
            let mut sum = 0.0;
            for ((column, pixel), change) in (left + first..).zip(pixels).zip(&*covers) {
                // Clockwise contours go up at their left.
                sum -= change;
                let share = f32::clamp(sum, 0.0, 1.0);
                if share > 0.996 && plain {
                    *pixel = solid;
                } else if share > 0.004 {
                    blend(pixel, &paint, column, row, share);
                }
            }
            covers.fill(0.0);
        }
    }

    /// One pixel of a picture; outside of the painting nothing happens.
    pub(crate) fn dab(&mut self, column: i64, row: i64, colour: Colour, opacity: u8) {
        let place = usize::try_from(column).ok().zip(usize::try_from(row).ok());
        if let Some((column, row)) = place.filter(|(column, row)| *column < self.width && *row < self.height) {
            let paint = Paint::from(colour);
            blend(&mut self.pixels[row * self.width + column], &paint, column, row, f32::from(opacity) / 255.0);
        }
    }

    /// The pixels that an outline may touch.
    fn reach(&self, outline: &Outline) -> Option<[usize; 4]> {
        let points = || outline.0.iter().flatten();
        let least = |of: fn(&Point) -> f32| points().map(of).fold(f32::INFINITY, f32::min).floor().max(0.0) as usize;
        let most = |of: fn(&Point) -> f32| points().map(of).fold(0.0, f32::max).ceil() as usize;
        let [left, top, right, bottom] = self.clip;
        let left = left.max(least(|point| point.0));
        let top = top.max(least(|point| point.1));
        let right = right.min(most(|point| point.0));
        let bottom = bottom.min(most(|point| point.1));
        (left < right && top < bottom).then_some([left, top, right, bottom])
    }
}

/// Where coverage begins and ends.
struct Ledger<'a> {
    cover: &'a mut [f32],
    spans: &'a mut [(usize, usize)],
    wide: usize,
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Ledger<'_> {
    fn edge(&mut self, from: Point, to: Point) {
        let (direction, upper, lower) = if from.1 < to.1 { (1.0, from, to) } else { (-1.0, to, from) };
        if lower.1 - upper.1 < 1e-6 {
            return;
        }
        let slope = (lower.0 - upper.0) / (lower.1 - upper.1);
        let begin = upper.1.max(self.top as f32);
        let end = lower.1.min(self.bottom as f32);
        let mut y = begin;
        while y < end {
            let row = y.floor();
            let until = (row + 1.0).min(end);
            let across = |y: f32| {
                let x = upper.0 + (y - upper.1) * slope;
                x.clamp(self.left as f32, self.right as f32) - self.left as f32
            };
            let (a, b) = (across(y), across(until));
            let at = row as usize - self.top;
            let (a, b) = (a.min(b), a.max(b));
            row_part(&mut self.cover[at * self.wide..(at + 1) * self.wide], a, b, (until - y) * direction);
            let (first, last) = self.spans[at];
            self.spans[at] = (first.min(a as usize), last.max((b.ceil() as usize).max(a as usize + 1)));
            y = until;
        }
    }
}

/// A piece of an edge within one row, from column `a` to column `b`; `depth` is how much of the row it spans.
fn row_part(cover: &mut [f32], a: f32, b: f32, depth: f32) {
    let (first, last) = (a.floor() as usize, b.ceil() as usize);
    if last <= first + 1 {
        let middle = f32::midpoint(a, b) - first as f32;
        cover[first] += depth * (1.0 - middle);
        cover[first + 1] += depth * middle;
        return;
    }
    // The area to the right of the edge, pixel by pixel; what each adds to the one before is entered.
    let slope = 1.0 / (b - a);
    let area = |right: f32| {
        let within = (right - a).clamp(0.0, b - a);
        within * within * slope / 2.0 + (right - b).max(0.0)
    };
    let mut before = 0.0;
    let mut entered = 0.0;
    for (column, change) in cover.iter_mut().enumerate().take(last + 1).skip(first) {
        let now = area(column as f32 + 1.0);
        let share = now - before;
        *change += depth * (share - entered);
        (before, entered) = (now, share);
    }
}

fn opaque(colour: Colour) -> [u8; 4] {
    [colour[0], colour[1], colour[2], 255]
}

fn blend(pixel: &mut [u8; 4], paint: &Paint, column: usize, row: usize, share: f32) {
    let (colour, opacity) = paint.at(column as f32 + 0.5, row as f32 + 0.5);
    let share = share * opacity;
    if share > 0.996 {
        *pixel = opaque(colour);
        return;
    }
    if pixel[3] == 255 {
        let parts = (share * 256.0) as u32;
        for (at, part) in colour.into_iter().enumerate() {
            pixel[at] = ((u32::from(part) * parts + u32::from(pixel[at]) * (256 - parts) + 128) >> 8) as u8;
        }
        return;
    }
    let under = f32::from(pixel[3]) / 255.0 * (1.0 - share);
    let whole = share + under;
    if whole <= 0.0 {
        return;
    }
    for (at, part) in colour.into_iter().enumerate() {
        pixel[at] = ((f32::from(part) * share + f32::from(pixel[at]) * under) / whole + 0.5) as u8;
    }
    pixel[3] = (whole * 255.0 + 0.5) as u8;
}
