//! Capital letters as lines, to be drawn with any pen.
//!
//! A letter is 100 units tall, from 0 at its top to 100 at its foot. Its strokes are written as commands: `M x y` begins a
//! line, `L x y` goes on straight, `O x y rx ry a b` follows an ellipse around x, y from a to b degrees (clockwise from the
//! right), `N` begins a new line where the next command starts.

use super::{
    font::legible,
    path::{Nib, Outline, Point, arc, stroke},
};

/// How letters are drawn.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    nib: fn(f32) -> Nib,
    /// Width of a line, in hundredths of the height of a letter.
    weight: f32,
    /// Room between letters, in the same.
    tracking: f32,
    /// How far the tops lean to the right, in the same.
    slant: f32,
    serifs: bool,
}

impl Pen {
    pub(crate) const MODERN: Self = Self { nib: Nib::round, weight: 15.0, tracking: 26.0, slant: 0.0, serifs: false };
    pub(crate) const CORPORATE: Self =
        Self { nib: Nib::square, weight: 17.0, tracking: 27.0, slant: 0.0, serifs: false };
    pub(crate) const CREATIVE: Self = Self { nib: Nib::round, weight: 25.0, tracking: 32.0, slant: 0.0, serifs: false };
    pub(crate) const MINIMALIST: Self =
        Self { nib: Nib::round, weight: 5.0, tracking: 48.0, slant: 0.0, serifs: false };
    pub(crate) const VIBRANT: Self =
        Self { nib: Nib::square, weight: 24.0, tracking: 33.0, slant: 18.0, serifs: false };
    pub(crate) const ELEGANT: Self =
        Self { nib: |width| Nib::oval(width, width * 0.28), weight: 11.0, tracking: 42.0, slant: 0.0, serifs: true };

    /// The text on one line, `height` tall, with its top left corner at a point.
    pub(crate) fn write(&self, text: &str, left: f32, top: f32, height: f32) -> Outline {
        let unit = height / 100.0;
        let nib = (self.nib)(self.weight * unit);
        let mut outline = Outline::default();
        let mut x = self.weight / 2.0;
        for letter in capitals(text) {
            let (width, lines) = glyph(letter);
            for line in &lines {
                let placed: Vec<Point> = line
                    .iter()
                    .map(|(across, down)| {
                        // The lines stay within the height, whatever the pen.
                        let down = self.weight / 2.0 + down * (100.0 - self.weight) / 100.0;
                        (left + (x + across + (100.0 - down) / 100.0 * self.slant) * unit, top + down * unit)
                    })
                    .collect();
                outline = outline.and(stroke(&placed, &nib));
                if self.serifs {
                    outline = outline.and(self.serifs_of(&placed, unit));
                }
            }
            x += width + self.tracking;
        }
        outline
    }

    /// The width of the text on one line.
    pub(crate) fn width(&self, text: &str, height: f32) -> f32 {
        let widths: f32 = capitals(text).map(|letter| glyph(letter).0 + self.tracking).sum();
        (widths - self.tracking + self.weight + self.slant).max(0.0) * height / 100.0
    }

    /// The largest height, up to `most`, at which the text is at most so wide.
    pub(crate) fn height_for(&self, text: &str, width: f32, most: f32) -> f32 {
        let natural = self.width(text, 100.0);
        if natural <= 0.0 { most } else { (width / natural * 100.0).min(most) }
    }

    /// Small feet where a line ends going up or down.
    fn serifs_of(&self, line: &[Point], unit: f32) -> Outline {
        let nib = Nib::oval(self.weight * 0.3 * unit, self.weight * 0.28 * unit);
        let reach = self.weight * 0.95 * unit;
        let ends = [(line.first(), line.get(1)), (line.last(), line.iter().rev().nth(1))];
        let feet = ends.into_iter().filter_map(|(end, next)| {
            let (end, next) = (end?, next?);
            let upright = (end.1 - next.1).abs() > (end.0 - next.0).abs() * 1.2;
            let long = (end.1 - next.1).abs() > 30.0 * unit;
            (upright && long).then(|| stroke(&[(end.0 - reach, end.1), (end.0 + reach, end.1)], &nib))
        });
        feet.fold(Outline::default(), Outline::and)
    }
}

/// The letters of a text that can be drawn.
pub(crate) fn capitals(text: &str) -> impl Iterator<Item = char> {
    legible(text).to_uppercase().chars().collect::<Vec<_>>().into_iter()
}

