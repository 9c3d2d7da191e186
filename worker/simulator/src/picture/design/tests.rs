use super::*;

const KINDS: [(&str, Kind); 4] =
    [("logo", Kind::Logo), ("banner", Kind::Banner), ("poster", Kind::Poster), ("social card", Kind::SocialCard)];
const STYLES: [&str; 6] = ["modern", "corporate", "creative", "minimalist", "vibrant", "elegant"];

fn prompt(kind: &str, style: &str) -> String {
    format!("A {style} {kind} for Northwind Coffee.\nStyle: {style}\nNo text, no letters.")
}

/// A 64-bit difference hash: which of neighbouring spots is lighter, on a grid of 9 x 8.
fn print(design: &Design) -> u64 {
    let painting = design.draw(288, 256, false);
    let light = |column: usize, row: usize| {
        let pixels = (0..32 * 32).map(|at| painting.pixels[(row * 32 + at / 32) * 288 + column * 32 + at % 32]);
        pixels.map(|[red, green, blue, _]| u32::from(red) * 3 + u32::from(green) * 6 + u32::from(blue)).sum::<u32>()
    };
    (0..64).fold(0, |bits, at| bits << 1 | u64::from(light(at % 8, at / 8) > light(at % 8 + 1, at / 8)))
}

#[test]
fn designs_are_read_from_prompts() {
    for (name, kind) in KINDS {
        for style in STYLES {
            let design = Design::of(&prompt(name, style), 0).expect("a design");
            assert_eq!((design.kind, design.motif, design.words), (kind, Motif::Cup, None), "{name} {style}");
        }
    }
    let labelled = Design::of("Design type: social_card\nStyle: elegant\nSubject: a modern spa", 0).expect("a design");
    assert_eq!((labelled.kind, labelled.style), (Kind::SocialCard, Style::Elegant));
    let picture =
        Design::of("A lighthouse at dusk.\n\nStyle: vibrant.\nLoud and full of motion.", 0).expect("a design");
    assert_eq!((picture.kind, picture.style), (Kind::Poster, Style::Vibrant));
    for other in ["A photograph of bread. No text, no logos.", "A loaf on a table.\nNo banner, no logo.", ""] {
        assert!(Design::of(other, 0).is_none(), "{other}");
    }
}

#[test]
fn a_long_prompt_is_read_by_its_parts() {
    let prompt = |number: usize, direction: &str| {
        format!(
            "Design type: social card, 2048 by 1072.\nStyle: vibrant.\nEnergy runs from corner to corner.\n\n\
             A card for North Bakery, which bakes \"Rye & Shine\" at four\n\nA picture for a post in a feed, for a shop.\n\
             Brand colours: #0B3D2E, #F2C14E. These lead.\nThe design shows the text \"Rye & Shine\", spelled exactly so, \
             and no other words.\nVariation {number} of 3: {direction}.\n\nOne finished design. No mock-up."
        )
    };
    let design = Design::of(&prompt(1, "one object"), 0).expect("a design");
    assert_eq!((design.kind, design.style, design.motif), (Kind::SocialCard, Style::Vibrant, Motif::Bread));
    assert_eq!(design.words.as_deref(), Some("Rye & Shine"));
    assert_eq!(design.colours, [[0x0b, 0x3d, 0x2e], [0xf2, 0xc1, 0x4e]]);
    let turn = |number, direction| Design::of(&prompt(number, direction), 0).expect("a design").turn;
    assert_eq!(turn(3, "a split picture"), turn(1, "one object") + 2, "the direction changes nothing else");
}

#[test]
fn words_and_colours_are_those_asked_for() {
    let words = |prompt: &str| Design::of(prompt, 0).expect("a design").words;
    assert_eq!(words("A logo with the text \"Café Sonne\" in it").as_deref(), Some("Café Sonne"));
    assert_eq!(words("A logo. It reads “North”.").as_deref(), Some("North"));
    assert_eq!(words("A logo.\nText: \"North Bakery\"").as_deref(), Some("North Bakery"));
    assert_eq!(words("A logo for \"North\". No text."), None);
    assert_eq!(words("A logo for \"North\"."), None, "named, but not asked to be written");
    let design = Design::of("A logo in #0a2540 and #FF7A59, with teal", 0).expect("a design");
    assert_eq!(design.colours, [[0x0a, 0x25, 0x40], [0xff, 0x7a, 0x59], [0x0f, 0x80, 0x80]]);
}

#[test]
fn a_colour_that_was_asked_for_is_in_the_picture() {
    for (kind, _) in KINDS {
        for style in STYLES {
            let design = Design::of(&format!("{}\nColours: #d41e7b", prompt(kind, style)), 0).expect("a design");
            let painting = design.draw(256, 256, false);
            let close = |pixel: &&[u8; 4]| (0..3).all(|at| pixel[at].abs_diff([0xd4, 0x1e, 0x7b][at]) < 24);
            let share = painting.pixels.iter().filter(close).count() as f64 / painting.pixels.len() as f64;
            assert!(share > 0.001 || style == "elegant", "{kind} {style}: {share}");
        }
    }
}

#[test]
fn variations_of_one_design_differ_at_a_glance() {
    for (kind, _) in KINDS {
        for style in STYLES {
            let text = prompt(kind, style);
            let of_pieces = (0..5).map(|piece| Design::of(&text, piece));
            let of_prompts = (1..=5).map(|number| Design::of(&format!("{text}\nVariation {number} of 5."), 0));
            for designs in [of_pieces.collect::<Vec<_>>(), of_prompts.collect()] {
                let prints: Vec<u64> = designs.iter().flatten().map(print).collect();
                for (at, one) in prints.iter().enumerate() {
                    for other in &prints[at + 1..] {
                        assert!((one ^ other).count_ones() >= 8, "{kind} {style}: {prints:x?}");
                    }
                }
            }
        }
    }
}

#[test]
fn styles_and_kinds_differ_at_a_glance() {
    let drawn = KINDS.iter().flat_map(|(kind, _)| STYLES.map(|style| (format!("{style} {kind}"), prompt(kind, style))));
    let drawn = drawn.filter_map(|(name, prompt)| Some((name, Design::of(&prompt, 0)?.draw(64, 64, false).pixels)));
    let drawn: Vec<_> = drawn.collect();
    for (at, (name, one)) in drawn.iter().enumerate() {
        for (other_name, other) in &drawn[at + 1..] {
            let apart = |(a, b): (&[u8; 4], &[u8; 4])| (0..3).map(|at| u64::from(a[at].abs_diff(b[at]))).sum::<u64>();
            let mean = one.iter().zip(other).map(apart).sum::<u64>() / (64 * 64 * 3);
            assert!(mean >= 10, "{name} and {other_name}: {mean}");
        }
    }
}

#[test]
fn a_logo_can_stand_on_nothing() {
    let painting = Design::of(&prompt("logo", "modern"), 0).expect("a design").draw(128, 128, true);
    assert!(painting.pixels.iter().any(|pixel| pixel[3] == 0) && painting.pixels.iter().any(|pixel| pixel[3] == 255));
}
