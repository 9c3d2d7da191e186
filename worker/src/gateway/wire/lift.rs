//! Lifts the picture out of a JSON answer while the answer arrives.
//!
//! An image comes as base64 in a string, `b64_json` or a data URL in `url`. Kept as text until the answer is whole it would
//! lie in memory twice, and an answer without an end would fill it up to a cap made for the largest text. So the text is
//! decoded as it comes: of the picture only its bytes are kept, and in the rest of the answer [`LIFTED`] stands in its place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;

use super::pieces::Pieces;

/// What stands in the answer for a picture that was lifted out of it.
pub(crate) const LIFTED: &str = "(lifted)";

/// The longest beginning of a data URL, up to its comma.
const DATA_HEAD: usize = 128;
/// Names of fields are compared up to this length.
const NAME: usize = 16;

/// What was lifted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    Bytes(Bytes),
    NotBase64,
}

/// The picture has more bytes than it may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooBig;

/// Reads JSON as far as it must to know where the strings of pictures begin and end. Anything else passes as it is, also
/// what is no JSON.
#[derive(Debug)]
pub(super) struct Lift {
    place: Place,
    /// The beginning of the last string: the name of the field if a colon follows.
    word: Vec<u8>,
    named: bool,
    cap: usize,
    picture: Option<Picture>,
}

/// Where in the answer the next byte stands.
#[derive(Debug)]
enum Place {
    Between,
    /// In a string that is kept.
    Text(Escape),
    /// In the beginning of a string that may be a data URL; its bytes so far.
    Head(Vec<u8>, Escape),
    /// In a picture.
    Base64(Decoder, Escape),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    No,
    /// After a backslash.
    Begun,
    /// After `\u`: digits still to come, and the value so far.
    Unicode(u8, u32),
}

impl Lift {
    pub(super) fn new(cap: usize) -> Self {
        Self { place: Place::Between, word: Vec::new(), named: false, cap, picture: None }
    }

    /// The bytes of the picture so far.
    pub(super) fn held(&self) -> usize {
        match (&self.place, &self.picture) {
            (Place::Base64(decoder, _), _) => decoder.decoded.len() + decoder.pending.len(),
            (_, Some(Picture::Bytes(bytes))) => bytes.len(),
            _ => 0,
        }
    }

    /// The picture, if there was one.
    pub(super) fn finish(self) -> Option<Picture> {
        self.picture
    }

    /// Takes the next bytes of the answer; what is no picture goes to `rest`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], rest: &mut Pieces) -> Result<(), TooBig> {
        while !bytes.is_empty() {
            let used = match &mut self.place {
                Place::Between => self.between(bytes, rest),
                Place::Text(escape) => {
                    let (used, ended) = text(bytes, escape);
                    let room = NAME.saturating_sub(self.word.len());
                    self.word.extend_from_slice(&bytes[..used.min(room)]);
                    rest.extend(&bytes[..used]);
                    if ended {
                        self.place = Place::Between;
                    }
                    used
                }
                Place::Head(head, escape) => {
                    let (used, ended) = text(&bytes[..1], escape);
                    head.push(bytes[0]);
                    let is_data = b"data:".starts_with(&head[..head.len().min(5)]) || head.starts_with(b"data:");
                    if ended || !is_data || head.len() > DATA_HEAD {
                        rest.extend(head);
                        self.place = if ended { Place::Between } else { Place::Text(*escape) };
                    } else if bytes[0] == b',' {
                        if head.ends_with(b";base64,") {
                            self.place = Place::Base64(Decoder::new(self.picture.is_some()), Escape::No);
                        } else {
                            rest.extend(head);
                            self.place = Place::Text(*escape);
                        }
                    }
                    used
                }
                Place::Base64(decoder, escape) => {
                    let (used, ended) = decoder.take(bytes, escape, self.cap)?;
                    if ended {
                        self.end_of_picture(rest);
                    }
                    used
                }
            };
            bytes = &bytes[used..];
        }
        Ok(())
    }

    /// Up to the beginning of the next string.
    fn between(&mut self, bytes: &[u8], rest: &mut Pieces) -> usize {
        let quote = bytes.iter().position(|byte| *byte == b'"');
        let used = quote.map_or(bytes.len(), |at| at + 1);
        for byte in bytes[..used].iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'"') {
            self.named = *byte == b':';
        }
        rest.extend(&bytes[..used]);
        if quote.is_some() {
            // The word ends with the quote that ended its string.
            self.place = match self.word.as_slice() {
                b"b64_json\"" if self.named => Place::Base64(Decoder::new(self.picture.is_some()), Escape::No),
                b"url\"" if self.named => Place::Head(Vec::new(), Escape::No),
                _ => Place::Text(Escape::No),
            };
            self.word.clear();
            self.named = false;
        }
        used
    }

    /// Puts the sign that stands for a picture; only the first is kept.
    fn end_of_picture(&mut self, rest: &mut Pieces) {
        if let Place::Base64(decoder, _) = std::mem::replace(&mut self.place, Place::Between)
            && !decoder.skips
            && let Some(picture) = decoder.finish()
        {
            self.picture = Some(picture);
            rest.extend(LIFTED.as_bytes());
        }
        rest.extend(b"\"");
    }
}

