//! A page of Markdown as its checks see it: headings and running text.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

/// What a page says, without its marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Level (1 to 6) and text of each heading, in their order.
    pub headings: Vec<(u8, String)>,
    /// Everything that is read, headings too, a line a block.
    pub text: String,
    /// Whether there is HTML among it.
    pub has_html: bool,
}

impl Page {
    pub fn read(markdown: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<(u8, String)> = None;
        for event in Parser::new(markdown) {
            match event {
                Event::Start(Tag::Heading { level, .. }) => heading = Some((number(level), String::new())),
                Event::End(TagEnd::Heading(_)) => {
                    page.headings.extend(heading.take());
                    page.text.push('\n');
                }
                Event::Text(text) | Event::Code(text) => {
                    page.text.push_str(&text);
                    if let Some((_, heading)) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::SoftBreak | Event::HardBreak | Event::Rule => page.text.push('\n'),
                Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock | TagEnd::TableCell) => {
                    page.text.push('\n');
                }
                Event::Html(_) | Event::InlineHtml(_) => page.has_html = true,
                _ => {}
            }
        }
        page
    }
}

const fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn headings_and_text_are_read_without_their_marks() {
        let page =
            Page::read("## Why *rye*?\n\nBecause **it** [lasts](https://example.com).\n\n- one\n- two\n\n### More\n");
        assert_eq!(page.headings, [(2, "Why rye?".to_owned()), (3, "More".to_owned())]);
        assert_eq!(
            page.text.split_whitespace().collect::<Vec<_>>().join(" "),
            "Why rye? Because it lasts. one two More"
        );
        assert!(!page.has_html);
        assert!(Page::read("Text <script>alert(1)</script>").has_html);
        assert_eq!(Page::read("```\n## not a heading\n```").headings, []);
    }
}
