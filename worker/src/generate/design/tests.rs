//! What is sent for a design, as it is sent.

use shared::domain::{BrandKit, Context};
use shared::kinds::{DesignParameters, DesignQuality, DesignType, Style};

use super::{direction, is_less_alike, prompt, quoted};

fn parameters(design_type: DesignType, style: Style) -> DesignParameters {
    DesignParameters {
        prompt: "A logo for North Bakery,\nwhich bakes \"Rye & Shine\" at four".to_owned(),
        design_type,
        style,
        quality: DesignQuality::High,
        num_variations: 3,
        include_text: false,
        shape: design_type.usual_shape(),
    }
}

#[test]
fn a_design_without_words_is_asked_for_in_full() {
    let sent = prompt(&parameters(DesignType::Logo, Style::Minimalist), &Context::default(), 1, 0);
    assert_eq!(sent, include_str!("../golden/logo.txt").trim_end());
}

#[test]
fn a_design_with_words_and_a_brand_is_asked_for_in_full() {
    let brand = BrandKit {
        colours: vec!["#0B3D2E".to_owned(), "#F2C14E".to_owned()],
        banned_words: vec!["cheap".to_owned(), "rye".to_owned(), "motion".to_owned()],
        ..BrandKit::default()
    };
    let parameters = DesignParameters {
        include_text: true,
        quality: DesignQuality::Ultra,
        ..parameters(DesignType::SocialCard, Style::Vibrant)
    };
    let sent = prompt(&parameters, &Context { brand: Some(brand), ..Context::default() }, 0, 1);
    assert_eq!(sent, include_str!("../golden/social_card.txt").trim_end());
}

#[test]
fn every_variation_has_a_direction_of_its_own_and_takes_another_when_asked_again() {
    let directions = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let firsts: Vec<_> = (0..5).map(|position| direction(&directions, position, 0)).collect();
    assert_eq!(firsts, ["a", "b", "c", "d", "e"]);
    let again: Vec<_> = (1..3).map(|turn| direction(&directions, 1, turn)).collect();
    assert_eq!(again, ["g", "h"]);
    assert_eq!((direction(&["a"], 4, 2), direction(&[], 0, 0)), ("a", ""));
}

#[test]
fn the_words_to_draw_are_those_in_quotation_marks() {
    assert_eq!(quoted("Say “Hello” and \"Bye\""), Some("Hello"));
    assert_eq!(quoted("„Guten Tag“ steht darauf"), Some("Guten Tag"));
    assert_eq!(quoted("5\" screens, 7 of them"), None);
    assert_eq!(quoted("Say \"\""), None);
}

#[test]
fn of_near_copies_the_least_alike_is_kept_and_of_equals_the_first() {
    let kept = |distances: [u32; 3]| {
        let mut kept: Option<(usize, u32)> = None;
        for (turn, distance) in distances.into_iter().enumerate() {
            if is_less_alike(distance, kept.map(|(_, known)| known)) {
                kept = Some((turn, distance));
            }
        }
        kept.map(|(turn, _)| turn)
    };
    assert_eq!([[0, 6, 3], [4, 1, 0], [0, 2, 5], [3, 3, 3]].map(kept), [1, 0, 2, 0].map(Some));
}
