//! Tables for people: upper-case headings, no rules, one tint per row.

use comfy_table::presets::NOTHING;

use crate::paint::{Tint, paint};

/// Rows under headings.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<(Tint, Vec<String>)>,
    empty: &'static str,
}

impl Table {
    /// A table that says `empty` as long as it has no rows.
    pub(crate) fn new(headings: &[&'static str], empty: &'static str) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new(), empty }
    }

    /// Adds a row. Line breaks in a cell become spaces.
    pub(crate) fn row(&mut self, tint: Tint, cells: &[&str]) {
        let cells = cells.iter().map(|cell| cell.replace(['\n', '\r'], " ")).collect();
        self.rows.push((tint, cells));
    }

    /// The text, ended by a newline.
    pub(crate) fn render(&self, colours: bool) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", self.empty);
        }
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_header(&self.headings);
        for (_, cells) in &self.rows {
            table.add_row(cells);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let tints = std::iter::once(Tint::Dim).chain(self.rows.iter().map(|row| row.0));
        let mut text = String::new();
        for (line, tint) in table.lines().zip(tints) {
            text.push_str(&paint(line.trim_end(), tint, colours));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_have_no_tail() {
        let mut table = Table::new(&["NAME", "STATE"], "nothing");
        table.row(Tint::Good, &["orders", "ready"]);
        table.row(Tint::Bad, &["a", "two\nlines"]);
        assert_eq!(table.render(false), "NAME    STATE\norders  ready\na       two lines\n");
        assert!(table.render(true).contains("\x1b[31ma       two lines\x1b[0m\n"));
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(Table::new(&["NAME"], "no services").render(true), "no services\n");
    }
}
