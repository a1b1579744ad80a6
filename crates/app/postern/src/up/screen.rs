//! What the operator of `up` sees: on a terminal a table that is redrawn below
//! the lines that scroll by, else one JSON line per event on stdout.

use std::io::{IsTerminal as _, Write, stderr, stdout};
use std::sync::{Mutex, PoisonError};

use model::Clock as _;
use net::SystemClock;

use super::event::Event;
use crate::paint::{Tint, is_colourful, paint};

/// The one writer of stdout and stderr while `up` runs.
pub(crate) struct Screen {
    is_live: bool,
    colours: bool,
    drawn: Mutex<Drawn>,
}

/// The table on the terminal now.
#[derive(Default)]
struct Drawn {
    /// As it was asked for.
    table: String,
    /// As it fits the screen.
    text: String,
    lines: usize,
}

impl Screen {
    /// Live when stdout is a terminal.
    pub(crate) fn new() -> Self {
        let is_live = stdout().is_terminal();
        Self { is_live, colours: is_colourful(&stdout()), drawn: Mutex::default() }
    }

    /// Whether a table is drawn at all.
    pub(crate) const fn is_live(&self) -> bool {
        self.is_live
    }

    /// Whether text may be coloured.
    pub(crate) const fn colours(&self) -> bool {
        self.colours
    }

    /// Tells an event.
    pub(crate) fn event(&self, event: &Event) {
        let now = SystemClock.now();
        if self.is_live {
            let clock: String = now.to_string().chars().skip(11).take(8).collect();
            let clock = paint(&clock, Tint::Dim, self.colours);
            self.above(&format!(
                "{clock} {}\n",
                paint(&event.sentence(), event.tint, self.colours)
            ));
        } else {
            let mut out = stdout().lock();
            let _ = writeln!(out, "{}", event.json(now));
            let _ = out.flush();
        }
    }

    /// Passes on a line of a service's output.
    pub(crate) fn output(&self, service: &str, line: &str) {
        let colours = is_colourful(&stderr());
        let line = format!("{} {line}\n", paint(&format!("{service} |"), Tint::Dim, colours));
        if self.is_live {
            self.above(&line);
        } else {
            let _ = stderr().lock().write_all(line.as_bytes());
        }
    }

    /// Draws the table in place of the last one.
    pub(crate) fn draw(&self, table: &str) {
        if !self.is_live {
            return;
        }
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.table == table {
            return;
        }
        let text = fitted(table);
        let frame = format!("{}{text}", erase(drawn.lines));
        let mut out = stdout().lock();
        let _ = out.write_all(frame.as_bytes());
        let _ = out.flush();
        *drawn = Drawn { table: table.to_owned(), lines: text.lines().count(), text };
    }

    /// Writes a line above the table.
    fn above(&self, line: &str) {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = format!("{}{line}{}", erase(drawn.lines), drawn.text);
        let mut out = stdout().lock();
        let _ = out.write_all(frame.as_bytes());
        let _ = out.flush();
    }
}

/// Moves the cursor to the first of `lines` and clears from there on.
fn erase(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\x1b[{lines}A\r\x1b[J") }
}

/// The table cut to the terminal: a line that wraps or a table taller than the
/// screen would spoil the redrawing.
fn fitted(table: &str) -> String {
    let Ok(size) = rustix::termios::tcgetwinsize(stdout()) else { return table.to_owned() };
    let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
    if columns == 0 || rows < 3 {
        return table.to_owned();
    }
    table.lines().take(rows - 2).map(|line| cut(line, columns) + "\n").collect()
}

/// The first `columns` visible characters; colour codes take no room.
fn cut(line: &str, columns: usize) -> String {
    let (mut text, mut seen, mut in_code) = (String::new(), 0, false);
    for c in line.chars() {
        if in_code || c == '\x1b' {
            in_code = c != 'm';
            text.push(c);
        } else if seen < columns {
            seen += 1;
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_counts_what_is_visible_and_keeps_colour_codes() {
        assert_eq!(cut("abcdef", 3), "abc");
        assert_eq!(cut("\x1b[31mabcdef\x1b[0m", 3), "\x1b[31mabc\x1b[0m");
        assert_eq!(cut("→→→", 2), "→→");
    }

    #[test]
    fn nothing_drawn_needs_no_erasing() {
        assert_eq!(erase(0), "");
        assert_eq!(erase(3), "\x1b[3A\r\x1b[J");
    }
}
