//! What is in a picture.

use super::{
    Scene,
    canvas::Canvas,
    colours::{ACCENT, CLEAR, FAR, INK, MIDDLE, NAME, NEAR, PAPER, SKY, SUN, palette},
    font::legible,
};
use crate::seed::Seed;

/// One colour, as models sometimes answer.
pub(crate) fn blank(width: u32, height: u32) -> Canvas {
    Canvas::new(width as usize, height as usize, vec![[255, 255, 255], [0, 0, 0]])
}

pub(super) fn draw(scene: &Scene, width: u32, height: u32, transparent: bool) -> Canvas {
    let (width, height) = (i64::from(width), i64::from(height));
    let mut canvas = Canvas::new(width as usize, height as usize, palette(&scene.brand, &scene.topic, &scene.colours));
    let mut seed = Seed::of(&["scene", &scene.brand, &scene.topic, &scene.variant.to_string()]);
    if transparent {
        canvas.clear = Some(CLEAR);
        canvas.rectangle(0, 0, width, height, CLEAR);
    } else {
        for row in 0..height {
            canvas.run(row, 0, width, (row * i64::from(SKY) / height) as u8);
        }
    }
    match seed.below(5) {
        0 => hills(&mut canvas, &mut seed),
        1 => mountains(&mut canvas, &mut seed),
        2 => bubbles(&mut canvas, &mut seed),
        3 => town(&mut canvas, &mut seed),
        _ => table(&mut canvas, &mut seed),
    }
    card(&mut canvas, &scene.brand, &scene.topic);
    canvas
}

fn sun(canvas: &mut Canvas, seed: &mut Seed) {
    let (width, height) = (canvas.width as i64, canvas.height as i64);
    let radius = width.min(height) / seed.between(6, 11);
    let x = seed.between(width / 6, width * 5 / 6);
    canvas.disc(x, seed.between(height / 8, height / 3), radius, SUN);
}

fn hills(canvas: &mut Canvas, seed: &mut Seed) {
    sun(canvas, seed);
    let (width, height) = (canvas.width as f64, canvas.height as f64);
    for (layer, colour) in [FAR, MIDDLE, NEAR].into_iter().enumerate() {
        let (phase, waves) = (seed.unit() * 6.3, 1.0 + seed.unit() * 2.5);
        let base = height * (0.42 + 0.13 * layer as f64);
        let tall = height * (0.04 + 0.05 * seed.unit());
        canvas.ground(
            |x| (base + tall * (phase + x as f64 / width * std::f64::consts::TAU * waves).sin()) as i64,
            colour,
        );
    }
}

fn mountains(canvas: &mut Canvas, seed: &mut Seed) {
    sun(canvas, seed);
    let (width, height) = (canvas.width as i64, canvas.height as i64);
    for (layer, colour) in [FAR, MIDDLE, NEAR].into_iter().enumerate() {
        for _ in 0..3 {
            let top = height * (25 + 14 * layer as i64 + seed.between(0, 12)) / 100;
            canvas.peak(seed.between(0, width), top, height, width * seed.between(22, 45) / 100, colour);
        }
    }
}

fn bubbles(canvas: &mut Canvas, seed: &mut Seed) {
    let (width, height) = (canvas.width as i64, canvas.height as i64);
    for at in 0..14 {
        let colour = [FAR, MIDDLE, NEAR, ACCENT, SUN, PAPER][at % 6];
        let radius = width.min(height) / seed.between(7, 22);
        canvas.disc(seed.between(0, width), seed.between(height / 6, height * 3 / 4), radius, colour);
    }
}

fn town(canvas: &mut Canvas, seed: &mut Seed) {
    sun(canvas, seed);
    let (width, height) = (canvas.width as i64, canvas.height as i64);
    let mut left = 0;
    while left < width {
        let wide = width * seed.between(7, 15) / 100;
        let top = height * seed.between(28, 58) / 100;
        let colour = [FAR, MIDDLE, NEAR][seed.below(3)];
        canvas.rectangle(left, top, wide - 4, height - top, colour);
        let pane = (wide / 7).max(2);
        for row in 0..5 {
            for column in 0..2 {
                if seed.below(3) > 0 {
                    let x = left + pane + column * pane * 3;
                    canvas.rectangle(x, top + pane + row * pane * 3, pane * 2, pane * 2, SUN);
                }
            }
        }
        left += wide;
    }
}

fn table(canvas: &mut Canvas, seed: &mut Seed) {
    let (width, height) = (canvas.width as i64, canvas.height as i64);
    let unit = width.min(height);
    canvas.rectangle(0, height * 58 / 100, width, height, MIDDLE);
    canvas.rectangle(0, height * 58 / 100, width, unit / 60, NEAR);
    let x = width * seed.between(40, 60) / 100;
    let y = height * 55 / 100;
    canvas.disc(x, y, unit * seed.between(18, 26) / 100, PAPER);
    canvas.disc(x, y, unit * seed.between(12, 16) / 100, ACCENT);
    for _ in 0..5 {
        let colour = [SUN, FAR, NEAR][seed.below(3)];
        let (away, across) = (seed.between(-10, 10), seed.between(-10, 10));
        canvas.disc(x + unit * away / 100, y + unit * across / 100, unit * seed.between(2, 5) / 100, colour);
    }
}

/// The brand and the topic, on a card in the lower part.
fn card(canvas: &mut Canvas, brand: &str, topic: &str) {
    let (width, height) = (canvas.width as i64, canvas.height as i64);
    let scale = (width.min(height) / 170).max(1);
    let margin = 6 * scale;
    let letters = ((width - 4 * margin) / (6 * scale)).max(4) as usize;
    let lines = wrap(&legible(topic), letters, 3);
    let name_scale = scale * 4 / 3;
    let name_letters = ((width - 4 * margin) / (6 * name_scale)).max(4) as usize;
    let name: String = legible(brand).chars().take(name_letters).collect();
    let name_height = if name.is_empty() { 0 } else { 11 * name_scale };
    let tall = 2 * margin + name_height + lines.len() as i64 * 10 * scale;
    let top = height - margin - tall;
    canvas.rectangle(margin, top, width - 2 * margin, tall, PAPER);
    canvas.rectangle(margin, top, width - 2 * margin, scale, ACCENT);
    canvas.write(&name, 2 * margin, top + margin, name_scale, NAME);
    for (number, line) in lines.iter().enumerate() {
        canvas.write(line, 2 * margin, top + margin + name_height + number as i64 * 10 * scale, scale, INK);
    }
}

/// Lines of at most `letters`, at most `most` of them.
fn wrap(text: &str, letters: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let word: String = word.chars().take(letters).collect();
        let line = lines.last().map_or(0, String::len);
        if line > 0 && line + 1 + word.len() > letters {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines.truncate(most);
    lines
}
