//! WebP without what does not show: EXIF, XMP, unknown chunks, and whatever lies behind the end.

use super::Flaw;

const HEADER: usize = 12;
/// Flags of the extended header.
const ANIMATED: u8 = 0x02;
const XMP: u8 = 0x04;
const EXIF: u8 = 0x08;

pub(super) fn strip(bytes: &[u8]) -> Result<Vec<u8>, Flaw> {
    let header = bytes.first_chunk::<HEADER>().ok_or(Flaw::Broken)?;
    let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
    let mut rest = bytes.get(HEADER..length.saturating_add(8)).ok_or(Flaw::Broken)?;
    let mut kept = header.to_vec();
    while let Some((name, behind)) = rest.split_first_chunk::<4>() {
        let (size, behind) = behind.split_first_chunk::<4>().ok_or(Flaw::Broken)?;
        let size = u32::from_le_bytes(*size) as usize;
        let body = behind.get(..size).ok_or(Flaw::Broken)?;
        let padded = size.saturating_add(size % 2).min(behind.len());
        match name {
            b"ANIM" | b"ANMF" => return Err(Flaw::Animated),
            b"VP8X" => {
                let (flags, others) = body.split_first().ok_or(Flaw::Broken)?;
                if flags & ANIMATED != 0 {
                    return Err(Flaw::Animated);
                }
                push(&mut kept, name, &[&[flags & !(XMP | EXIF)], others].concat());
            }
            b"VP8 " | b"VP8L" | b"ALPH" | b"ICCP" => push(&mut kept, name, body),
            _ => {}
        }
        rest = &behind[padded..];
    }
    let length = (kept.len() - 8) as u32;
    kept[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(kept)
}

fn push(kept: &mut Vec<u8>, name: &[u8], body: &[u8]) {
    kept.extend_from_slice(name);
    kept.extend_from_slice(&(body.len() as u32).to_le_bytes());
    kept.extend_from_slice(body);
    if body.len() % 2 == 1 {
        kept.push(0);
    }
}
