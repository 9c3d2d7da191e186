//! JPEG without what does not show: EXIF and other application data, comments, small copies, and whatever lies behind the end.

/// Start and end of an image, and the start of a scan.
const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;

/// `None` when it ends before its end, or is none.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = vec![0xff, START];
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        // Any number of filling bytes may stand before a marker.
        at += bytes.get(at..)?.iter().take_while(|byte| **byte == 0xff).count();
        let marker = *bytes.get(at)?;
        at += 1;
        match marker {
            END => {
                kept.extend([0xff, END]);
                return Some(kept);
            }
            // Marks that stand alone.
            0x01 | 0xd0..=0xd7 => continue,
            0x00 | START => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(bytes.get(at..)?.first_chunk().copied()?));
        let segment = bytes.get(at..at + length.max(2))?;
        at += segment.len();
        if shows(marker, &segment[2..]) {
            kept.extend([0xff, marker]);
            kept.extend_from_slice(segment);
        }
        if marker == SCAN {
            let pixels = bytes.get(at..at + scan_length(&bytes[at..])?)?;
            kept.extend_from_slice(pixels);
            at += pixels.len();
        }
    }
}

/// Whether the picture would look otherwise without a segment.
fn shows(marker: u8, body: &[u8]) -> bool {
    match marker {
        // Frames, tables, scans, numbers of lines, restart intervals.
        0xc0..=0xcf | SCAN..=0xdd => true,
        // The plain header; one with a small copy of the picture is longer.
        0xe0 => body.starts_with(b"JFIF\0") && body.len() == 14,
        0xe2 => body.starts_with(b"ICC_PROFILE\0"),
        0xee => body.starts_with(b"Adobe"),
        _ => false,
    }
}

/// How long the coded pixels are: until a marker that is neither a stuffed byte nor a restart.
fn scan_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        match bytes.get(at + 1)? {
            0x00 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}
