//! JSON text to a value of a column's type.

use super::{
    code,
    number::{self, NotWhole},
    rows::{Cell, Rows},
    time,
};
use crate::{
    config::{ColumnType, TimestampUnit},
    json,
};

/// What a column is to hold, and how its time is spelt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) kind: ColumnType,
    pub(super) from: TimestampUnit,
}

/// Why a value is not what its column takes: a code, and what stands there, to follow on "is".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfit {
    pub(super) code: &'static str,
    pub(super) found: &'static str,
}

/// A time that four digits of a year cannot name.
pub(super) const FAR_TIME: Unfit =
    Unfit { code: code::RANGE, found: "a time outside of the years 0000 to 9999" };

impl Form {
    /// What the column takes, for a person.
    pub(super) const fn expected(self) -> &'static str {
        match (self.kind, self.from) {
            (ColumnType::Text, _) => "text",
            (ColumnType::Integer, _) => "a whole number of 64 bits",
            (ColumnType::Real, _) => "a number within the range of a double",
            (ColumnType::Decimal, _) => "a number",
            (ColumnType::Boolean, _) => "true or false",
            (ColumnType::Timestamp, TimestampUnit::UnixSeconds) => "whole seconds since 1970",
            (ColumnType::Timestamp, TimestampUnit::UnixMilliseconds) => {
                "whole milliseconds since 1970"
            }
            (ColumnType::Timestamp, TimestampUnit::Iso8601) => {
                "ISO 8601 text with a zone (`2023-10-01T12:34:56Z`)"
            }
            (ColumnType::Json, _) => "JSON",
        }
    }

    /// The value that a JSON text other than `null` becomes.
    pub(super) fn convert(self, text: &[u8], rows: &mut Rows) -> Result<Cell, Unfit> {
        match self.kind {
            ColumnType::Json => Ok(rows.text(|bytes| bytes.extend_from_slice(text))),
            ColumnType::Text => to_text(text, rows),
            ColumnType::Boolean => match text {
                b"true" => Ok(Cell::Boolean(true)),
                b"false" => Ok(Cell::Boolean(false)),
                _ => Err(unlike(text)),
            },
            ColumnType::Integer => to_whole(text).map(Cell::Integer),
            ColumnType::Decimal => {
                let digits = digits(text)?;
                Ok(rows.text(|bytes| bytes.extend_from_slice(digits)))
            }
            ColumnType::Real => {
                let beyond = Unfit { code: code::RANGE, found: "a number beyond it" };
                number::real(digits(text)?).map(Cell::Real).ok_or(beyond)
            }
            ColumnType::Timestamp => self.to_time(text, rows),
        }
    }

    fn to_time(self, text: &[u8], rows: &mut Rows) -> Result<Cell, Unfit> {
        let start = rows.bytes.len();
        let written = match self.from {
            TimestampUnit::UnixSeconds => {
                time::write(to_whole(text).map_err(beyond_time)?, b"", &mut rows.bytes)
            }
            TimestampUnit::UnixMilliseconds => {
                let milliseconds = to_whole(text).map_err(beyond_time)?;
                time::write_milliseconds(milliseconds, &mut rows.bytes)
            }
            TimestampUnit::Iso8601 => {
                let Rows { bytes, scratch, .. } = rows;
                let (seconds, fraction) =
                    meaning(text, scratch).and_then(time::parse).ok_or_else(|| unlike(text))?;
                time::write(seconds, fraction, bytes)
            }
        };
        if written { Ok(Cell::Text(start, rows.bytes.len())) } else { Err(FAR_TIME) }
    }
}

/// A number of more than 64 bits is a time far away.
fn beyond_time(unfit: Unfit) -> Unfit {
    if unfit.code == code::RANGE { FAR_TIME } else { unfit }
}

/// A string as what it means; anything else as it is.
fn to_text(text: &[u8], rows: &mut Rows) -> Result<Cell, Unfit> {
    let Some(inner) = inside(text) else {
        return Ok(rows.text(|bytes| bytes.extend_from_slice(text)));
    };
    if !inner.contains(&b'\\') {
        return Ok(rows.text(|bytes| bytes.extend_from_slice(inner)));
    }
    let start = rows.bytes.len();
    if json::unescape(inner, &mut rows.bytes) {
        return Ok(Cell::Text(start, rows.bytes.len()));
    }
    Err(Unfit { code: code::SURROGATE, found: "a string with half of a surrogate pair" })
}

fn to_whole(text: &[u8]) -> Result<i64, Unfit> {
    number::whole(digits(text)?).map_err(|error| match error {
        NotWhole::NoNumber => unlike(text),
        NotWhole::Fraction => Unfit { code: code::TYPE, found: "a number with a fraction" },
        NotWhole::Range => Unfit { code: code::RANGE, found: "a number beyond that" },
    })
}

/// The number that a text is, or that a string is of.
fn digits(text: &[u8]) -> Result<&[u8], Unfit> {
    let digits = inside(text).unwrap_or(text);
    if number::is_number(digits) { Ok(digits) } else { Err(unlike(text)) }
}

/// What a string means, put together in `scratch` where it has escapes; nothing if it is no string.
fn meaning<'a>(text: &'a [u8], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let inner = inside(text)?;
    if !inner.contains(&b'\\') {
        return Some(inner);
    }
    scratch.clear();
    json::unescape(inner, scratch).then_some(scratch)
}

/// What stands between the quotes of a string.
fn inside(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// A value of another type than the column's. The value itself may be a secret and is not shown.
fn unlike(text: &[u8]) -> Unfit {
    let found = match text.first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string that is none",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    };
    Unfit { code: code::TYPE, found }
}
