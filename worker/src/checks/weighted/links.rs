//! Finds what X takes for a link: with a protocol, or a domain under a known top-level domain without one.
//!
//! A scanner in place of the library's expressions, which need to look ahead; the order of its choices is theirs: at the
//! first place that can begin a link, the longest run of labels that ends in a top-level domain.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::punycode;

/// The top-level domains of `twitter-text` 3.1.0, one a line (Apache License 2.0, Copyright 2018 Twitter, Inc.).
static TLDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("tlds.txt").lines().collect());
const LONGEST_TLD: usize = 24;
const LONGEST_LABEL: usize = 63;
const LONGEST_URL: usize = 4096;
/// The longest path under `t.co` that is one of X's own links.
const LONGEST_SLUG: usize = 40;

/// The places of the links, in order, in bytes.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    if !text.contains('.') {
        return Vec::new();
    }
    let text = Text {
        chars: text.char_indices().map(|(_, c)| c).collect(),
        starts: text.char_indices().map(|(at, _)| at).chain([text.len()]).collect(),
    };
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.chars.len() {
        match text.link_at(at) {
            Some(link) => {
                // The character after a link is what may come before the next one.
                at = link.end + 1;
                text.keep(&link, &mut found);
            }
            None => at += 1,
        }
    }
    found
}

struct Text {
    chars: Vec<char>,
    /// Where each character begins, in bytes, and the end.
    starts: Vec<usize>,
}

/// A candidate, by the places of its characters.
struct Link {
    start: usize,
    /// Where the domain begins: after the protocol.
    domain: usize,
    domain_end: usize,
    path: Option<usize>,
    end: usize,
}

impl Text {
    fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    /// How many characters from `from` on are of a kind.
    fn run(&self, from: usize, kind: impl Fn(char) -> bool) -> usize {
        self.chars.iter().skip(from).take_while(|c| kind(**c)).count()
    }

    fn bytes(&self, from: usize, to: usize) -> Range<usize> {
        self.starts[from]..self.starts[to]
    }

    fn link_at(&self, start: usize) -> Option<Link> {
        if start > 0 && !may_precede(self.chars[start - 1]) {
            return None;
        }
        let with_protocol = self.protocol_end(start).and_then(|domain| Some((domain, self.domain_end(domain)?)));
        let (domain, domain_end) = with_protocol.or_else(|| Some((start, self.domain_end(start)?)))?;
        let mut end = self.port_end(domain_end);
        let path = (self.get(end) == Some('/')).then_some(end);
        if let Some(path) = path {
            end = self.path_end(path);
        }
        Some(Link { start, domain, domain_end, path, end: self.query_end(end) })
    }

    fn protocol_end(&self, start: usize) -> Option<usize> {
        let begins = |word: &str| {
            word.chars()
                .enumerate()
                .all(|(n, c)| self.get(start + n).is_some_and(|other| other.eq_ignore_ascii_case(&c)))
        };
        ["https://", "http://"].into_iter().find(|word| begins(word)).map(|word| start + word.len())
    }

    /// The end of the domain that begins at `start`: after the last label that is a top-level domain.
    fn domain_end(&self, start: usize) -> Option<usize> {
        let (mut at, mut best) = (start, None);
        loop {
            // One label: it begins and ends with a letter; inside there may be hyphens, and under a domain underscores.
            let first = at;
            while self.get(at).is_some_and(|c| in_domain(c) || c == '-' || c == '_') {
                at += 1;
            }
            let label = &self.chars[first..at];
            let whole = label.first().is_some_and(|c| in_domain(*c)) && label.last().is_some_and(|c| in_domain(*c));
            if !whole || self.get(at) != Some('.') {
                return best;
            }
            at += 1;
            if !label.contains(&'_')
                && let Some(end) = self.tld_end(at, self.chars.len())
            {
                best = Some(end);
            }
        }
    }