/// How much of `bytes` belongs to a string, its closing quote included, and whether that was in it.
fn text(bytes: &[u8], escape: &mut Escape) -> (usize, bool) {
    for (at, byte) in bytes.iter().enumerate() {
        match (*escape, byte) {
            (Escape::No, b'"') => return (at + 1, true),
            (Escape::No, b'\\') => *escape = Escape::Begun,
            _ => *escape = Escape::No,
        }
    }
    (bytes.len(), false)
}

/// Decodes base64 that comes in pieces.
#[derive(Debug)]
struct Decoder {
    /// Letters that are not decoded yet.
    pending: Vec<u8>,
    decoded: Pieces,
    /// Where letters are decoded before they are kept.
    scratch: Vec<u8>,
    /// After the padding nothing may come.
    padded: bool,
    broken: bool,
    /// Nothing is kept: the answer had a picture before.
    skips: bool,
}

impl Decoder {
    fn new(skips: bool) -> Self {
        Self {
            pending: Vec::new(),
            decoded: Pieces::default(),
            scratch: Vec::new(),
            padded: false,
            broken: false,
            skips,
        }
    }

    /// Takes the string's bytes up to its end; says how many, and whether the end was there.
    fn take(&mut self, bytes: &[u8], escape: &mut Escape, cap: usize) -> Result<(usize, bool), TooBig> {
        let (mut used, mut ended) = (0, false);
        while used < bytes.len() && !ended {
            let left = &bytes[used..];
            match *escape {
                Escape::No => {
                    let run = left.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(left.len());
                    self.letters(&left[..run]);
                    used += run;
                    if let Some(byte) = left.get(run) {
                        used += 1;
                        ended = *byte == b'"';
                        *escape = if ended { Escape::No } else { Escape::Begun };
                    }
                }
                Escape::Begun => {
                    used += 1;
                    *escape = Escape::No;
                    match left[0] {
                        b'u' => *escape = Escape::Unicode(4, 0),
                        b'n' | b'r' | b't' => {}
                        letter => self.letters(&[letter]),
                    }
                }
                Escape::Unicode(digits, value) => {
                    used += 1;
                    let digit = char::from(left[0]).to_digit(16);
                    self.broken |= digit.is_none();
                    let value = value * 16 + digit.unwrap_or_default();
                    *escape = Escape::Unicode(digits - 1, value);
                    if digits == 1 {
                        *escape = Escape::No;
                        // What is no letter of the alphabet is found out when it is decoded.
                        self.letters(&[u8::try_from(value).unwrap_or(b'!')]);
                    }
                }
            }
        }
        self.decode(self.pending.len() / 4 * 4, cap)?;
        Ok((used, ended))
    }

