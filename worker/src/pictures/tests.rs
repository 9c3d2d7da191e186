//! What is taken for a picture, and how one is made to suit its platform.

use image::ImageFormat as Kind;

use super::{
    Bytes, Cursor, DynamicImage, Flag, Flaw, ImageFormat, NEAR_COPY, Picture, PictureCheck, Platform, Wanted, alikeness,
};

fn encode(image: &DynamicImage, format: Kind) -> Bytes {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner().into()
}

/// A picture that shows something: one colour fades into another.
fn fading(width: u32, height: u32) -> DynamicImage {
    let shade = |at: u32, side: u32| (at * 255 / side) as u8;
    image::RgbImage::from_fn(width, height, |x, y| image::Rgb([shade(x, width), shade(y, height), 90])).into()
}

/// Noise, which hardly compresses.
fn noise(width: u32, height: u32) -> DynamicImage {
    let mut state: u32 = 7;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    image::RgbImage::from_fn(width, height, |_, _| image::Rgb([next(), next(), next()])).into()
}

async fn check_for(bytes: impl Into<Bytes>, size: (u32, u32), platform: &str) -> Result<Picture, Flaw> {
    let wanted = Wanted { size, brought_to: None, platform: Platform::built_in(platform) };
    PictureCheck::new().check(bytes.into(), wanted).await
}

async fn bring_to(bytes: Bytes, size: (u32, u32), brought_to: (u32, u32)) -> Picture {
    let wanted = Wanted { size, brought_to: Some(brought_to), platform: Platform::built_in("any") };
    PictureCheck::new().check(bytes, wanted).await.expect("good")
}

async fn check(bytes: impl Into<Bytes>) -> Result<Picture, Flaw> {
    check_for(bytes, (128, 128), "any").await
}

#[tokio::test]
async fn good_images_pass_as_they_came() {
    for (kind, format) in
        [(Kind::Png, ImageFormat::Png), (Kind::Jpeg, ImageFormat::Jpeg), (Kind::WebP, ImageFormat::WebP)]
    {
        let bytes = encode(&fading(96, 64), kind);
        let picture = check_for(bytes.clone(), (192, 128), "any").await.expect("good");
        assert_eq!((picture.format, picture.width, picture.height), (format, 96, 64));
        assert_eq!((picture.bytes, picture.flags), (bytes, vec![]));
        let (width, height, _) = thumbhash::thumb_hash_to_rgba(&picture.thumbhash).expect("a preview");
        assert!(picture.thumbhash.len() <= 32 && width > height);
    }
}

#[tokio::test]
async fn what_is_no_good_image_is_named() {
    let png = encode(&fading(128, 128), Kind::Png);
    assert_eq!(check("<svg xmlns='http://www.w3.org/2000/svg'/>").await.err(), Some(Flaw::Unknown));
    assert_eq!(check(png.slice(..png.len() / 2)).await.err(), Some(Flaw::Broken));
    assert_eq!(check(vec![0_u8; super::LARGEST + 1]).await.err(), Some(Flaw::TooBig));
    assert_eq!(check(encode(&fading(8, 8), Kind::Png)).await.err(), Some(Flaw::Sides));
    for (size, good) in
        [((4096, 64), true), ((64, 4096), true), ((4097, 64), false), ((64, 4097), false), ((63, 64), false)]
    {
        let checked = check_for(encode(&fading(size.0, size.1), Kind::Png), size, "any").await;
        assert_eq!(checked.err(), (!good).then_some(Flaw::Sides), "{size:?}");
    }
}

#[tokio::test]
async fn an_image_of_another_shape_than_was_asked_for_is_not_taken() {
    let png = |width, height| encode(&fading(width, height), Kind::Png);
    let asked = (1024, 1024);
    let shape = |made| Some(Flaw::Shape { made, asked });
    assert_eq!(check_for(png(64, 64), asked, "any").await.err(), shape((64, 64)));
    assert_eq!(check_for(png(1024, 700), asked, "any").await.err(), shape((1024, 700)));
    assert!(check_for(png(512, 540), asked, "any").await.is_ok(), "about the shape, and half of the size");
    assert!(shape((64, 64)).expect("a flaw").to_string().contains("64 by 64 pixels where 1024 by 1024 were asked for"));
}

