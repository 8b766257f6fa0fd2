//! Rows of values in one buffer, which is filled again and again.

/// Rows for tables: values in the order of their columns. What was in use once is used again after [`clear`](Self::clear).
#[derive(Debug, Default)]
pub struct Rows {
    cells: Vec<Cell>,
    /// All texts.
    pub(super) bytes: Vec<u8>,
    /// For each row the end of its cells.
    ends: Vec<usize>,
    /// Where strings are put together that are not what is stored.
    pub(super) scratch: Vec<u8>,
}

/// A value of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number; never NaN, never infinite.
    Real(f64),
    /// Text in UTF-8.
    Text(&'a [u8]),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    /// From here to there in `bytes`.
    Text(usize, usize),
}

impl Rows {
    /// Forgets all rows, keeps the memory.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.bytes.clear();
        self.ends.clear();
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The values of a row.
    ///
    /// # Panics
    /// If there are fewer rows.
    pub fn row(&self, row: usize) -> impl ExactSizeIterator<Item = Value<'_>> {
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.cells[start..self.ends[row]].iter().map(|cell| self.value(*cell))
    }

    pub(super) fn value(&self, cell: Cell) -> Value<'_> {
        match cell {
            Cell::Null => Value::Null,
            Cell::Boolean(value) => Value::Boolean(value),
            Cell::Integer(value) => Value::Integer(value),
            Cell::Real(value) => Value::Real(value),
            Cell::Text(start, end) => Value::Text(&self.bytes[start..end]),
        }
    }

    pub(super) fn push(&mut self, cell: Cell) {
        self.cells.push(cell);
    }

    /// The text that `write` appends.
    pub(super) fn text(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Cell {
        let start = self.bytes.len();
        write(&mut self.bytes);
        Cell::Text(start, self.bytes.len())
    }

    pub(super) fn end_row(&mut self) {
        self.ends.push(self.cells.len());
    }

    /// Forgets what was appended since the last row ended, to `bytes` since it had this length.
    pub(super) fn undo_row(&mut self, bytes: usize) {
        self.cells.truncate(self.ends.last().copied().unwrap_or(0));
        self.bytes.truncate(bytes);
    }
}
