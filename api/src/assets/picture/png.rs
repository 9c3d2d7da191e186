//! PNG without what does not show: texts, times, places, animations, and whatever lies behind the end.

/// What shows: pixels, and how to read their colours.
const KEPT: [&[u8; 4]; 10] = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"];
const SIGNATURE: usize = 8;
/// A chunk's length, its name and its checksum.
const AROUND: usize = 12;

/// `None` when it ends before its end.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let (signature, mut rest) = bytes.split_at_checked(SIGNATURE)?;
    let mut kept = signature.to_vec();
    loop {
        let length = u32::from_be_bytes(rest.first_chunk().copied()?) as usize;
        let (chunk, behind) = rest.split_at_checked(length.checked_add(AROUND)?)?;
        let name = &chunk[4..8];
        if KEPT.iter().any(|known| known.as_slice() == name) {
            kept.extend_from_slice(chunk);
        }
        if name == b"IEND" {
            return Some(kept);
        }
        rest = behind;
    }
}
