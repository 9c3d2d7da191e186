//! The ZIP format (APPNOTE 6.3), as far as an archive needs it that is written in one go and never held.
//!
//! Two kinds of entries: whole ones, stored as they are with their sizes in front, as every reader takes them; and texts,
//! deflated while they come, with their sizes behind. The crates that write archives as streams put the sizes of stored
//! entries behind them too, and readers that read as streams refuse that. Offsets beyond 4 GiB are written in ZIP64; an
//! entry of 4 GiB is refused.

use std::io::{self, Write};

use chrono::{DateTime, Datelike, Timelike, Utc};
use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::DeflateEncoder;

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Names are UTF-8.
const UTF_8: u16 = 1 << 11;
/// The sizes stand behind the entry.
const BEHIND: u16 = 1 << 3;
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
/// Made on Unix, so that permissions are understood: a regular file that anybody may read.
const UNIX: u16 = 3 << 8;
const PERMISSIONS: u32 = 0o100_644 << 16;

/// Writes an archive. Every function appends to `out` what comes next in it.
pub(super) struct ZipWriter {
    /// How long the archive is so far.
    offset: u64,
    time: [u8; 4],
    entries: Vec<Entry>,
    text: Option<Text>,
}

struct Entry {
    name: Box<str>,
    method: u16,
    flags: u16,
    crc: u32,
    packed: u32,
    size: u32,
    offset: u64,
}

/// A text that is being written.
struct Text {
    entry: Entry,
    encoder: DeflateEncoder<Vec<u8>>,
    crc: Hasher,
    size: u64,
    packed: u64,
}

impl ZipWriter {
    /// Entries are dated `now`.
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self { offset: 0, time: dos_time(now), entries: Vec::new(), text: None }
    }

    /// Begins a whole entry. Its bytes come next in the archive, and the caller writes them.
    pub(super) fn whole(&mut self, name: &str, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let size = u32::try_from(bytes.len()).map_err(|_| too_large())?;
        let mut crc = Hasher::new();
        crc.update(bytes);
        let entry = Entry {
            name: name.into(),
            method: STORED,
            flags: UTF_8,
            crc: crc.finalize(),
            packed: size,
            size,
            offset: self.offset,
        };
        let before = out.len();
        entry.write_local(self.time, out);
        self.offset += (out.len() - before) as u64 + u64::from(size);
        self.entries.push(entry);
        Ok(())
    }

    /// Begins a text.
    pub(super) fn begin_text(&mut self, name: &str, out: &mut Vec<u8>) {
        let entry = Entry {
            name: name.into(),
            method: DEFLATED,
            flags: UTF_8 | BEHIND,
            crc: 0,
            packed: 0,
            size: 0,
            offset: self.offset,
        };
        let before = out.len();
        entry.write_local(self.time, out);
        self.offset += (out.len() - before) as u64;
        let encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        self.text = Some(Text { entry, encoder, crc: Hasher::new(), size: 0, packed: 0 });
    }

    /// A part of the text that was begun.
    pub(super) fn text(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let Some(text) = &mut self.text else { return Ok(()) };
        text.crc.update(bytes);
        text.size += bytes.len() as u64;
        text.encoder.write_all(bytes)?;
        let ready = text.encoder.get_mut();
        text.packed += ready.len() as u64;
        self.offset += ready.len() as u64;
        out.append(ready);
        Ok(())
    }

    /// Ends the text that was begun.
    pub(super) fn end_text(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let Some(text) = self.text.take() else { return Ok(()) };
        let mut rest = text.encoder.finish()?;
        let (mut entry, packed) = (text.entry, text.packed + rest.len() as u64);
        self.offset += rest.len() as u64;
        out.append(&mut rest);
        entry.crc = text.crc.finalize();
        entry.packed = u32::try_from(packed).map_err(|_| too_large())?;
        entry.size = u32::try_from(text.size).map_err(|_| too_large())?;
        let before = out.len();
        for number in [DESCRIPTOR, entry.crc, entry.packed, entry.size] {
            put_u32(out, number);
        }
        self.offset += (out.len() - before) as u64;
        self.entries.push(entry);
        Ok(())
    }

    /// Ends the archive with the list of its entries.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        let (start, before) = (self.offset, out.len());
        for entry in &self.entries {
            entry.write_central(self.time, out);
        }
        let size = (out.len() - before) as u64;
        let count = self.entries.len() as u64;
        // The greatest value of a field says that the number stands in the ZIP64 record.
        let (short_count, short_size, short_start) = (
            u16::try_from(count).unwrap_or(u16::MAX),
            u32::try_from(size).unwrap_or(u32::MAX),
            u32::try_from(start).unwrap_or(u32::MAX),
        );
        if short_count == u16::MAX || short_size == u32::MAX || short_start == u32::MAX {
            put_u32(out, END_64);
            put_u64(out, 44);
            put_u16(out, UNIX | VERSION_64);
            put_u16(out, VERSION_64);
            put_u32(out, 0);
            put_u32(out, 0);
            for number in [count, count, size, start] {
                put_u64(out, number);
            }
            put_u32(out, LOCATOR_64);
            put_u32(out, 0);
            put_u64(out, start + size);
            put_u32(out, 1);
        }
        put_u32(out, END);
        for number in [0, 0, short_count, short_count] {
            put_u16(out, number);
        }
        put_u32(out, short_size);
        put_u32(out, short_start);
        put_u16(out, 0);
    }
}

impl Entry {
    fn write_local(&self, time: [u8; 4], out: &mut Vec<u8>) {
        put_u32(out, LOCAL);
        self.write_common(VERSION, time, out);
        put_u16(out, 0);
        out.extend_from_slice(self.name.as_bytes());
    }

