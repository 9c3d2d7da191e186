//! Pixels as palette indices, filled in horizontal runs.

/// A drawing. Coordinates may lie outside; what lies outside is not drawn.
#[derive(Debug)]
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
    pub(crate) palette: Vec<[u8; 3]>,
    /// The index that is see-through, if any.
    pub(crate) clear: Option<u8>,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize, palette: Vec<[u8; 3]>) -> Self {
        Self { width, height, pixels: vec![0; width * height], palette, clear: None }
    }

    /// Fills `[from, to)` of one row.
    pub(crate) fn run(&mut self, row: i64, from: i64, to: i64, colour: u8) {
        let width = self.width as i64;
        if row < 0 || row >= self.height as i64 {
            return;
        }
        let (from, to) = (from.clamp(0, width), to.clamp(0, width));
        if from < to {
            let start = (row * width) as usize;
            self.pixels[start + from as usize..start + to as usize].fill(colour);
        }
    }

    pub(crate) fn rectangle(&mut self, left: i64, top: i64, width: i64, height: i64, colour: u8) {
        for row in top..top + height {
            self.run(row, left, left + width, colour);
        }
    }

    pub(crate) fn disc(&mut self, x: i64, y: i64, radius: i64, colour: u8) {
        for row in -radius..=radius {
            let half = ((radius * radius - row * row) as f64).sqrt() as i64;
            self.run(y + row, x - half, x + half + 1, colour);
        }
    }

    /// A triangle that stands on its base.
    pub(crate) fn peak(&mut self, x: i64, top: i64, base: i64, half_width: i64, colour: u8) {
        let tall = (base - top).max(1);
        for row in top..base {
            let half = half_width * (row - top) / tall;
            self.run(row, x - half, x + half + 1, colour);
        }
    }

    /// Everything below a line that `top_at` gives for each column.
    pub(crate) fn ground(&mut self, top_at: impl Fn(i64) -> i64, colour: u8) {
        const STEP: i64 = 4;
        let width = self.width as i64;
        let tops: Vec<i64> = (0..width).step_by(STEP as usize).map(top_at).collect();
        for row in 0..self.height as i64 {
            let mut start = None;
            for (at, top) in tops.iter().enumerate() {
                let column = at as i64 * STEP;
                match (start, *top <= row) {
                    (None, true) => start = Some(column),
                    (Some(from), false) => {
                        self.run(row, from, column, colour);
                        start = None;
                    }
                    _ => {}
                }
            }
            if let Some(from) = start {
                self.run(row, from, width, colour);
            }
        }
    }

    /// Letters of a 5 x 7 font, each dot `scale` pixels wide.
    pub(crate) fn write(&mut self, text: &str, left: i64, top: i64, scale: i64, colour: u8) {
        let mut x = left;
        for letter in text.chars() {
            for (column, bits) in super::font::glyph(letter).iter().enumerate() {
                for row in (0..7).filter(|row| bits >> row & 1 == 1) {
                    self.rectangle(x + column as i64 * scale, top + row * scale, scale, scale, colour);
                }
            }
            x += 6 * scale;
        }
    }
}
