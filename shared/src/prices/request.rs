//! What a request weighs, in bytes, before it is written: its frame (rules, schema, envelope) and what its author put in.
//!
//! A byte is at least a token, so what is never too little here bounds a call from above. The frames are written down
//! because whoever estimates does not write requests; the workers' tests hold them against the requests that they send.

/// The most that a request for a caption weighs beside the values of its brief.
pub const CAPTION_FRAME: usize = 2_800;

/// The most that a request for an image weighs beside the picture's description and the values of its brief.
pub const IMAGE_FRAME: usize = 550;

/// The characters of one value of a brief that go into the request for an image.
pub const LONGEST_IMAGE_VALUE: usize = 300;

/// The most that a value of a brief weighs in a request: JSON escapes quotes, and line breaks become strokes.
pub fn weight(value: &str) -> usize {
    value
        .chars()
        .map(|c| match c {
            '"' | '\\' => 2,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' => 3,
            c => c.len_utf8(),
        })
        .sum()
}