    fn write_central(&self, time: [u8; 4], out: &mut Vec<u8>) {
        let short = u32::try_from(self.offset).ok().filter(|offset| *offset < u32::MAX);
        let version = if short.is_some() { VERSION } else { VERSION_64 };
        put_u32(out, CENTRAL);
        put_u16(out, UNIX | version);
        self.write_common(version, time, out);
        let extra = if short.is_some() { 0 } else { 12 };
        // No comment, on the first disk, nothing said of its contents.
        for number in [extra, 0, 0, 0] {
            put_u16(out, number);
        }
        put_u32(out, PERMISSIONS);
        put_u32(out, short.unwrap_or(u32::MAX));
        out.extend_from_slice(self.name.as_bytes());
        if short.is_none() {
            put_u16(out, 1);
            put_u16(out, 8);
            put_u64(out, self.offset);
        }
    }

    /// What both of its headers say in the same order, up to the length of the name.
    fn write_common(&self, version: u16, time: [u8; 4], out: &mut Vec<u8>) {
        put_u16(out, version);
        put_u16(out, self.flags);
        put_u16(out, self.method);
        out.extend_from_slice(&time);
        for number in [self.crc, self.packed, self.size] {
            put_u32(out, number);
        }
        put_u16(out, self.name.len() as u16);
    }
}

/// A time in steps of two seconds, then a day, since 1980.
fn dos_time(now: DateTime<Utc>) -> [u8; 4] {
    let time = (now.hour() << 11) | (now.minute() << 5) | (now.second() / 2);
    let years = u32::try_from(now.year() - 1980).unwrap_or_default().min(127);
    let day = (years << 9) | (now.month() << 5) | now.day();
    let ([a, b, ..], [c, d, ..]) = (time.to_le_bytes(), day.to_le_bytes());
    [a, b, c, d]
}

fn put_u16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_u32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn too_large() -> io::Error {
    io::Error::other("an entry of an archive has 4 GiB or more")
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Seek, SeekFrom};

    use chrono::Utc;

    use super::ZipWriter;

    /// Reads an archive with a reader that is not ours; it checks every checksum.
    fn read(archive: impl Read + Seek) -> Vec<(String, Vec<u8>)> {
        let mut archive = ::zip::ZipArchive::new(archive).expect("an archive");
        (0..archive.len())
            .map(|index| {
                let mut entry = archive.by_index(index).expect("an entry");
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).expect("whole");
                (entry.name().expect("a name").to_string(), bytes)
            })
            .collect()
    }

    #[test]
    fn what_was_written_is_read_by_others() {
        let (mut zip, mut out) = (ZipWriter::new(Utc::now()), Vec::new());
        let text = "a line\n".repeat(100_000);
        zip.whole("images/0-a.png", b"not a picture", &mut out).expect("written");
        out.extend_from_slice(b"not a picture");
        zip.whole("images/1-b.png", b"", &mut out).expect("written");
        zip.begin_text("posts.csv", &mut out);
        for part in text.as_bytes().chunks(999) {
            zip.text(part, &mut out).expect("written");
        }
        zip.end_text(&mut out).expect("written");
        zip.begin_text("empty", &mut out);
        zip.end_text(&mut out).expect("written");
        zip.end(&mut out);
        assert!(out.len() < 10_000, "texts are deflated: {}", out.len());
        let expected = [
            ("images/0-a.png", &b"not a picture"[..]),
            ("images/1-b.png", b""),
            ("posts.csv", text.as_bytes()),
            ("empty", b""),
        ];
        assert_eq!(read(Cursor::new(out)), expected.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())));
        let (zip, mut out) = (ZipWriter::new(Utc::now()), Vec::new());
        zip.end(&mut out);
        assert_eq!(read(Cursor::new(out)), []);
    }

    /// An archive with a gap of zeros in it that nobody has to store.
    struct Gapped {
        head: Vec<u8>,
        gap: u64,
        tail: Vec<u8>,
        at: u64,
    }

    impl Read for Gapped {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let (head, behind) = (self.head.len() as u64, self.head.len() as u64 + self.gap);
            let read = if self.at < head {
                (&self.head[self.at as usize..]).read(buffer)?
            } else if self.at < behind {
                let zeros = (behind - self.at).min(buffer.len() as u64) as usize;
                buffer[..zeros].fill(0);
                zeros
            } else {
                self.tail.get((self.at - behind) as usize..).unwrap_or_default().read(buffer)?
            };
            self.at += read as u64;
            Ok(read)
        }
    }

    impl Seek for Gapped {
        fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
            let end = self.head.len() as u64 + self.gap + self.tail.len() as u64;
            self.at = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::End(by) => end.saturating_add_signed(by),
                SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            };
            Ok(self.at)
        }
    }

    #[test]
    fn an_archive_may_be_larger_than_4_gib() {
        let (mut zip, mut head) = (ZipWriter::new(Utc::now()), Vec::new());
        zip.whole("first", b"1", &mut head).expect("written");
        head.extend_from_slice(b"1");
        let gap = 5 << 30;
        zip.offset += gap;
        let mut tail = Vec::new();
        zip.whole("second", b"22", &mut tail).expect("written");
        tail.extend_from_slice(b"22");
        zip.begin_text("third", &mut tail);
        zip.text(b"333", &mut tail).expect("written");
        zip.end_text(&mut tail).expect("written");
        zip.end(&mut tail);
        let read = read(Gapped { head, gap, tail, at: 0 });
        let expected = [("first", "1"), ("second", "22"), ("third", "333")];
        assert_eq!(read, expected.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())));
    }
}
