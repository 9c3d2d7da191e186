//! Prints of real pictures: the same scene however it is written, and other scenes.

use image::{DynamicImage, ImageFormat};

use super::{Books, Stage, bakery};
use crate::pictures::{NEAR_COPY, PictureCheck, Wanted, alikeness};
use crate::platforms::Platform;
use crate::prompts;

async fn print(pixels: &DynamicImage, format: ImageFormat) -> u64 {
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).expect("written");
    let size = (pixels.width(), pixels.height());
    let wanted = Wanted { size, brought_to: None, platform: Platform::built_in("any") };
    PictureCheck::new().check(bytes.into_inner().into(), wanted).await.expect("a picture").print
}

#[tokio::test]
async fn the_same_scene_is_near_however_it_is_written_and_another_is_far() {
    let (stage, mut books) = (Stage::new(), Books::default());
    let scenes =
        ["A loaf on a table.", "A harbour at dawn.", "Two cats on a wall.", "A red bicycle.", "Snow on a hill."];
    let mut prints = Vec::new();
    for scene in scenes {
        let ask = prompts::image(&bakery(), scene, "1024x1024", "low");
        let picture = stage.gateway.image(&mut books, ask).await.expect("an image").picture;
        let pixels = image::load_from_memory(&picture.bytes).expect("an image");
        let small = pixels.resize_exact(512, 512, image::imageops::FilterType::Lanczos3);
        let jpeg = DynamicImage::from(pixels.to_rgb8());
        let brighter = pixels.brighten(6);
        for (what, again) in [
            ("as JPEG", print(&jpeg, ImageFormat::Jpeg).await),
            ("at half the size", print(&small, ImageFormat::Png).await),
            ("a little brighter", print(&brighter, ImageFormat::WebP).await),
        ] {
            let distance = alikeness(picture.print, again);
            assert!(distance <= NEAR_COPY, "{scene} {what}: {distance}");
        }
        prints.push((scene, picture.print));
    }
    for (at, (scene, print)) in prints.iter().enumerate() {
        for (other, other_print) in &prints[at + 1..] {
            let distance = alikeness(*print, *other_print);
            assert!(distance > NEAR_COPY, "{scene} {other}: {distance}");
        }
    }
}
