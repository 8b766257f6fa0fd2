//! Rows as a table, as CSV, as JSON.

use super::Format;
use crate::app::Failure;
use rusqlite::{Row, types::ValueRef};
use std::{
    fmt::Write as _,
    io::{self, Write},
};
use transom_core::json;

/// Rows that are looked at before the width of a table's columns is settled; behind them a longer value moves what
/// follows it in its line. So a table of any length needs no more memory than these.
const MEASURED: usize = 1_000;

/// Writes rows in one format.
pub(super) struct Sheet<'a, W> {
    format: Format,
    names: Vec<String>,
    out: &'a mut W,
    rows: usize,
    /// A table's rows, until its widths are settled.
    held: Vec<Vec<Cell>>,
    widths: Vec<usize>,
    line: Vec<u8>,
}

/// A value of a table as it is shown.
struct Cell {
    text: String,
    is_number: bool,
}

impl<'a, W: Write> Sheet<'a, W> {
    pub(super) fn new(format: Format, names: Vec<String>, out: &'a mut W) -> Self {
        let (held, widths, line) = (Vec::new(), Vec::new(), Vec::new());
        Self { format, names, out, rows: 0, held, widths, line }
    }

    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        let broken = |error: rusqlite::Error| Failure::Run(error.to_string());
        let values = (0..self.names.len()).map(|column| row.get_ref(column).map_err(broken));
        let values: Vec<ValueRef<'_>> = values.collect::<Result<_, _>>()?;
        match self.format {
            Format::Table => self.table_row(&values)?,
            Format::Csv => self.csv_row(&values)?,
            Format::Json => self.json_row(&values)?,
        }
        self.rows += 1;
        Ok(())
    }

    /// Writes what is still to be written, also where there was no row.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        match self.format {
            Format::Table if self.widths.is_empty() => self.settle()?,
            Format::Csv if self.rows == 0 => self.csv_names()?,
            Format::Json => self.out.write_all(if self.rows == 0 { b"[]\n" } else { b"\n]\n" })?,
            Format::Table | Format::Csv => {}
        }
        Ok(())
    }

    fn table_row(&mut self, values: &[ValueRef<'_>]) -> io::Result<()> {
        let cells: Vec<Cell> = values.iter().map(|value| Cell::new(*value)).collect();
        if !self.widths.is_empty() {
            return write_line(self.out, &self.widths, &cells);
        }
        self.held.push(cells);
        if self.held.len() == MEASURED { self.settle() } else { Ok(()) }
    }

    /// Settles the widths by what is there, and writes it.
    fn settle(&mut self) -> io::Result<()> {
        let names: Vec<Cell> =
            self.names.iter().map(|name| Cell { text: shown(name), is_number: false }).collect();
        let width = |column: usize| {
            let rows = self.held.iter().chain([&names]);
            rows.map(|row| row[column].text.chars().count()).max().unwrap_or(0)
        };
        self.widths = (0..names.len()).map(width).collect();
        write_line(self.out, &self.widths, &names)?;
        let ruler = |width: &usize| Cell { text: "-".repeat(*width), is_number: false };
        write_line(self.out, &self.widths, &self.widths.iter().map(ruler).collect::<Vec<_>>())?;
        self.held.drain(..).try_for_each(|row| write_line(self.out, &self.widths, &row))
    }

    fn csv_names(&mut self) -> io::Result<()> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        csv_line(self.out, names.into_iter().map(Some))
    }

    fn csv_row(&mut self, values: &[ValueRef<'_>]) -> io::Result<()> {
        if self.rows == 0 {
            self.csv_names()?;
        }
        let text = |value: &ValueRef<'_>| (*value != ValueRef::Null).then(|| plain(*value, ""));
        let texts: Vec<Option<String>> = values.iter().map(text).collect();
        csv_line(self.out, texts.iter().map(Option::as_deref))
    }

    fn json_row(&mut self, values: &[ValueRef<'_>]) -> io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(if self.rows == 0 { b"[\n{" } else { b",\n{" });
        for (at, (name, value)) in self.names.iter().zip(values).enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            json::escape(name, &mut self.line);
            self.line.push(b':');
            match value {
                ValueRef::Text(_) | ValueRef::Blob(_) => {
                    json::escape(&plain(*value, ""), &mut self.line);
                }
                // A number that is an infinity for SQLite is one for whoever reads this.
                ValueRef::Real(value) if value.is_infinite() => {
                    self.line.extend_from_slice(if *value > 0.0 { b"1e999" } else { b"-1e999" });
                }
                _ => self.line.extend_from_slice(plain(*value, "null").as_bytes()),
            }
        }
        self.line.push(b'}');
        self.out.write_all(&self.line)
    }
}

impl Cell {
    fn new(value: ValueRef<'_>) -> Self {
        let is_number = matches!(value, ValueRef::Integer(_) | ValueRef::Real(_));
        Self { text: shown(&plain(value, "NULL")), is_number }
    }
}

/// A value without any quotes. Bytes are written in hex.
fn plain(value: ValueRef<'_>, null: &str) -> String {
    match value {
        ValueRef::Null => null.to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => format!("{value:?}"),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes what is written to it");
            text
        }),
    }
}

/// A text on one line of a terminal, and nothing that the terminal would obey.
fn shown(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(shown).collect()
}

fn write_line(out: &mut impl Write, widths: &[usize], cells: &[Cell]) -> io::Result<()> {
    let mut line = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        line += if at > 0 { "  " } else { "" };
        let text = &cell.text;
        let padded =
            if cell.is_number { format!("{text:>width$}") } else { format!("{text:<width$}") };
        line += &padded;
    }
    writeln!(out, "{}", line.trim_end())
}

/// A line of RFC 4180: a value is quoted if it has a quote, a comma or a line break in it, or is an empty text, which is
/// another thing than nothing.
fn csv_line<'a>(
    out: &mut impl Write,
    values: impl Iterator<Item = Option<&'a str>>,
) -> io::Result<()> {
    for (at, value) in values.enumerate() {
        out.write_all(if at > 0 { b"," } else { b"" })?;
        let Some(value) = value else { continue };
        if value.is_empty() || value.contains(['"', ',', '\r', '\n']) {
            write!(out, "\"{}\"", value.replace('"', "\"\""))?;
        } else {
            out.write_all(value.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}
