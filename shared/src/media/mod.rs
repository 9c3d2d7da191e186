//! Where generated images lie: a folder, or a bucket of an S3-compatible server.
//!
//! An object is written once under a key of ours and never changed. In a folder it is written under a temporary name and
//! renamed, so a reader sees the whole image or none. A bucket's address is never shown: readers get signed links of ours.

mod format;
mod key;
mod store;

pub use format::ImageFormat;
pub use key::{BadKey, MediaKey};
pub use store::{Media, MediaError, MediaStore};