    /// The end of the top-level domain at `start`, with nothing behind it that would go on with it. `limit` is where the
    /// text is taken to end.
    fn tld_end(&self, start: usize, limit: usize) -> Option<usize> {
        let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '+' | '-');
        for end in (start + 1..=limit.min(start + LONGEST_TLD)).rev() {
            if end < limit && goes_on(self.chars[end]) {
                continue;
            }
            let name: String = self.chars[start..end].iter().flat_map(|c| c.to_lowercase()).collect();
            if TLDS.contains(name.as_str()) {
                return Some(end);
            }
        }
        let head: String = self.chars[start..limit.min(start + 4)].iter().map(char::to_ascii_lowercase).collect();
        if head != "xn--" {
            return None;
        }
        let rest = self.chars[start + 4..limit].iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '-').count();
        (rest > 0).then_some(start + 4 + rest)
    }

    fn port_end(&self, at: usize) -> usize {
        let digits = |from: usize| self.run(from, |c| c.is_ascii_digit());
        if self.get(at) == Some(':') && digits(at + 1) > 0 { at + 1 + digits(at + 1) } else { at }
    }

    /// The end of the path whose slash is at `start`: after the last character that may end one.
    fn path_end(&self, start: usize) -> usize {
        let (mut at, mut end) = (start + 1, start + 1);
        while let Some(c) = self.get(at) {
            if in_path(c) {
                at += 1;
                if ends_path(c) {
                    end = at;
                }
            } else if c == '('
                && let Some(closed) = self.parens_end(at)
            {
                // A pair ends a path only where the path could have ended before it.
                end = if end == at { closed } else { end };
                at = closed;
            } else {
                break;
            }
        }
        end
    }

    /// The end of a pair of parentheses in a path; one more pair may stand in it.
    fn parens_end(&self, open: usize) -> Option<usize> {
        let run = |from: usize| self.run(from, in_path);
        let mut at = open + 1 + run(open + 1);
        let mut filled = at > open + 1;
        if self.get(at) == Some('(') {
            let inner = run(at + 1);
            if inner == 0 || self.get(at + 1 + inner) != Some(')') {
                return None;
            }
            at += inner + 2;
            at += run(at);
            filled = true;
        }
        (filled && self.get(at) == Some(')')).then_some(at + 1)
    }

    fn query_end(&self, at: usize) -> usize {
        if self.get(at) != Some('?') {
            return at;
        }
        let query = (at + 1..).map_while(|n| self.get(n).filter(|c| in_query(*c)).map(|c| (n, c)));
        query.filter(|(_, c)| ends_query(*c)).last().map_or(at, |(last, _)| last + 1)
    }

    /// Takes a candidate for what it is: one link, a shorter one, several, or none.
    fn keep(&self, link: &Link, found: &mut Vec<Range<usize>>) {
        let domain: String = self.chars[link.domain..link.domain_end].iter().collect();
        let ascii = self.ascii_domains(link.domain, link.domain_end);
        // What claims to be written in ASCII has to be.
        let pretends = domain.starts_with("xn--") && ascii.is_empty();
        if pretends || !is_domain(&domain) || link.end - link.start > LONGEST_URL {
            return;
        }
        if link.domain > link.start {
            found.extend(self.own_link_end(link, &domain).map(|end| self.bytes(link.start, end)));
            return;
        }
        let before = link.start.checked_sub(1).and_then(|at| self.get(at));
        if before.is_some_and(|c| matches!(c, '-' | '_' | '.' | '/')) {
            return;
        }
        let last = ascii.len().saturating_sub(1);
        for (n, (from, to)) in ascii.into_iter().enumerate() {
            let to = if n == last && link.path.is_some() { link.end } else { to };
            found.push(self.bytes(from, to));
        }
    }

    /// The end of a link with a protocol; one of X's own ends with its slug, and is none when that is too long.
    fn own_link_end(&self, link: &Link, domain: &str) -> Option<usize> {
        let slug = link
            .path
            .filter(|_| domain.eq_ignore_ascii_case("t.co"))
            .map_or(0, |path| self.chars[path + 1..link.end].iter().take_while(|c| c.is_ascii_alphanumeric()).count());
        match (slug, link.path) {
            (0, _) | (_, None) => Some(link.end),
            (slug, _) if slug > LONGEST_SLUG => None,
            (slug, Some(path)) => Some(self.query_end(path + 1 + slug)),
        }
    }

    /// The domains of Latin letters in a domain: without a protocol, only those count.
    fn ascii_domains(&self, start: usize, limit: usize) -> Vec<(usize, usize)> {
        let (mut found, mut at) = (Vec::new(), start);
        while at < limit {
            let (mut dot, mut best) = (at, None);
            loop {
                let first = dot;
                while dot < limit && in_ascii_domain(self.chars[dot]) {
                    dot += 1;
                }
                if dot == first || dot >= limit || self.chars[dot] != '.' {
                    break;
                }
                dot += 1;
                best = self.tld_end(dot, limit).or(best);
            }
            if let Some(end) = best {
                found.push((at, end));
                at = end;
            } else {
                at += 1;
            }
        }
        found
    }
}

/// Whether every label has a length that DNS allows, as it is written there.
fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| (1..=LONGEST_LABEL).contains(&punycode::length(label)))
}

fn may_precede(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '@' | '＠' | '$' | '#' | '＃') || is_invalid(c))
}

fn is_invalid(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{feff}' | '\u{ffff}')
}

/// What a label of a domain is made of, hyphens and underscores aside: anything but punctuation, blanks and marks of
/// direction.
fn in_domain(c: char) -> bool {
    let punctuation = "!'#%&()*+,\\-./:;<=>?@[]^_{|}~$".contains(c);
    let blank = matches!(c,
        '\u{9}'..='\u{d}' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200a}'
        | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}');
    let direction =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}');
    !punctuation && !blank && !direction && !is_invalid(c)
}

fn in_ascii_domain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || is_latin(c)
}

/// Latin letters with accents.
fn is_latin(c: char) -> bool {
    matches!(c,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{24f}' | '\u{253}' | '\u{254}' | '\u{256}' | '\u{257}'
        | '\u{259}' | '\u{25b}' | '\u{263}' | '\u{268}' | '\u{26f}' | '\u{272}' | '\u{289}' | '\u{28b}' | '\u{2bb}'
        | '\u{300}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}')
}

fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4ff}')
}

fn in_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || is_cyrillic(c) || is_latin(c) || "!*';:=+,.$/%#[]-\u{2013}_~@|&".contains(c)
}

fn ends_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || is_cyrillic(c) || is_latin(c) || "+-=_#/".contains(c)
}

fn in_query(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!?*'@();:&=+$/%#[]-_.,~|".contains(c)
}

fn ends_query(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_&=#/".contains(c)
}
