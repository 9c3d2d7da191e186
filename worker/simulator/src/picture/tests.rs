use std::{collections::HashSet, io::Cursor};

use super::*;

fn sketch(prompt: &str) -> Sketch {
    Sketch::of(prompt, 0, &[])
}

#[test]
fn a_png_has_the_size_it_was_asked_for() {
    for (width, height) in [(1024, 1024), (1024, 1536), (1536, 1024), (1792, 1024), (256, 256), (64, 64)] {
        let file = sketch("Brand: A; Topic: B").sized(width, height).draw();
        let image = image::load_from_memory(&file).expect("decodes");
        assert_eq!((image.width(), image.height()), (width, height));
        assert!(file.len() < 200_000, "{} bytes", file.len());
    }
}

#[test]
fn pictures_of_different_prompts_differ_and_of_one_prompt_do_not() {
    let files: HashSet<Vec<u8>> =
        (0..40).map(|number| sketch(&format!("Brand: Acme; Topic: Anvil {number}")).draw()).collect();
    assert_eq!(files.len(), 40);
    assert_eq!(sketch("Brand: A; Topic: B").draw(), sketch("Brand: A; Topic: B").draw());
    assert_ne!(sketch("one. Brand: A; Topic: B").draw(), sketch("two. Brand: A; Topic: B").draw());
}

#[test]
fn a_picture_has_many_colours_and_a_blank_one_does_not() {
    let colours = |file: &[u8]| {
        let image = image::load_from_memory(file).expect("decodes").to_rgb8();
        image.pixels().map(|pixel| pixel.0).collect::<HashSet<_>>().len()
    };
    assert!(colours(&sketch("Brand: A; Topic: B").draw()) > 30);
    assert_eq!(colours(&sketch("Brand: A; Topic: B").blank().draw()), 1);
}

#[test]
fn other_formats_are_what_they_say() {
    for (format, expected) in [(Format::Jpeg, image::ImageFormat::Jpeg), (Format::Webp, image::ImageFormat::WebP)] {
        let file = sketch("Brand: A; Topic: B").sized(256, 256).format(format).draw();
        let reader = image::ImageReader::new(Cursor::new(&file)).with_guessed_format().expect("in memory");
        assert_eq!(reader.format(), Some(expected));
        assert!(reader.decode().is_ok());
    }
}

#[test]
fn a_transparent_background_is_see_through() {
    let file = sketch("Brand: A; Topic: B").transparent(true).draw();
    let image = image::load_from_memory(&file).expect("decodes").to_rgba8();
    assert!(image.pixels().any(|pixel| pixel.0[3] == 0));
}

#[test]
fn a_damaged_file_does_not_decode() {
    let file = damaged(&sketch("Brand: A; Topic: B").draw());
    assert_eq!(file[..4], *b"\x89PNG");
    assert!(image::load_from_memory(&file).is_err());
}
