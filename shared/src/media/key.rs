//! The names of stored images.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::ImageFormat;
use crate::domain::{PostId, Step};

/// The longest key.
const MAX: usize = 200;

/// The name of one stored image: `posts/{post}/{step}-{ordinal}.png`, or as its format is called; of an image that was
/// uploaded, `assets/{hash}.png`.
///
/// A key that comes from outside is checked when it is read: parts of letters, digits, `-`, `_` and `.`, none of which
/// begins with a dot, so no key leaves the folder that it is meant for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct MediaKey(String);

/// Text that is not a key.
#[derive(Debug, thiserror::Error)]
#[error("not the key of an image")]
pub struct BadKey;

impl MediaKey {
    /// Where the image of a post lies that the given attempt made. Another attempt has another key.
    pub fn of_post(post: PostId, step: Step, ordinal: i16, format: ImageFormat) -> Self {
        Self(format!("posts/{post}/{step}-{ordinal}.{}", format.extension()))
    }

    /// Where an uploaded image lies: the same bytes have the same key, whoever brings them.
    pub fn of_content(bytes: &[u8], format: ImageFormat) -> Self {
        let mut key = "assets/".to_owned();
        for byte in Sha256::digest(bytes) {
            key.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789abcdef"[usize::from(half)])));
        }
        Self(format!("{key}.{}", format.extension()))
    }

    /// Tells an uploaded image, which several assets may have, from an image of a post.
    pub fn is_of_content(&self) -> bool {
        self.0.starts_with("assets/")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part, for a name to save the image under.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MediaKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        if text.len() <= MAX && text.split('/').all(part) { Ok(Self(text.to_owned())) } else { Err(BadKey) }
    }
}

// sqlx reads a key with `#[sqlx(try_from = "String")]`.
impl TryFrom<String> for MediaKey {
    type Error = BadKey;

    fn try_from(text: String) -> Result<Self, BadKey> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageFormat, MediaKey};
    use crate::domain::{PostId, Step};

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let key = MediaKey::of_post(PostId::new(), Step::Image, 2, ImageFormat::Jpeg);
        assert_eq!(key.as_str().parse::<MediaKey>().expect("its own text"), key);
        assert_eq!(key.file_name(), "image-2.jpg");
        let key = MediaKey::of_content(b"bread", ImageFormat::Png);
        assert_eq!(key.as_str(), "assets/985604c2b60243122c24d4e18363e6434c535923be05f760204a1aef023aae9b.png");
    }

    #[test]
    fn a_key_that_would_leave_its_folder_is_refused() {
        for bad in ["", "/", "a//b", "../x", "a/../b", "a/./b", ".hidden", "a/b\0", "a b", "a%2e", &"x".repeat(201)] {
            assert!(bad.parse::<MediaKey>().is_err(), "{bad:?}");
        }
    }
}
