//! Outlines: closed contours of straight pieces, fine enough to look round.
//!
//! Contours that turn one way add up, those that turn the other way cut holes. All builders here turn the same way.

use std::f32::consts::TAU;

pub(crate) type Point = (f32, f32);

/// A closed line.
pub(crate) type Contour = Vec<Point>;

/// What is filled together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outline(pub(crate) Vec<Contour>);

impl Outline {
    pub(crate) fn of(contour: Contour) -> Self {
        Self(vec![turned(contour, true)])
    }

    pub(crate) fn polygon(points: &[Point]) -> Self {
        Self::of(points.to_vec())
    }

    pub(crate) fn rectangle(left: f32, top: f32, width: f32, height: f32) -> Self {
        Self::polygon(&[(left, top), (left + width, top), (left + width, top + height), (left, top + height)])
    }

    /// A rectangle with round corners.
    pub(crate) fn rounded(left: f32, top: f32, width: f32, height: f32, radius: f32) -> Self {
        let radius = radius.min(width / 2.0).min(height / 2.0).max(0.0);
        let (right, bottom) = (left + width - radius, top + height - radius);
        let corners = [(right, bottom, 0.0), (left + radius, bottom, 0.25), (left + radius, top + radius, 0.5)];
        let corners = corners.into_iter().chain([(right, top + radius, 0.75)]);
        Self::of(corners.flat_map(|(x, y, from)| arc((x, y), (radius, radius), from, from + 0.25)).collect())
    }

    pub(crate) fn disc(centre: Point, radius: f32) -> Self {
        Self::ellipse(centre, (radius, radius))
    }

    pub(crate) fn ellipse(centre: Point, radii: (f32, f32)) -> Self {
        Self::of(arc(centre, radii, 0.0, 1.0))
    }

    pub(crate) fn ring(centre: Point, radius: f32, width: f32) -> Self {
        Self::disc(centre, radius + width / 2.0).without(Self::disc(centre, (radius - width / 2.0).max(0.0)))
    }

    /// A slice of a disc, from one turn to another (0 to 1, clockwise from the right).
    pub(crate) fn slice(centre: Point, radius: f32, from: f32, to: f32) -> Self {
        let mut contour = arc(centre, (radius, radius), from, to);
        contour.push(centre);
        Self::of(contour)
    }

    /// A star or, with both radii alike, a regular polygon of twice the corners.
    pub(crate) fn star(centre: Point, corners: usize, outer: f32, inner: f32, turn: f32) -> Self {
        let contour = (0..corners * 2).map(|at| {
            let radius = if at % 2 == 0 { outer } else { inner };
            around(centre, radius, turn + at as f32 / (corners * 2) as f32)
        });
        Self::of(contour.collect())
    }

    pub(crate) fn regular(centre: Point, corners: usize, radius: f32, turn: f32) -> Self {
        Self::of((0..corners).map(|at| around(centre, radius, turn + at as f32 / corners as f32)).collect())
    }

    /// A round shape whose radius swings: a petal or a blob, by how often.
    pub(crate) fn wobbly(centre: Point, radius: f32, swing: f32, times: usize, turn: f32) -> Self {
        let contour = (0..96).map(|at| {
            let at = at as f32 / 96.0;
            let wave =
                (at * TAU * times as f32).cos() * 0.75 + (at * TAU * (times + 1) as f32 + turn * 9.0).sin() * 0.25;
            around(centre, radius * (1.0 + swing * wave), turn + at)
        });
        Self::of(contour.collect())
    }

