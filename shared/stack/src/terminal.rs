//! Lines for the person at the terminal: answers on stdout, complaints on stderr.
//!
//! A closed pipe is no reason to leave servers running, so failures to write are ignored here,
//! and only here.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// One line on stdout.
pub fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// One line on stderr.
pub fn complain(line: impl Display) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Whether stdout is a terminal that can redraw a line.
pub fn is_interactive() -> bool {
    std::io::stdout().is_terminal()
}
