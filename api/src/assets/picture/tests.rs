//! Uploads of every kind, good and bad.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};
use shared::media::ImageFormat;

use super::{Flaw, Picture, look};

/// Where the pictures of these tests were taken, as a camera writes it down.
const PLACE: &[u8] = b"GPSLatitude 52 deg 31' N";

/// 128 by 96: red on the left, blue on the right.
fn flag() -> RgbImage {
    RgbImage::from_fn(128, 96, |x, _| if x < 64 { Rgb([200, 30, 30]) } else { Rgb([30, 30, 200]) })
}

/// EXIF that says how to turn the picture, and where it was taken.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(PLACE);
    exif
}

fn encoded(format: ImageFormat, orientation: u8) -> Vec<u8> {
    let (pixels, mut bytes) = (DynamicImage::from(flag()), Vec::new());
    let done = match format {
        ImageFormat::Png => write(&pixels, PngEncoder::new(&mut bytes), orientation),
        ImageFormat::Jpeg => write(&pixels, JpegEncoder::new_with_quality(&mut bytes, 95), orientation),
        ImageFormat::WebP => write(&pixels, WebPEncoder::new_lossless(&mut bytes), orientation),
    };
    assert!(done);
    bytes
}

fn write(pixels: &DynamicImage, mut encoder: impl ImageEncoder, orientation: u8) -> bool {
    encoder.set_exif_metadata(exif(orientation)).is_ok() && pixels.write_with_encoder(encoder).is_ok()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn decoded(picture: &Picture) -> RgbImage {
    image::load_from_memory(&picture.file.bytes).expect("an image").to_rgb8()
}

const FORMATS: [ImageFormat; 3] = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP];

#[test]
fn where_it_was_taken_is_gone_and_the_pixels_are_as_they_were() {
    for format in FORMATS {
        let bytes = encoded(format, 1);
        assert!(holds(&bytes, PLACE), "{format:?}");
        let picture = look(&bytes).expect("good");
        assert!(!holds(&picture.file.bytes, PLACE) && !holds(&picture.thumbnail.bytes, PLACE), "{format:?}");
        assert!(!holds(&picture.file.bytes, b"Exif") && !holds(&picture.file.bytes, b"eXIf"), "{format:?}");
        assert_eq!(image::load_from_memory(&bytes).expect("an image").to_rgb8(), decoded(&picture), "{format:?}");
        assert_eq!((picture.file.format, picture.width, picture.height), (format, 128, 96));
        assert!((5..=32).contains(&picture.thumbhash.len()));
    }
}

#[test]
fn a_picture_that_lies_on_its_side_is_turned_upright() {
    for format in FORMATS {
        // 6: turned a quarter clockwise, so that what was left is above.
        let picture = look(&encoded(format, 6)).expect("good");
        assert_eq!((picture.width, picture.height), (96, 128), "{format:?}");
        let pixels = decoded(&picture);
        assert_eq!(pixels.dimensions(), (96, 128));
        let (above, below) = (pixels.get_pixel(48, 20).0, pixels.get_pixel(48, 110).0);
        assert!(above[0] > 150 && above[2] < 80 && below[2] > 150 && below[0] < 80, "{above:?} {below:?}");
        assert!(!holds(&picture.file.bytes, PLACE), "{format:?}");
        let small = image::load_from_memory(&picture.thumbnail.bytes).expect("a small copy");
        assert!(small.height() > small.width());
    }
}

#[test]
fn what_hangs_on_behind_an_image_is_left_behind() {
    for format in FORMATS {
        let mut bytes = encoded(format, 1);
        bytes.extend_from_slice(b"PK\x03\x04<script>alert(1)</script>");
        let picture = look(&bytes).expect("good");
        assert!(!holds(&picture.file.bytes, b"<script>"), "{format:?}");
    }
}

#[test]
fn a_comment_in_a_jpeg_is_left_out() {
    let mut bytes = encoded(ImageFormat::Jpeg, 1);
    let comment = b"\xff\xfe\x00\x0a<script>";
    bytes.splice(2..2, comment.iter().copied());
    assert!(!holds(&look(&bytes).expect("good").file.bytes, b"<script>"));
}

#[test]
fn an_image_that_is_not_whole_is_refused() {
    for format in FORMATS {
        let bytes = encoded(format, 1);
        for length in [bytes.len() - 1, bytes.len() / 2, 40, 13] {
            assert_eq!(look(&bytes[..length]).expect_err("not whole"), Flaw::Broken, "{format:?} {length}");
        }
        let mut garbled = bytes.clone();
        let middle = garbled.len() / 4;
        garbled.truncate(middle);
        garbled.resize(bytes.len(), 0x55);
        assert_eq!(look(&garbled).expect_err("garbled"), Flaw::Broken, "{format:?}");
    }
}

#[test]
fn what_is_no_image_is_refused_whatever_it_calls_itself() {
    for bytes in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"%PDF-1.7", b"RIFF\0\0\0\0WAVE"] {
        assert_eq!(look(bytes).expect_err("no image"), Flaw::Unknown);
    }
}

/// A PNG that claims that size and holds next to nothing.
fn claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(ImageFormat::Png, 1);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// The checksum of a PNG's chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
    })
}

#[test]
fn sizes_are_held_before_anything_is_decoded() {
    for (width, height, flaw) in [
        (63, 100, Flaw::Sides),
        (100, 8_193, Flaw::Sides),
        (60_000, 60_000, Flaw::Sides),
        (8_000, 8_000, Flaw::Pixels),
        (6_000, 6_000, Flaw::Broken),
    ] {
        assert_eq!(look(&claiming(width, height)).expect_err("refused"), flaw, "{width} by {height}");
    }
}

#[test]
fn an_animation_is_refused() {
    let mut bytes = encoded(ImageFormat::WebP, 1);
    assert_eq!(&bytes[12..16], b"VP8X");
    bytes[20] |= 0x02;
    assert_eq!(look(&bytes).expect_err("animated"), Flaw::Animated);
}

#[test]
fn what_lies_on_nothing_has_a_small_copy_that_does() {
    let pixels = RgbaImage::from_fn(600, 300, |x, _| Rgba([255, 255, 255, if x < 300 { 0 } else { 255 }]));
    let mut bytes = Vec::new();
    DynamicImage::from(pixels).write_with_encoder(PngEncoder::new(&mut bytes)).expect("encoded");
    let picture = look(&bytes).expect("good");
    assert_eq!(picture.thumbnail.format, ImageFormat::WebP);
    let small = image::load_from_memory(&picture.thumbnail.bytes).expect("a small copy").to_rgba8();
    assert_eq!((small.dimensions(), small.get_pixel(10, 64).0[3]), ((256, 128), 0));
    let opaque = look(&encoded(ImageFormat::WebP, 1)).expect("good").thumbnail;
    assert_eq!(opaque.format, ImageFormat::Jpeg);
}