    /// A leaf between two points; `width` is a share of its length.
    pub(crate) fn leaf(from: Point, to: Point, width: f32) -> Self {
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let middle = (from.0 + x / 2.0, from.1 + y / 2.0);
        let side = (-y * width, x * width);
        let mut contour = curve(from, (middle.0 + side.0, middle.1 + side.1), to);
        contour.extend(curve(to, (middle.0 - side.0, middle.1 - side.1), from));
        Self::of(contour)
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// With a hole of the other's outline.
    pub(crate) fn without(mut self, hole: Self) -> Self {
        self.0.extend(hole.0.into_iter().map(|contour| turned(contour, false)));
        self
    }

    pub(crate) fn map(&self, place: impl Fn(Point) -> Point) -> Self {
        Self(self.0.iter().map(|contour| contour.iter().copied().map(&place).collect()).collect())
    }

    /// Scaled about the origin, then moved.
    pub(crate) fn at(&self, centre: Point, scale: f32) -> Self {
        self.map(|(x, y)| (centre.0 + x * scale, centre.1 + y * scale))
    }

    /// Turned about a point, by a part of a whole turn.
    pub(crate) fn rotated(&self, centre: Point, turn: f32) -> Self {
        let (sine, cosine) = (turn * TAU).sin_cos();
        self.map(|(x, y)| {
            let (x, y) = (x - centre.0, y - centre.1);
            (centre.0 + x * cosine - y * sine, centre.1 + x * sine + y * cosine)
        })
    }

    /// The contours drawn as lines.
    pub(crate) fn traced(&self, nib: &Nib) -> Self {
        let closed = self.0.iter().filter(|contour| contour.len() > 1).map(|contour| {
            let mut line = contour.clone();
            line.extend(contour.first());
            line
        });
        Self(closed.flat_map(|line| stroke(&line, nib).0).collect())
    }
}

/// What draws a line: its shape is swept along.
#[derive(Debug, Clone)]
pub(crate) struct Nib(Contour);

impl Nib {
    pub(crate) fn round(width: f32) -> Self {
        Self::oval(width, width)
    }

    /// Thick where lines go down, thin where they go across.
    pub(crate) fn oval(across: f32, down: f32) -> Self {
        Self((0..16).map(|at| unrolled((0.0, 0.0), (across / 2.0, down / 2.0), at as f32 / 16.0)).collect())
    }

    /// For lines so thin that nobody sees how round their ends are.
    pub(crate) fn fine(width: f32) -> Self {
        Self((0..6).map(|at| unrolled((0.0, 0.0), (width / 2.0, width / 2.0), at as f32 / 6.0)).collect())
    }

    /// Ends in corners.
    pub(crate) fn square(width: f32) -> Self {
        let half = width / 2.0;
        Self(vec![(-half, -half), (half, -half), (half, half), (-half, half)])
    }
}

/// A line drawn with a nib.
pub(crate) fn stroke(line: &[Point], nib: &Nib) -> Outline {
    let pieces = line.windows(2).map(|ends| {
        let swept = ends.iter().flat_map(|end| nib.0.iter().map(move |dot| (end.0 + dot.0, end.1 + dot.1)));
        turned(hull(swept.collect()), true)
    });
    Outline(pieces.collect())
}

/// Points along a part of an ellipse.
pub(crate) fn arc(centre: Point, radii: (f32, f32), from: f32, to: f32) -> Contour {
    let steps = ((to - from).abs() * 64.0).ceil().max(2.0) as usize;
    (0..=steps).map(|at| unrolled(centre, radii, from + (to - from) * at as f32 / steps as f32)).collect()
}

/// Points along a quadratic curve.
pub(crate) fn curve(from: Point, pull: Point, to: Point) -> Contour {
    (0..=16)
        .map(|at| {
            let (there, left) = (at as f32 / 16.0, 1.0 - at as f32 / 16.0);
            let mix = |a: f32, b: f32, c: f32| left * left * a + 2.0 * left * there * b + there * there * c;
            (mix(from.0, pull.0, to.0), mix(from.1, pull.1, to.1))
        })
        .collect()
}

/// The point at a distance from a centre, by a part of a whole turn.
pub(crate) fn around(centre: Point, radius: f32, turn: f32) -> Point {
    unrolled(centre, (radius, radius), turn)
}

fn unrolled(centre: Point, radii: (f32, f32), turn: f32) -> Point {
    let (sine, cosine) = (turn * TAU).sin_cos();
    (centre.0 + radii.0 * cosine, centre.1 + radii.1 * sine)
}

fn turned(mut contour: Contour, clockwise: bool) -> Contour {
    let next = contour.iter().cycle().skip(1);
    let area: f32 = contour.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
    if (area > 0.0) != clockwise {
        contour.reverse();
    }
    contour
}

/// The convex hull, by monotone chains.
fn hull(mut points: Vec<Point>) -> Contour {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let chain = |points: &mut dyn Iterator<Item = Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for point in points {
            while let [.., a, b] = chain.as_slice() {
                if (b.0 - a.0) * (point.1 - a.1) - (b.1 - a.1) * (point.0 - a.0) > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut contour = chain(&mut points.iter().copied());
    contour.extend(chain(&mut points.iter().rev().copied()));
    contour
}
