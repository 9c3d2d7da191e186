//! What a trial saw, as a table; the one place that prints.

use std::fmt::Display;
use std::io::Write;

/// One line on standard output. Nobody reading it is no reason to fail.
pub(crate) fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// A trial's table.
#[derive(Debug)]
pub(crate) struct Report {
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    seen: String,
    promised: String,
    held: Option<bool>,
}

impl Report {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Something that was seen and not promised.
    pub(crate) fn fact(&mut self, what: impl Into<String>, seen: impl Display) {
        self.rows.push(Row { what: what.into(), seen: seen.to_string(), promised: String::new(), held: None });
    }

    /// Something that was promised, and whether it was so.
    pub(crate) fn promise(
        &mut self,
        what: impl Into<String>,
        seen: impl Display,
        promised: impl Display,
        held: impl Into<bool>,
    ) {
        let (what, seen, promised) = (what.into(), seen.to_string(), promised.to_string());
        self.rows.push(Row { what, seen, promised, held: Some(held.into()) });
    }

    /// A count that was promised to be this.
    pub(crate) fn exactly(&mut self, what: impl Into<String>, seen: usize, promised: usize) {
        self.promise(what, seen, promised, seen == promised);
    }

    /// A count that was promised not to be above this.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, seen: usize, most: usize) {
        self.promise(what, seen, format_args!("<= {most}"), seen <= most);
    }

    /// A share that was promised not to be under this; both of 1.
    pub(crate) fn at_least_share(&mut self, what: impl Into<String>, seen: f64, least: f64) {
        let percent = |share: f64| format!("{:.1} %", share * 100.0);
        self.promise(what, percent(seen), format!(">= {}", percent(least)), seen >= least);
    }

    pub(crate) fn held(&self) -> bool {
        self.rows.iter().all(|row| row.held != Some(false))
    }

    pub(crate) fn print(&self) {
        let width = |of: fn(&Row) -> &str| self.rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (what, seen, promised) = (width(|row| &row.what), width(|row| &row.seen), width(|row| &row.promised));
        say(format_args!("\n== {}", self.title));
        for row in &self.rows {
            let verdict = match row.held {
                Some(true) => "ok",
                Some(false) => "BROKEN",
                None => "",
            };
            let line = format!("{:<what$}  {:>seen$}  {:<promised$}  {verdict}", row.what, row.seen, row.promised);
            say(line.trim_end());
        }
        say("");
    }
}
