//! Which language a text is in, as far as that can be told.

use whatlang::{Lang, detect};

/// Shorter texts (in letters) say too little.
const SHORTEST: usize = 80;

/// Whether a text is in the language of a BCP 47 tag; `None` where that cannot be told: the text is short, the language is not
/// one of those that are known, or it is much like another.
pub fn speaks(text: &str, tag: &str) -> Option<bool> {
    let asked = known(tag)?;
    if text.chars().filter(|c| c.is_alphabetic()).count() < SHORTEST {
        return None;
    }
    let found = detect(text)?;
    if found.lang() == asked {
        return Some(true);
    }
    (found.is_reliable() && !alike(found.lang(), asked)).then_some(false)
}

/// The language of a tag, by its first part.
fn known(tag: &str) -> Option<Lang> {
    let code = match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
        "ar" => "ara",
        "bg" => "bul",
        "bn" => "ben",
        "ca" => "cat",
        "cs" => "ces",
        "da" => "dan",
        "de" => "deu",
        "el" => "ell",
        "en" => "eng",
        "es" => "spa",
        "et" => "est",
        "fa" => "pes",
        "fi" => "fin",
        "fr" => "fra",
        "he" => "heb",
        "hi" => "hin",
        "hr" => "hrv",
        "hu" => "hun",
        "id" => "ind",
        "it" => "ita",
        "ja" => "jpn",
        "ko" => "kor",
        "lt" => "lit",
        "lv" => "lav",
        "nl" => "nld",
        "no" | "nb" | "nn" => "nob",
        "pl" => "pol",
        "pt" => "por",
        "ro" => "ron",
        "ru" => "rus",
        "sk" => "slk",
        "sl" => "slv",
        "sr" => "srp",
        "sv" => "swe",
        "th" => "tha",
        "tr" => "tur",
        "uk" => "ukr",
        "vi" => "vie",
        "zh" => "cmn",
        _ => return None,
    };
    Lang::from_code(code)
}

/// Languages that are taken for each other too easily.
fn alike(one: Lang, other: Lang) -> bool {
    const FAMILIES: [&[Lang]; 6] = [
        &[Lang::Nob, Lang::Dan, Lang::Swe],
        &[Lang::Spa, Lang::Por, Lang::Cat],
        &[Lang::Ces, Lang::Slk],
        &[Lang::Hrv, Lang::Srp, Lang::Slv],
        &[Lang::Rus, Lang::Ukr, Lang::Bul],
        &[Lang::Ind, Lang::Jav],
    ];
    FAMILIES.iter().any(|family| family.contains(&one) && family.contains(&other))
}

#[cfg(test)]
mod tests {
    use super::speaks;

    const ENGLISH: &str = "Our bakers start at four in the morning so that your bread is still warm when you walk in on your \
                           way to work, and the whole street smells of it.";
    const GERMAN: &str = "Unsere Bäcker fangen um vier Uhr morgens an, damit das Brot noch warm ist, wenn ihr auf dem Weg zur \
                          Arbeit vorbeikommt und die ganze Straße danach duftet.";
    const JAPANESE: &str = "パン職人は朝の四時から働き始めます。だから、お客様が仕事に向かう途中に立ち寄る頃には、パンはまだ温かく、\
                            通り全体に焼きたての香りが広がっています。毎朝、心を込めて焼いています。ぜひお立ち寄りください。";

    #[test]
    fn a_language_is_told_from_another() {
        for (text, tag, told) in [
            (ENGLISH, "en-GB", Some(true)),
            (ENGLISH, "de", Some(false)),
            (GERMAN, "de-AT", Some(true)),
            (GERMAN, "en", Some(false)),
            (JAPANESE, "ja", Some(true)),
            (JAPANESE, "en", Some(false)),
            (ENGLISH, "JA", Some(false)),
        ] {
            assert_eq!(speaks(text, tag), told, "{tag}: {text}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_said() {
        assert_eq!(speaks("Fresh bread!", "de"), None, "too short");
        assert_eq!(speaks(ENGLISH, "tlh"), None, "not known");
        assert_eq!(speaks(ENGLISH, ""), None);
    }

    #[test]
    fn a_language_is_not_held_against_one_that_is_much_like_it() {
        let norwegian = "Bakerne våre begynner klokken fire om morgenen, slik at brødet ditt fortsatt er varmt når du kommer \
                         innom på vei til jobben, og hele gaten lukter av det.";
        let portuguese = "Os nossos padeiros começam às quatro da manhã para que o seu pão ainda esteja quente quando você \
                          passa a caminho do trabalho, e a rua inteira cheira a ele.";
        for (text, tag, told) in [
            (norwegian, "no", Some(true)),
            (norwegian, "da", None),
            (norwegian, "sv", None),
            (norwegian, "de", Some(false)),
            (portuguese, "pt-BR", Some(true)),
            (portuguese, "es", None),
            (portuguese, "fr", Some(false)),
        ] {
            assert_eq!(speaks(text, tag), told, "{tag}: {text}");
        }
    }
}
