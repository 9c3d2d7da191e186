//! A file that looks like an image and is not.

/// The file with the bytes in its middle changed: the signature is right, the pixels are not.
pub(crate) fn damaged(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let (start, end) = (file.len() * 2 / 5, file.len() * 4 / 5);
    for byte in &mut file[start..end] {
        *byte = !*byte;
    }
    file
}
