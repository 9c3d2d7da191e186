//! A canvas as a file.

use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, codecs::webp::WebPEncoder};

use super::canvas::Canvas;
use crate::images::Format;

pub(crate) fn encode(canvas: &Canvas, format: Format) -> Vec<u8> {
    let mut file = Vec::with_capacity(32 * 1024);
    let written = match format {
        Format::Png => png(canvas, &mut file).map_err(|error| error.to_string()),
        Format::Jpeg => {
            let rgb = full_colour(canvas);
            JpegEncoder::new_with_quality(&mut file, 85)
                .write_image(&rgb, canvas.width as u32, canvas.height as u32, ExtendedColorType::Rgb8)
                .map_err(|error| error.to_string())
        }
        Format::Webp => {
            let rgb = full_colour(canvas);
            WebPEncoder::new_lossless(&mut file)
                .write_image(&rgb, canvas.width as u32, canvas.height as u32, ExtendedColorType::Rgb8)
                .map_err(|error| error.to_string())
        }
    };
    if let Err(error) = written {
        // Writing to memory; the sizes come from the price list, which was checked.
        tracing::error!(%error, "an image could not be encoded");
    }
    file
}

/// Runs of equal rows differ by nothing from the row above, which is what the fast compressor is good at.
fn png(canvas: &Canvas, file: &mut Vec<u8>) -> Result<(), png::EncodingError> {
    let mut encoder = png::Encoder::new(file, canvas.width as u32, canvas.height as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(canvas.palette.concat());
    if let Some(clear) = canvas.clear {
        let opacity: Vec<u8> =
            (0..canvas.palette.len()).map(|at| if at == usize::from(clear) { 0 } else { 255 }).collect();
        encoder.set_trns(opacity);
    }
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Up);
    encoder.write_header()?.write_image_data(&canvas.pixels)
}

fn full_colour(canvas: &Canvas) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(canvas.pixels.len() * 3);
    for index in &canvas.pixels {
        rgb.extend(canvas.palette[usize::from(*index)]);
    }
    rgb
}
