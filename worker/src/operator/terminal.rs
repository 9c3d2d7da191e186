//! The one place that writes to standard output.

use std::io::{self, Write};

pub(super) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A text that grows by the line.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.0 += line.as_ref();
        self.0 += "\n";
    }

    pub(super) fn table(&mut self, rows: &[Vec<String>], indent: usize) {
        self.0 += &table(rows, indent);
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// Rows under each other, their columns aligned.
fn table(rows: &[Vec<String>], indent: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text += &" ".repeat(indent);
        text += cells.join("  ").trim_end();
        text += "\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["a".to_owned(), "bbb".to_owned()], vec!["cc".to_owned(), "d".to_owned(), "e".to_owned()]];
        assert_eq!(table(&rows, 1), " a   bbb\n cc  d    e\n");
    }
}