#[tokio::test]
async fn what_shows_nothing_is_blank() {
    let plain = |pixel| DynamicImage::from(image::RgbaImage::from_pixel(128, 128, image::Rgba(pixel)));
    let mut grain = image::RgbImage::from_fn(128, 128, |x, y| image::Rgb([200 + ((x * 7 + y) % 3) as u8; 3]));
    let mut clear = image::RgbaImage::from_pixel(128, 128, image::Rgba([9, 9, 9, 0]));
    clear.put_pixel(3, 3, image::Rgba([255, 0, 0, 0]));
    for image in [plain([9, 9, 9, 255]), plain([255; 4]), grain.clone().into(), clear.into()] {
        assert_eq!(check(encode(&image, Kind::Png)).await.err(), Some(Flaw::Blank));
    }
    // A small dark thing on a plain ground is a picture.
    for (x, y) in (50..60).flat_map(|x| (50..60).map(move |y| (x, y))) {
        grain.put_pixel(x, y, image::Rgb([20, 20, 20]));
    }
    assert!(check(encode(&grain.into(), Kind::Png)).await.is_ok());
}

#[tokio::test]
async fn a_small_file_that_claims_to_be_huge_is_not_decoded() {
    let mut png = encode(&fading(128, 128), Kind::Png).to_vec();
    // The header says 60,000 by 60,000.
    png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    assert!(matches!(check(png).await.err(), Some(Flaw::Sides | Flaw::Broken)));
}

#[tokio::test]
async fn an_image_is_written_anew_where_its_platform_needs_it() {
    let png = encode(&fading(512, 512), Kind::Png);
    let picture = check_for(png.clone(), (512, 512), "instagram").await.expect("good");
    assert_eq!((picture.format, picture.flags), (ImageFormat::Jpeg, vec![Flag::ImageConverted]));
    assert_eq!(ImageFormat::sniff(&picture.bytes), Some(ImageFormat::Jpeg));
    let same = check_for(png.clone(), (512, 512), "bluesky").await.expect("good");
    assert_eq!((same.bytes, same.flags), (png, vec![]));
    let heavy = encode(&noise(700, 700), Kind::Png);
    assert!(heavy.len() > 1_000_000);
    let picture = check_for(heavy, (700, 700), "bluesky").await.expect("good");
    assert!(picture.bytes.len() <= 1_000_000 && picture.flags == [Flag::ImageConverted], "{picture:?}");
    let tall = encode(&fading(512, 768), Kind::Jpeg);
    let picture = check_for(tall, (1024, 1536), "instagram").await.expect("good");
    assert_eq!(picture.flags, [Flag::ImageAspect]);
}

#[tokio::test]
async fn what_cannot_be_made_small_enough_says_so() {
    let picture = check_for(encode(&noise(2400, 2400), Kind::Jpeg), (2400, 2400), "bluesky").await.expect("good");
    assert!(picture.flags.contains(&Flag::ImageTooBig), "{picture:?}");
}

#[tokio::test]
async fn transparency_becomes_white() {
    let mut half = image::RgbaImage::from_pixel(128, 128, image::Rgba([0, 0, 0, 0]));
    for (x, y) in (0..128).flat_map(|x| (0..64).map(move |y| (x, y))) {
        half.put_pixel(x, y, image::Rgba([10, 20, 30, 255]));
    }
    let picture = check_for(encode(&half.into(), Kind::Png), (128, 128), "instagram").await.expect("good");
    let pixels = image::load_from_memory(&picture.bytes).expect("a JPEG").to_rgb8();
    assert!(pixels.get_pixel(100, 120).0.iter().all(|value| *value > 245));
    assert!(pixels.get_pixel(10, 10).0.iter().all(|value| *value < 45));
}

