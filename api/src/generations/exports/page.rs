//! A page for search engines: Markdown with front matter, and HTML.

use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd, html::push_html};
use serde_json::json;
use shared::kinds::SeoContentResult;

use super::escaped;

const STYLE: &str = include_str!("page.css");

/// The file's name and text. Strings of JSON are strings of YAML.
pub(super) fn markdown(page: &SeoContentResult) -> (String, String) {
    let keywords: String =
        page.keywords.iter().flat_map(|used| ["  - ".to_owned(), quoted(&used.keyword), "\n".to_owned()]).collect();
    let text = format!(
        "---\ntitle: {}\ndescription: {}\nslug: {}\nkeywords:\n{keywords}---\n\n# {}\n\n{}\n",
        quoted(&page.title),
        quoted(&page.meta_description),
        quoted(&page.slug),
        page.title,
        page.body.trim_end()
    );
    (page.slug.clone(), text)
}

fn quoted(text: &str) -> String {
    json!(text).to_string()
}

/// The file's name and the whole page.
pub(super) fn html(page: &SeoContentResult, language: Option<&str>) -> (String, String) {
    let keywords: Vec<&str> = page.keywords.iter().map(|used| used.keyword.as_str()).collect();
    let (title, description) = (escaped(&page.title), escaped(&page.meta_description));
    let keywords = escaped(&keywords.join(", "));
    let language = language.map(|tag| format!(" lang=\"{}\"", escaped(tag))).unwrap_or_default();
    let mut body = String::with_capacity(page.body.len() * 2);
    push_html(&mut body, harmless(&page.body));
    let text = format!(
        "<!doctype html>\n<html{language}>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n\
         <meta name=\"description\" content=\"{description}\">\n\
         <meta name=\"keywords\" content=\"{keywords}\">\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<article>\n<h1>{title}</h1>\n{body}</article>\n</body>\n</html>\n"
    );
    (page.slug.clone(), text)
}

/// Markdown without what could act: HTML becomes text, images become their descriptions, and links lead to the web or to mail.
fn harmless(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    Parser::new(markdown).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::HtmlBlock | Tag::Image { .. }) | Event::End(TagEnd::HtmlBlock | TagEnd::Image) => None,
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if leads_on(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
            Some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        event => Some(event),
    })
}

fn leads_on(address: &str) -> bool {
    let scheme = address.split(['/', '?', '#']).next().unwrap_or_default().split_once(':').map(|(scheme, _)| scheme);
    scheme.is_none_or(|scheme| ["http", "https", "mailto"].iter().any(|good| scheme.eq_ignore_ascii_case(good)))
}

#[cfg(test)]
mod tests {
    use shared::kinds::seo_content::{Heading, KeywordUse};
    use shared::kinds::{Remarks, SeoContentResult};

    use super::{html, leads_on, markdown};

    fn page(body: &str) -> SeoContentResult {
        SeoContentResult {
            title: "Rye: \"slow\" <bread>".to_owned(),
            meta_description: "Why rye & time make a loaf that lasts.".to_owned(),
            slug: "rye-slow-bread".to_owned(),
            outline: vec![Heading { level: 2, heading: "Why?".to_owned() }],
            body: body.to_owned(),
            keywords: vec![KeywordUse { keyword: "rye: bread".to_owned(), count: 1, density: 1.0 }],
            word_count: 3,
            remarks: Remarks::default(),
        }
    }

    #[test]
    fn front_matter_is_quoted_and_the_body_stays_markdown() {
        let (name, text) = markdown(&page("Intro.\n\n## Why?\n\nBecause.\n"));
        assert_eq!(name, "rye-slow-bread");
        assert_eq!(
            text,
            "---\ntitle: \"Rye: \\\"slow\\\" <bread>\"\ndescription: \"Why rye & time make a loaf that lasts.\"\n\
             slug: \"rye-slow-bread\"\nkeywords:\n  - \"rye: bread\"\n---\n\n# Rye: \"slow\" <bread>\n\nIntro.\n\n## Why?\n\nBecause.\n"
        );
    }

    #[test]
    fn a_page_of_html_is_whole_and_nothing_in_it_acts() {
        let body = "Intro <script>alert(1)</script> and *more*.\n\n## Why?\n\n<iframe src=\"x\"></iframe>\n\n\
                    [bad](javascript:alert(1)) [good](https://example.com/a:b) ![a loaf](https://example.com/x.png)\n";
        let (_, text) = html(&page(body), Some("en\" onload=\"x"));
        assert!(text.starts_with("<!doctype html>\n<html lang=\"en&quot; onload=&quot;x\">"), "{text}");
        assert!(text.contains("<title>Rye: &quot;slow&quot; &lt;bread&gt;</title>"), "{text}");
        assert!(text.contains("<h2>Why?</h2>") && text.contains("<em>more</em>"), "{text}");
        assert!(text.contains("<a href=\"#\">bad</a> <a href=\"https://example.com/a:b\">good</a> a loaf"), "{text}");
        for bad in ["<script", "<iframe", "javascript:", "<img"] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
        assert!(text.ends_with("</html>\n"));
    }

    #[test]
    fn only_web_mail_and_relative_links_lead_on() {
        for (address, good) in [
            ("https://example.com", true),
            ("MAILTO:a@example.com", true),
            ("/about?x=a:b", true),
            ("#top", true),
            ("javascript:alert(1)", false),
            ("JaVaScRiPt:x", false),
            ("data:text/html,x", false),
            ("vbscript:x", false),
        ] {
            assert_eq!(leads_on(address), good, "{address}");
        }
    }
}
