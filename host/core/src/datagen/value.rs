//! Values of fields, drawn and written in one go.

use super::{
    random::Random,
    text::{Digits, write_decimal, write_integer, write_time},
};
use crate::config::TimestampUnit;

/// JSON that is ready to be copied; nothing leaves the field out.
pub(super) type Cell = Option<Box<[u8]>>;

/// What a field gets, with everything worked out that is the same for all messages.
#[derive(Debug)]
pub(super) enum Value {
    Uuid,
    OneOf(Vec<Cell>),
    Constant(Box<[u8]>),
    /// `min` and as much more as is drawn, up to `width`.
    Integer {
        min: i64,
        width: u64,
    },
    /// The same in units of the last decimal.
    Decimal {
        min: i64,
        width: u64,
        digits: u32,
    },
    /// The texts are JSON strings without their inner quotes.
    Hex {
        before: Box<[u8]>,
        digits: usize,
        after: Box<[u8]>,
    },
    Now(TimestampUnit),
    Recent {
        seconds: u64,
        spelling: TimestampUnit,
    },
    /// `table` counts the tables of the message; a cell for each row.
    Row {
        table: usize,
        cells: Vec<Cell>,
    },
    /// The beginning of a JSON string.
    Sequence {
        before: Box<[u8]>,
    },
}

/// What one message draws from.
#[derive(Debug)]
pub(super) struct Draw<'a> {
    pub(super) random: Random,
    /// The row of each table of the message.
    pub(super) rows: &'a [usize],
    /// Milliseconds since 1970.
    pub(super) now_ms: i64,
    /// Its number in sequences.
    pub(super) sequence: u64,
}

impl Value {
    /// Appends the value as JSON. False if there is none this time; nothing was appended then.
    pub(super) fn write(&self, draw: &mut Draw<'_>, out: &mut Vec<u8>) -> bool {
        let random = &mut draw.random;
        match self {
            Self::Uuid => write_uuid(random, out),
            Self::OneOf(cells) => return write_cell(cells, random.index(cells.len()), out),
            Self::Constant(value) => out.extend_from_slice(value),
            Self::Integer { min, width } => {
                write_integer(min.wrapping_add_unsigned(random.up_to(*width)), out);
            }
            Self::Decimal { min, width, digits } => {
                write_decimal(min.wrapping_add_unsigned(random.up_to(*width)), *digits, out);
            }
            Self::Hex { before, digits, after } => {
                out.extend_from_slice(before);
                write_hex(random, *digits, out);
                out.extend_from_slice(after);
            }
            Self::Now(spelling) => write_time(draw.now_ms, *spelling, out),
            Self::Recent { seconds, spelling } => {
                // Whole seconds, so that what is cut off does not lead out of the range.
                let ago = random.up_to(seconds.saturating_sub(1)).cast_signed();
                let now = draw.now_ms.div_euclid(1_000);
                write_time((now - ago) * 1_000, *spelling, out);
            }
            Self::Row { table, cells } => {
                return draw.rows.get(*table).is_some_and(|row| write_cell(cells, *row, out));
            }
            Self::Sequence { before } => {
                out.extend_from_slice(before);
                out.extend_from_slice(Digits::of(draw.sequence, 1).bytes());
                out.push(b'"');
            }
        }
        true
    }
}

fn write_cell(cells: &[Cell], at: usize, out: &mut Vec<u8>) -> bool {
    let Some(Some(cell)) = cells.get(at) else { return false };
    out.extend_from_slice(cell);
    true
}

fn write_uuid(random: &mut Random, out: &mut Vec<u8>) {
    const HYPHENS: [usize; 4] = [4, 6, 8, 10];
    let (high, low) = (random.bits(), random.bits());
    let mut bytes = ((u128::from(high) << 64) | u128::from(low)).to_be_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    out.push(b'"');
    for (at, byte) in bytes.into_iter().enumerate() {
        if HYPHENS.contains(&at) {
            out.push(b'-');
        }
        out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte)]);
    }
    out.push(b'"');
}

fn write_hex(random: &mut Random, digits: usize, out: &mut Vec<u8>) {
    const A_DRAW: usize = 16;
    for start in (0..digits).step_by(A_DRAW) {
        let bytes = random.bits().to_be_bytes();
        let both = bytes.into_iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte)]);
        out.extend(both.take(digits - start));
    }
}

/// The digit of the lower four bits.
fn hex_digit(bits: u8) -> u8 {
    b"0123456789abcdef"[usize::from(bits & 15)]
}
