//! Parameters of queries that need more than a type.

use std::str::FromStr;

use crate::problem::Problem;

/// The longest text that is looked for.
const LONGEST: usize = 255;

/// A name of a state; 400 for one that there is not.
pub(crate) fn named<T: FromStr>(parameter: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse().map_err(|_| Problem::bad_parameter(parameter, text))).transpose()
}

/// A text to look for, without the blanks around it; a blank one is none. 400 for what no text of ours can hold.
pub(crate) fn text<'a>(parameter: &str, text: Option<&'a str>) -> Result<Option<&'a str>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let fits = text.chars().count() <= LONGEST && !text.contains('\0');
    if fits { Ok(Some(text)) } else { Err(Problem::bad_parameter(parameter, text)) }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_text_is_short_and_has_no_nul() {
        assert_eq!(text("q", Some("  fresh bread ")).expect("good"), Some("fresh bread"));
        assert_eq!(text("q", Some("  ")).expect("none"), None);
        for bad in ["a\0b", &"x".repeat(256)] {
            assert!(text("q", Some(bad)).is_err(), "{bad:?}");
        }
    }
}
