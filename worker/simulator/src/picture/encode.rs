//! A drawing as a file.

use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, codecs::webp::WebPEncoder};

use super::{canvas::Canvas, painting::Painting};
use crate::images::Format;

/// What was drawn.
#[derive(Debug)]
pub(crate) enum Drawing {
    /// With a palette.
    Indexed(Canvas),
    /// In full colour.
    Full(Painting),
}

impl Drawing {
    fn size(&self) -> (u32, u32) {
        match self {
            Self::Indexed(canvas) => (canvas.width as u32, canvas.height as u32),
            Self::Full(painting) => (painting.width as u32, painting.height as u32),
        }
    }

    /// A change that nobody sees, but that makes it another file: one colour is a shade off.
    pub(crate) fn touch(&mut self) {
        match self {
            Self::Indexed(canvas) => canvas.palette.iter_mut().for_each(|colour| colour[2] ^= 1),
            Self::Full(painting) => painting.pixels.iter_mut().for_each(|pixel| pixel[2] ^= 1),
        }
    }

    fn rgb(&self) -> Vec<u8> {
        match self {
            Self::Indexed(canvas) => {
                canvas.pixels.iter().flat_map(|index| canvas.palette[usize::from(*index)]).collect()
            }
            Self::Full(painting) => {
                painting.pixels.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect()
            }
        }
    }
}

pub(crate) fn encode(drawing: &Drawing, format: Format) -> Vec<u8> {
    let mut file = Vec::with_capacity(64 * 1024);
    let (width, height) = drawing.size();
    let written = match format {
        Format::Png => png(drawing, &mut file).map_err(|error| error.to_string()),
        Format::Jpeg => JpegEncoder::new_with_quality(&mut file, 85)
            .write_image(&drawing.rgb(), width, height, ExtendedColorType::Rgb8)
            .map_err(|error| error.to_string()),
        Format::Webp => WebPEncoder::new_lossless(&mut file)
            .write_image(&drawing.rgb(), width, height, ExtendedColorType::Rgb8)
            .map_err(|error| error.to_string()),
    };
    if let Err(error) = written {
        // Writing to memory; the sizes come from the price list, which was checked.
        tracing::error!(%error, "an image could not be encoded");
    }
    file
}

/// Runs of equal rows differ by nothing from the row above, which is what the fast compressor is good at.
fn png(drawing: &Drawing, file: &mut Vec<u8>) -> Result<(), png::EncodingError> {
    let (width, height) = drawing.size();
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Up);
    match drawing {
        Drawing::Indexed(canvas) => {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_palette(canvas.palette.concat());
            if let Some(clear) = canvas.clear {
                let opacity: Vec<u8> =
                    (0..canvas.palette.len()).map(|at| if at == usize::from(clear) { 0 } else { 255 }).collect();
                encoder.set_trns(opacity);
            }
            encoder.write_header()?.write_image_data(&canvas.pixels)
        }
        Drawing::Full(painting) if painting.pixels.iter().all(|pixel| pixel[3] == 255) => {
            encoder.set_color(png::ColorType::Rgb);
            encoder.write_header()?.write_image_data(&drawing.rgb())
        }
        Drawing::Full(painting) => {
            encoder.set_color(png::ColorType::Rgba);
            encoder.write_header()?.write_image_data(painting.pixels.as_flattened())
        }
    }
}