#[tokio::test]
async fn a_picture_is_brought_to_the_asked_size_and_says_what_it_was_made_in() {
    for (kind, format) in
        [(Kind::Png, ImageFormat::Png), (Kind::Jpeg, ImageFormat::Jpeg), (Kind::WebP, ImageFormat::Jpeg)]
    {
        let picture = bring_to(encode(&fading(256, 256), kind), (256, 256), (512, 512)).await;
        assert_eq!((picture.width, picture.height, picture.native), (512, 512, (256, 256)), "{kind:?}");
        assert_eq!((picture.format, picture.flags), (format, vec![Flag::ImageResampled]), "{kind:?}");
        let pixels = image::load_from_memory(&picture.bytes).expect("an image").to_rgb8();
        assert_eq!(pixels.dimensions(), (512, 512));
        let [red, green, _] = pixels.get_pixel(256, 256).0;
        assert!((120..=136).contains(&red) && (120..=136).contains(&green), "{kind:?}: {red} {green}");
    }
    let png = encode(&fading(256, 256), Kind::Png);
    let same = bring_to(png.clone(), (256, 256), (256, 256)).await;
    assert_eq!((same.bytes, same.flags, same.native), (png, vec![], (256, 256)));
}

#[tokio::test]
async fn another_shape_is_cut_around_the_middle() {
    // Red to the left, blue to the right, and a white bar in the middle.
    let bars = image::RgbImage::from_fn(400, 400, |x, _| {
        image::Rgb(match x {
            0..150 => [200, 0, 0],
            150..250 => [255; 3],
            _ => [0, 0, 200],
        })
    });
    let picture = bring_to(encode(&bars.into(), Kind::Png), (400, 400), (300, 600)).await;
    let pixels = image::load_from_memory(&picture.bytes).expect("an image").to_rgb8();
    assert_eq!(pixels.dimensions(), (300, 600));
    // A fourth is gone on each side; what is left is the bar between two narrow ones.
    assert_eq!(pixels.get_pixel(10, 300).0, [200, 0, 0]);
    assert_eq!(pixels.get_pixel(150, 300).0, [255; 3]);
    assert_eq!(pixels.get_pixel(290, 300).0, [0, 0, 200]);
    assert_eq!((picture.native, (picture.width, picture.height)), ((400, 400), (300, 600)));
}

#[tokio::test]
async fn transparency_is_kept_when_a_picture_is_resampled() {
    let mut half = image::RgbaImage::from_pixel(128, 128, image::Rgba([0, 0, 0, 0]));
    for (x, y) in (0..128).flat_map(|x| (0..64).map(move |y| (x, y))) {
        half.put_pixel(x, y, image::Rgba([10, 20, 30, 255]));
    }
    let picture = bring_to(encode(&half.into(), Kind::WebP), (128, 128), (256, 256)).await;
    assert_eq!(picture.format, ImageFormat::Png);
    let pixels = image::load_from_memory(&picture.bytes).expect("a PNG").to_rgba8();
    assert_eq!((pixels.get_pixel(20, 20).0[3], pixels.get_pixel(20, 240).0[3]), (255, 0));
}

/// A disc of a colour on white, at a place: as plain and as even as a logo is.
fn disc(x: i64, y: i64, radius: i64, colour: [u8; 3]) -> DynamicImage {
    let inside = |px: u32, py: u32| (i64::from(px) - x).pow(2) + (i64::from(py) - y).pow(2) < radius.pow(2);
    image::RgbImage::from_fn(512, 512, |px, py| image::Rgb(if inside(px, py) { colour } else { [255; 3] })).into()
}

#[tokio::test]
async fn plain_pictures_have_prints_that_last_and_differ() {
    let print =
        async |image: &DynamicImage, kind| check_for(encode(image, kind), (512, 512), "any").await.expect("good").print;
    let centred = disc(256, 256, 120, [200, 30, 30]);
    let one = print(&centred, Kind::Png).await;
    let soft = DynamicImage::from(image::imageops::blur(&centred.to_rgb8(), 1.5));
    for (image, kind) in [(&centred, Kind::Jpeg), (&centred, Kind::WebP), (&soft, Kind::Jpeg)] {
        assert!(alikeness(one, print(image, kind).await) <= NEAR_COPY, "{kind:?}");
    }
    for other in [disc(150, 150, 120, [200, 30, 30]), disc(256, 256, 220, [200, 30, 30]), fading(512, 512)] {
        assert!(alikeness(one, print(&other, Kind::Png).await) > NEAR_COPY);
    }
}
