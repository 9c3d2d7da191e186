//! A print of a text that changes little when the text does.

use unicode_segmentation::UnicodeSegmentation;

/// Captions of fewer words have too little in them to be called alike.
const FEWEST_WORDS: usize = 6;

/// What a word counts, and a pair of neighbours: a changed word changes two pairs.
const WORD: i32 = 3;
const PAIR: i32 = 1;

/// A 64-bit simhash of a caption's words and pairs of neighbouring words, without regard to case, punctuation, emoji and
/// links; `None` for a caption too short to compare. It is stored: a change of it makes old captions incomparable.
pub fn simhash(caption: &str) -> Option<u64> {
    let text: Vec<String> = caption
        .split_whitespace()
        .filter(|token| !token.contains("://"))
        .flat_map(str::unicode_words)
        .map(str::to_lowercase)
        .collect();
    if text.len() < FEWEST_WORDS {
        return None;
    }
    let mut sums = [0_i32; 64];
    let mut add = |hash: u64, weight: i32| {
        for (bit, sum) in sums.iter_mut().enumerate() {
            *sum += if hash >> bit & 1 == 1 { weight } else { -weight };
        }
    };
    for word in &text {
        add(hash(&[word]), WORD);
    }
    for pair in text.windows(2) {
        add(hash(&[&pair[0], &pair[1]]), PAIR);
    }
    Some(sums.iter().enumerate().filter(|(_, sum)| **sum > 0).fold(0, |print, (bit, _)| print | 1 << bit))
}

/// FNV-1a with a finish that spreads it over all bits. The standard library's hash may change with its version.
fn hash(words: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for word in words {
        for byte in word.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use shared::store::compare::NEAR;

    use super::simhash;

    fn distance(one: &str, other: &str) -> i32 {
        let print = |text: &str| simhash(text).expect("long enough");
        (print(one) ^ print(other)).count_ones() as i32
    }

    const RYE: &str = "Rye at dawn: our bakers start at four so that your loaf is still warm when you walk in at seven. \
                       Dark crust, soft crumb, three days of sourdough. Come by before work and taste the difference at \
                       Crust & Co, on the corner of Mill Lane.";

    #[test]
    fn captions_that_say_almost_the_same_are_near() {
        let mut found = Vec::new();
        for again in [
            RYE.to_uppercase(),
            format!("🥖✨ {RYE} 🌾"),
            RYE.replace(": ", " — ").replace('.', "!"),
            RYE.replace("Mill Lane.", "Mill Lane. https://crust.example.com/rye?utm=post"),
            RYE.replace("taste the difference", "taste the real difference"),
            RYE.replace("still warm", "warm"),
            RYE.replace("Dark crust", "A dark crust"),
        ] {
            found.push(distance(RYE, &again));
        }
        assert!(found.iter().all(|bits| *bits <= NEAR), "{found:?}");
    }

    #[test]
    fn captions_of_one_brand_about_other_things_are_not() {
        let others = [
            "Oat loaves are back! Baked with local oats and a spoon of honey, they keep fresh for five days. Reserve yours \
             online and pick it up at Crust & Co, on the corner of Mill Lane, from Thursday on.",
            "Our bakers start at four. Yours truly starts at ten, with coffee. Meet the people behind the counter of Crust & \
             Co this Saturday: a tour of the bakery, a warm roll in your hand, and the story of a sourdough from 1987.",
            "Rye at dawn, rye at noon, rye at night: the new sandwich menu of Crust & Co puts three days of sourdough under \
             smoked trout, beetroot or good old butter. Which one is yours?",
            "Große Laibe, kleine Preise: Am Samstag gibt es bei Crust & Co zwei Roggenbrote zum Preis von einem. Kommt \
             vorbei, solange der Vorrat reicht, und bringt eure Nachbarn mit!",
            "Crust & Co is hiring. You like early mornings, flour on your sleeves and people who laugh before sunrise? Write \
             to us or just come in and ask for Maria; she knows everything about apprenticeships.",
        ];
        let mut found = Vec::new();
        for (n, one) in others.iter().chain([&RYE]).enumerate() {
            for other in others.iter().chain([&RYE]).skip(n + 1) {
                found.push(distance(one, other));
            }
        }
        assert!(found.iter().all(|bits| *bits > NEAR + 5), "{found:?}");
    }

    #[test]
    fn too_little_to_compare_has_no_print() {
        assert_eq!(simhash("Fresh bread, every day!"), None);
        assert_eq!(simhash("https://crust.example.com/a-very-long-link-with-words 🥖🥖🥖"), None);
        assert!(simhash("毎朝焼きたてのパンを皆様にお届けします").is_some());
    }

    #[test]
    fn prints_stay_what_they_are() {
        // They are stored: those of yesterday have to match those of tomorrow.
        assert_eq!(simhash("one two three four five six seven"), Some(PINNED));
    }

    const PINNED: u64 = 13_026_216_660_618_849_277;
}
