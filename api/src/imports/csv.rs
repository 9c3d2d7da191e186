//! CSV (RFC 4180), cut into records as it comes in.
//!
//! Records end with CRLF, LF or CR; blank lines are none. A field in quotes may hold line breaks, so the line of a record is
//! the line that it begins on. The parser below takes any bytes for something; what it cannot know, that a quote was left
//! open, is found here: the end of the file does not end the record then.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// The longest record, and the most fields of one.
const RECORD: usize = 1 << 20;
const FIELDS: usize = 2_000;

/// Why the rest of a file cannot be read. Both name the line that the record begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CsvError {
    /// It has no end within reason.
    Endless { line: u64 },
    /// The file ends within quotes.
    OpenQuote { line: u64 },
}

/// Cuts a file into records.
pub(super) struct Csv {
    reader: Box<Reader>,
    output: Vec<u8>,
    ends: Vec<usize>,
    /// How much of the two belongs to the record that is being read.
    written: usize,
    fields: usize,
    /// Whether a record has begun.
    within: bool,
    begun_on: u64,
    line: u64,
    after_cr: bool,
}

/// The fields of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Record<'a> {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (bytes, ends) = (self.bytes, self.ends);
        ends.iter().scan(0, move |start, end| Some(&bytes[std::mem::replace(start, *end)..*end]))
    }
}

impl Csv {
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            reader: Box::new(ReaderBuilder::new().delimiter(delimiter).build()),
            output: vec![0; 4 * 1024],
            ends: vec![0; 64],
            written: 0,
            fields: 0,
            within: false,
            begun_on: 1,
            line: 1,
            after_cr: false,
        }
    }

    /// Reads on, and hands over every record that ends in these bytes.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut record: impl FnMut(Record<'_>)) -> Result<(), CsvError> {
        while !bytes.is_empty() {
            if !self.within {
                // Between records the parser would pass over line breaks too, without saying how many.
                let breaks = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                self.count(&bytes[..breaks]);
                bytes = &bytes[breaks..];
                if bytes.is_empty() {
                    return Ok(());
                }
                (self.within, self.begun_on) = (true, self.line);
            }
            let (output, ends) = (&mut self.output[self.written..], &mut self.ends[self.fields..]);
            let (result, read, written, ended) = self.reader.read_record(bytes, output, ends);
            self.count(&bytes[..read]);
            bytes = &bytes[read..];
            self.written += written;
            self.fields += ended;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
                ReadRecordResult::OutputFull if self.output.len() < RECORD => {
                    self.output.resize(self.output.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < FIELDS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(CsvError::Endless { line: self.begun_on });
                }
                ReadRecordResult::Record => {
                    let (bytes, ends) = (&self.output[..self.written], &self.ends[..self.fields]);
                    record(Record { line: self.begun_on, bytes, ends });
                    (self.written, self.fields, self.within) = (0, 0, false);
                }
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn end(&mut self, record: impl FnMut(Record<'_>)) -> Result<(), CsvError> {
        // One more line break ends a record, unless it is within quotes.
        self.feed(b"\n", record)?;
        if self.within { Err(CsvError::OpenQuote { line: self.begun_on }) } else { Ok(()) }
    }

    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.line += u64::from(*byte == b'\r' || (*byte == b'\n' && !self.after_cr));
            self.after_cr = *byte == b'\r';
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Csv, CsvError};

    type Rows = Vec<(u64, Vec<String>)>;

    fn read(chunks: &[&[u8]], delimiter: u8) -> (Rows, Result<(), CsvError>) {
        let (mut csv, mut rows) = (Csv::new(delimiter), Vec::new());
        let mut row = |record: super::Record<'_>| {
            rows.push((record.line, record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect()));
        };
        let mut outcome = Ok(());
        for chunk in chunks {
            outcome = outcome.and_then(|()| csv.feed(chunk, &mut row));
        }
        let outcome = outcome.and_then(|()| csv.end(&mut row));
        (rows, outcome)
    }

    fn rows(text: &str) -> Rows {
        let (rows, outcome) = read(&[text.as_bytes()], b',');
        assert_eq!(outcome, Ok(()), "{text:?}");
        rows
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn records_know_the_line_that_they_begin_on() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "\"1\n2\r\n3\",x", "", "", "c,", "\"d\"\"\",\" \""].join(end);
            let expected =
                [row(1, &["a", "b"]), row(2, &["1\n2\r\n3", "x"]), row(7, &["c", ""]), row(8, &["d\"", " "])];
            assert_eq!(rows(&text), expected, "{end:?}");
            assert_eq!(rows(&(text + end)), expected, "{end:?} at the end");
        }
        assert_eq!(rows(""), []);
        assert_eq!(rows("\n\r\n\n"), []);
        assert_eq!(rows("\n\nx"), [row(3, &["x"])]);
    }

    #[test]
    fn other_delimiters_are_as_good() {
        let (rows, _) = read(&[b"a;b,c\n1;\"2;3\""], b';');
        assert_eq!(rows, [row(1, &["a", "b,c"]), row(2, &["1", "2;3"])]);
    }

    #[test]
    fn a_quote_that_is_left_open_is_named() {
        let (rows, outcome) = read(&[b"a,b\n1,2\n3,\"4\n5,6\n"], b',');
        assert_eq!((rows.len(), outcome), (2, Err(CsvError::OpenQuote { line: 3 })));
        let long = format!("a,b\n1,\"{}", "x\n".repeat(1 << 20));
        let (rows, outcome) = read(&[long.as_bytes()], b',');
        assert_eq!((rows.len(), outcome), (1, Err(CsvError::Endless { line: 2 })));
        let wide = ",".repeat(10_000);
        assert_eq!(read(&[wide.as_bytes()], b',').1, Err(CsvError::Endless { line: 1 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

        #[test]
        fn it_does_not_matter_how_the_bytes_come(text in "[a\",\r\n\u{e9}]{0,60}", cut in 1usize..9) {
            let whole = read(&[text.as_bytes()], b',');
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(cut).collect();
            prop_assert_eq!(read(&chunks, b','), whole);
        }

        #[test]
        fn what_was_written_is_read(table in prop::collection::vec(prop::collection::vec("[a ,\"\r\n;]{0,6}", 2..4), 1..6)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).expect("written");
            }
            let bytes = writer.into_inner().expect("flushed");
            let (rows, outcome) = read(&[&bytes], b',');
            prop_assert_eq!(outcome, Ok(()));
            prop_assert_eq!(rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), table);
        }
    }
}