    fn letters(&mut self, run: &[u8]) {
        if self.skips || self.broken {
            return;
        }
        if !self.padded && run.iter().all(|byte| *byte > b' ' && *byte != b'=') {
            self.pending.extend_from_slice(run);
            return;
        }
        for byte in run.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            match byte {
                b'=' => self.padded = true,
                _ if self.padded => self.broken = true,
                letter => self.pending.push(*letter),
            }
        }
    }

    /// Decodes the first `count` letters that wait.
    fn decode(&mut self, count: usize, cap: usize) -> Result<(), TooBig> {
        if self.skips || self.broken {
            // Nothing of it will be of use.
            (self.pending, self.decoded) = (Vec::new(), Pieces::default());
            return Ok(());
        }
        let size = count / 4 * 3 + (count % 4).saturating_sub(1);
        if self.decoded.len() + size > cap {
            return Err(TooBig);
        }
        self.scratch.resize(size, 0);
        if STANDARD_NO_PAD.decode_slice(&self.pending[..count], &mut self.scratch) == Ok(size) {
            self.decoded.extend(&self.scratch);
        } else {
            self.broken = true;
        }
        self.pending.drain(..count);
        Ok(())
    }

    /// The picture; `None` for an empty string.
    fn finish(mut self) -> Option<Picture> {
        let most = self.decoded.len() + self.pending.len();
        let within = self.decode(self.pending.len(), most).is_ok();
        if self.broken || !within {
            return Some(Picture::NotBase64);
        }
        (!self.decoded.is_empty()).then(|| Picture::Bytes(self.decoded.join()))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{Lift, Picture, Pieces, TooBig};

    /// What is left of an answer that comes in pieces of `size` bytes, and what was lifted out of it.
    fn lifted(answer: &str, size: usize) -> (String, Option<Picture>) {
        let (mut lift, mut rest) = (Lift::new(1 << 20), Pieces::default());
        for piece in answer.as_bytes().chunks(size) {
            lift.feed(piece, &mut rest).expect("small enough");
        }
        (String::from_utf8(rest.join().to_vec()).expect("text"), lift.finish())
    }

    fn bytes(text: &str) -> Picture {
        Picture::Bytes(text.to_owned().into())
    }

    #[test]
    fn a_picture_is_taken_out_however_it_is_cut_into_pieces() {
        let code = STANDARD.encode("a picture of a loaf!");
        assert!(code.ends_with('='), "padding is in it");
        let plain = |code: &str| format!(r#"{{"created":1, "data" : [ {{"b64_json" : "{code}","n":"b64_json"}}]}}"#);
        let left = plain("(lifted)");
        let escaped = code.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<Vec<_>>().concat();
        let broken_up = code.chars().map(|c| format!("{c}\\n ")).collect::<Vec<_>>().concat();
        for code in [&code, &escaped, &broken_up, &code.replace('=', "\\u003d")] {
            for size in [1, 2, 3, 7, 1000] {
                assert_eq!(
                    lifted(&plain(code), size),
                    (left.clone(), Some(bytes("a picture of a loaf!"))),
                    "{size} {code}"
                );
            }
        }
        let url = |url: &str| format!(r#"{{"images":[{{"image_url":{{"url":"{url}"}}}}]}}"#);
        for size in [1, 5, 1000] {
            let (rest, picture) = lifted(&url(&format!("data:image/png;base64,{code}")), size);
            assert_eq!((rest, picture), (url("(lifted)"), Some(bytes("a picture of a loaf!"))), "{size}");
        }
    }

    #[test]
    fn what_is_no_picture_passes_as_it_is() {
        for answer in [
            r#"{"url":"https://images.example/a.png","text":"say \"b64_json\": \"AAAA\""}"#,
            r#"{"b64_json":"","url":""}"#,
            r#"{"url":"data:text/plain,hello","b64_json":null,"x":["b64_json","AAAA"]}"#,
            r#"{"url":"dat"}"#,
            r#"{"url":"a\"b","urls":"data:image/png;base64,AAAA"}"#,
            "<html>502 \"Bad\" Gateway</html>",
            r#"{"unfinished":"b64"#,
        ] {
            for size in [1, 4, 1000] {
                assert_eq!(lifted(answer, size), (answer.to_owned(), None), "{size} {answer}");
            }
        }
    }

    #[test]
    fn only_the_first_picture_is_kept_and_what_is_no_base64_is_said_to_be_none() {
        let two = r#"[{"b64_json":"Zmlyc3Q="},{"b64_json":"c2Vjb25k"}]"#;
        assert_eq!(lifted(two, 9), (r#"[{"b64_json":"(lifted)"},{"b64_json":""}]"#.to_owned(), Some(bytes("first"))));
        for bad in ["a picture?", "Zmlyc3Q=Zmly", "Z", "Zm\\u00ffy", "Zm\\u00zzy"] {
            let (_, picture) = lifted(&format!(r#"{{"b64_json":"{bad}"}}"#), 3);
            assert_eq!(picture, Some(Picture::NotBase64), "{bad}");
        }
    }

    #[test]
    fn a_picture_without_an_end_is_cut_off_at_the_cap() {
        let (mut lift, mut rest) = (Lift::new(1000), Pieces::default());
        lift.feed(br#"{"b64_json":""#, &mut rest).expect("small");
        let piece = [b'A'; 100];
        let fed = (0..100).take_while(|_| lift.feed(&piece, &mut rest).is_ok()).count();
        assert_eq!((fed, lift.feed(&piece, &mut rest)), (13, Err(TooBig)), "13 pieces make 975 bytes");
        assert!(rest.len() < 20 && lift.held() < 1300, "{}", lift.held());
    }
}
