//! The library's own conformance vectors (configuration 3), and every top-level domain it knows.

use serde::Deserialize;

use super::{length, links};

#[derive(Deserialize)]
struct Vectors {
    /// A text and its weighted length.
    lengths: Vec<(String, usize)>,
    /// A text and the links in it.
    links: Vec<(String, Vec<String>)>,
    /// Texts put together of odd pieces, and what the library says of them.
    mixed: Vec<(String, usize)>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("conformance.json")).expect("the vectors")
}

#[test]
fn texts_are_as_long_as_the_library_says() {
    let Vectors { lengths, mixed, .. } = vectors();
    assert!(lengths.len() >= 40 && mixed.len() >= 500);
    let vectors = [lengths, mixed].concat();
    let wrong: Vec<_> = vectors.iter().filter(|(text, expected)| length(text) != *expected).collect();
    let found: Vec<_> = wrong.iter().map(|(text, _)| length(text)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}, found {found:?}");
}

#[test]
fn links_are_those_that_the_library_finds() {
    let vectors = vectors().links;
    assert!(vectors.len() >= 60);
    for (text, expected) in &vectors {
        let found: Vec<&str> = links::find(text).into_iter().map(|link| &text[link]).collect();
        assert_eq!(&found, expected, "{text:?}");
    }
}

#[test]
fn every_top_level_domain_makes_a_link() {
    for name in include_str!("tlds.txt").lines() {
        assert_eq!(length(&format!("See https://twitter.{name} now")), 23 + 8, "{name}");
    }
    assert_eq!(length("See https://twitter.nosuchdomain now"), 36);
}