/// The width of a letter, and its lines.
fn glyph(letter: char) -> (f32, Vec<Vec<Point>>) {
    let (width, commands) = match letter {
        'A' => (76.0, "M0 100 L38 0 L76 100 M13 68 L63 68"),
        'B' => (62.0, "M0 48 L34 48 M36 100 L0 100 L0 0 L34 0 O34 24 24 24 -90 90 M36 48 O36 74 26 26 -90 90"),
        'C' => (74.0, "N O44 50 44 50 -48 -312"),
        'D' => (74.0, "M0 0 L0 100 L26 100 O26 50 48 50 90 -90 L0 0"),
        'E' => (54.0, "M54 0 L0 0 L0 100 L54 100 M0 49 L46 49"),
        'F' => (50.0, "M50 0 L0 0 L0 100 M0 50 L42 50"),
        'G' => (86.0, "N O44 50 44 50 -48 -360 L54 50"),
        'H' => (70.0, "M0 0 L0 100 M70 0 L70 100 M0 49 L70 49"),
        'I' => (0.0, "M0 0 L0 100"),
        'J' => (44.0, "M44 0 L44 70 O22 70 22 30 0 160"),
        'K' => (64.0, "M0 0 L0 100 M62 0 L0 62 M22 42 L64 100"),
        'L' => (48.0, "M0 0 L0 100 L48 100"),
        'M' => (86.0, "M0 100 L0 0 L43 68 L86 0 L86 100"),
        'N' => (72.0, "M0 100 L0 0 L72 100 L72 0"),
        'O' => (92.0, "N O46 50 46 50 0 360"),
        'P' => (60.0, "M0 100 L0 0 L32 0 O32 28 28 28 -90 90 L0 56"),
        'Q' => (92.0, "N O46 50 46 50 0 360 M58 70 L88 102"),
        'R' => (62.0, "M0 100 L0 0 L32 0 O32 27 27 27 -90 90 L0 54 M32 54 L62 100"),
        'S' => (60.0, "N O30 25 28 25 -30 -270 O30 75 30 25 -90 152"),
        'T' => (68.0, "M0 0 L68 0 M34 0 L34 100"),
        'U' => (70.0, "M0 0 L0 64 O35 64 35 36 180 0 L70 0"),
        'V' => (74.0, "M0 0 L37 100 L74 0"),
        'W' => (110.0, "M0 0 L28 100 L55 14 L82 100 L110 0"),
        'X' => (68.0, "M0 0 L68 100 M68 0 L0 100"),
        'Y' => (70.0, "M0 0 L35 52 L70 0 M35 52 L35 100"),
        'Z' => (64.0, "M0 0 L64 0 L0 100 L64 100"),
        '0' => (64.0, "N O32 50 32 50 0 360"),
        '1' => (24.0, "M0 20 L24 0 L24 100"),
        '2' => (58.0, "N O29 28 28 28 -165 35 L0 100 L58 100"),
        '3' => (58.0, "N O28 24 25 24 -155 90 M28 48 O28 74 30 26 -90 152"),
        '4' => (66.0, "M48 100 L48 0 L0 70 L66 70"),
        '5' => (58.0, "M54 0 L8 0 L4 46 O28 68 30 32 -136 145"),
        '6' => (62.0, "M46 0 L6 52 M62 68 O31 68 31 32 0 360"),
        '7' => (58.0, "M0 0 L58 0 L20 100"),
        '8' => (60.0, "N O30 24 25 24 0 360 N O30 74 30 26 0 360"),
        '9' => (62.0, "N O31 32 31 32 0 360 M56 48 L16 100"),
        '&' => (76.0, "M76 100 L20 32 O36 20 20 20 140 400 L12 60 O30 78 27 22 215 15 L76 50"),
        '-' => (28.0, "M0 56 L28 56"),
        '+' => (48.0, "M0 56 L48 56 M24 32 L24 80"),
        '.' => (0.0, "M0 99 L0 100"),
        ',' => (4.0, "M4 96 L-2 114"),
        '\'' => (0.0, "M0 0 L0 20"),
        '"' => (18.0, "M0 0 L0 20 M18 0 L18 20"),
        '!' => (0.0, "M0 0 L0 66 M0 99 L0 100"),
        '?' => (52.0, "N O26 26 26 26 -170 70 L26 70 M26 99 L26 100"),
        ':' => (0.0, "M0 40 L0 41 M0 95 L0 96"),
        '/' => (40.0, "M0 104 L40 -4"),
        '#' => (60.0, "M20 10 L10 100 M50 10 L40 100 M0 40 L60 40 M0 72 L60 72"),
        '%' => (80.0, "M12 100 L68 0 N O14 16 14 16 0 360 N O66 84 14 16 0 360"),
        '$' => (60.0, "N O30 28 26 22 -30 -270 O30 72 28 22 -90 152 M30 -6 L30 106"),
        '(' => (18.0, "N O30 50 30 58 -130 -230"),
        ')' => (18.0, "N O-12 50 30 58 -50 50"),
        ' ' => (30.0, ""),
        _ => (0.0, ""),
    };
    (width, lines(commands))
}

fn lines(commands: &str) -> Vec<Vec<Point>> {
    let mut lines: Vec<Vec<Point>> = Vec::new();
    let mut words = commands.split_whitespace();
    while let Some(word) = words.next() {
        let (command, first) = word.split_at(1);
        let mut number = || words.next().and_then(|word| word.parse::<f32>().ok()).unwrap_or_default();
        let x = first.parse::<f32>().unwrap_or_default();
        match command {
            "N" => lines.push(Vec::new()),
            "M" => lines.push(vec![(x, number())]),
            "L" => {
                let point = (x, number());
                lines.last_mut().into_iter().for_each(|line| line.push(point));
            }
            _ => {
                let (y, across, down, from, to) = (number(), number(), number(), number(), number());
                let points = arc((x, y), (across, down), from / 360.0, to / 360.0);
                lines.last_mut().into_iter().for_each(|line| line.extend(&points));
            }
        }
    }
    lines.retain(|line| line.len() > 1);
    lines
}
