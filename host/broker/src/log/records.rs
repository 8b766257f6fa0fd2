//! The records inside of a batch, as far as a search by timestamp must look.

use std::io::{Error, ErrorKind, Result};

use bytes::{Buf as _, Bytes};
use kafka_protocol::compression::{Decompressor as _, Gzip, Lz4, Snappy, Zstd};

use super::batch::{HEADER, Header};

/// A record that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) offset: i64,
    /// Milliseconds since 1970.
    pub(crate) timestamp: i64,
}

/// Returns the first record in `batch` of `timestamp` or later whose offset is `start` or more. If the records do not say,
/// the header does: a client that begins earlier than it has to loses nothing.
pub(super) fn find(batch: &Bytes, timestamp: i64, start: i64) -> Result<Option<Found>> {
    let Ok(header) = Header::read(batch) else { return Ok(None) };
    let mut records = batch.slice(HEADER..);
    let search = |records: &mut Bytes| Ok(first(records, &header, timestamp, start));
    let found = match header.codec() {
        0 => Ok(first(&mut records, &header, timestamp, start)),
        1 => Gzip::decompress(&mut records, search),
        2 => Snappy::decompress(&mut records, search),
        3 => Lz4::decompress(&mut records, search),
        4 => Zstd::decompress(&mut records, search),
        other => {
            return Err(Error::new(ErrorKind::InvalidData, format!("codec {other} is not known")));
        }
    };
    let found = found.map_err(|source| Error::new(ErrorKind::InvalidData, source))?;
    let whole = Found { offset: header.base_offset.max(start), timestamp: header.max_timestamp };
    Ok(Some(found.unwrap_or(whole)))
}

fn first(records: &mut Bytes, header: &Header, timestamp: i64, start: i64) -> Option<Found> {
    for _ in 0..header.count {
        let length = usize::try_from(varint(records)?).ok().filter(|it| *it <= records.len())?;
        let mut record = records.split_to(length);
        let _attributes = record.try_get_u8().ok()?;
        let found = Found {
            timestamp: header.base_timestamp.saturating_add(varint(&mut record)?),
            offset: header.base_offset.saturating_add(varint(&mut record)?),
        };
        if found.timestamp >= timestamp && found.offset >= start {
            return Some(found);
        }
    }
    None
}

/// Reads a number of variable length, zigzag.
fn varint(bytes: &mut Bytes) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.try_get_u8().ok()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}
