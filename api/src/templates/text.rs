//! The text of a template: what stands in it as it is, and variables.
//!
//! `{{name}}` is a variable; blanks beside the name are allowed. A name begins with a letter or `_` and goes on with letters,
//! digits and `_`; it has 64 characters at most. `{{{{` stands for two braces that begin no variable. Nothing else is
//! special: a single brace, and `}}` without a variable before it, stand for themselves. A value is put in as it is and
//! never looked through again, so no value can bring in a variable.

/// The longest name.
const NAME: usize = 64;

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Plain(String),
    Variable(String),
}

/// Why a text is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TextError {
    #[error("has {{{{ without }}}} after it; write {{{{{{{{ for two braces that begin no variable")]
    Open,
    #[error("has a variable without a proper name: letters, digits and _, no digit first, {NAME} characters at most")]
    Name,
}

impl Text {
    pub(crate) fn parse(text: &str) -> Result<Self, TextError> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix("{{") {
                plain.push_str("{{");
                rest = after;
                continue;
            }
            let (name, after) = after.split_once("}}").ok_or(TextError::Open)?;
            let name = name.trim();
            if !is_name(name) {
                return Err(TextError::Name);
            }
            if !plain.is_empty() {
                parts.push(Part::Plain(std::mem::take(&mut plain)));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Plain(plain));
        }
        Ok(Self(parts))
    }

    /// Its variables, as often as they stand in it.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Plain(_) => None,
        })
    }

    /// Writes the text with the values of its variables after what `into` holds. A variable without a value leaves nothing.
    pub(crate) fn render<'v>(&'v self, into: &mut String, value: impl Fn(&'v str) -> &'v str) {
        for part in &self.0 {
            into.push_str(match part {
                Part::Plain(plain) => plain,
                Part::Variable(name) => value(name),
            });
        }
    }
}

/// Whether a text can name a variable.
pub(crate) fn is_name(name: &str) -> bool {
    name.len() <= NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Text, TextError};

    fn rendered(text: &str, value: &'static str) -> String {
        let mut into = String::new();
        Text::parse(text).expect("a text").render(&mut into, |_| value);
        into
    }

    #[test]
    fn variables_are_found_and_filled() {
        let text = Text::parse("{{product}} in {{ season }}: {{product}}!").expect("a text");
        assert_eq!(text.variables().collect::<Vec<_>>(), ["product", "season", "product"]);
        let mut into = "> ".to_owned();
        text.render(&mut into, |name| if name == "product" { "Rye" } else { "May" });
        assert_eq!(into, "> Rye in May: Rye!");
    }

    #[test]
    fn four_braces_are_two_and_others_stand_for_themselves() {
        assert_eq!(rendered("{{{{x}} {{x}}", "1"), "{{x}} 1");
        assert_eq!(rendered("{{{{{{x}}", "1"), "{{1", "two escaped, then a variable");
        assert_eq!(rendered("{{{{{{{{", "1"), "{{{{");
        for text in ["", "{", "}", "}}", "{ {x} }", "a}}b", "{\"json\": {\"a\": 1}}"] {
            assert_eq!(rendered(text, "1"), text);
        }
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for text in ["{{", "a {{b", "{{b}", "{{a} }"] {
            assert_eq!(Text::parse(text), Err(TextError::Open), "{text}");
        }
        for text in ["{{}}", "{{ }}", "{{first name}}", "{{1st}}", "{{ä}}", "{{{x}}}", "{{a-b}}"] {
            assert_eq!(Text::parse(text), Err(TextError::Name), "{text}");
        }
        assert!(Text::parse(&format!("{{{{{}}}}}", "x".repeat(64))).is_ok());
        assert_eq!(Text::parse(&format!("{{{{{}}}}}", "x".repeat(65))), Err(TextError::Name));
    }

    #[test]
    fn a_value_is_never_looked_through() {
        assert_eq!(rendered("<{{x}}>", "{{x}} {{{{ }}"), "<{{x}} {{{{ }}>");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn escaped_text_stands_for_itself(text in "[{}a ]{0,16}") {
            // Two braces are escaped from the left on; a third goes with the next.
            let escaped = text.replace("{{", "{{{{");
            let mut into = String::new();
            let read = Text::parse(&escaped);
            prop_assume!(read.is_ok());
            read.expect("a text").render(&mut into, |_| "");
            if !text.contains("{{{") {
                prop_assert_eq!(into, text);
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            drop(Text::parse(&text));
        }
    }
}
