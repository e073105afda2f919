//! A row as it stands in the file: text cells and where it is.

use super::AudienceError;

/// The most columns a spreadsheet program can have (Excel's limit).
pub(super) const COLUMNS_MAX: usize = 16_384;

/// One row of the file, cells in order, nothing interpreted.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// As a spreadsheet counts: the first row is 1, blank rows count, a cell with line breaks
    /// does not make its row several.
    pub(super) number: u64,
    /// The number is that of a list from which the row was rejected.
    pub(super) was_rejected: bool,
    text: String,
    ends: Vec<usize>,
    pub(super) fault: Option<Fault>,
}

/// Why a row's cells cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// More text than any row has: most often a quote that is never closed.
    TooLong,
    /// A quote is opened and not closed before the next row begins.
    OpenQuote,
}

impl Row {
    /// A row before the first.
    pub(super) const NONE: Self = Self {
        number: 0,
        was_rejected: false,
        text: String::new(),
        ends: Vec::new(),
        fault: None,
    };

    pub(super) fn new(number: u64) -> Self {
        Self {
            number,
            ..Self::NONE
        }
    }

    /// A row of cells that end at `ends` in `text`.
    pub(super) fn from_parts(number: u64, text: String, ends: Vec<usize>) -> Self {
        Self {
            number,
            was_rejected: false,
            text,
            ends,
            fault: None,
        }
    }

    pub(super) fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell in this column; empty where the row is shorter.
    pub(super) fn cell(&self, column: usize) -> &str {
        let start = match column {
            0 => 0,
            _ => self.ends.get(column - 1).copied().unwrap_or(usize::MAX),
        };
        let end = self.ends.get(column).copied().unwrap_or(0);
        self.text.get(start..end).unwrap_or("")
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|column| self.cell(column))
    }

    /// All cells run together: to look for a character in any of them.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_blank(&self) -> bool {
        self.fault.is_none() && is_blank(&self.text)
    }
}

/// Where rows come from.
pub(super) trait Rows: Send {
    /// The next row, blank ones included if the source has them; `None` at the end.
    fn next_row(&mut self) -> Result<Option<Row>, AudienceError>;
}

/// Nothing that can be seen.
pub(super) fn is_blank(cell: &str) -> bool {
    cell.chars().all(|character| {
        character.is_whitespace() || matches!(character, '\u{200b}' | '\u{feff}' | '\0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_as_pushed_and_missing_ones_are_empty() {
        let mut row = Row::new(7);
        for cell in ["a", "", "ü"] {
            row.push(cell);
        }
        assert_eq!(row.cells().collect::<Vec<_>>(), ["a", "", "ü"]);
        assert_eq!(
            (row.cell(3), row.cell(99), Row::new(1).cell(0)),
            ("", "", "")
        );
        assert!(!row.is_blank() && Row::new(1).is_blank());
    }
}
