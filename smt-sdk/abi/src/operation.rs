//! Edits that an answer carries.
//!
//! Each operation is a header of 12 bytes, a path, a value, and zeros up to a multiple of 4:
//!
//! | offset | type | what |
//! |---:|---|---|
//! | 0 | u8 | [`Op`] |
//! | 1 | u8 | [`Root`] in bits 0–3; bit 7: [overwrite](OVERWRITE); the others zero |
//! | 2 | u16 | number of a declared path, or [`NO_ID`]; then `path_len` is zero |
//! | 4 | u32 | `path_len` |
//! | 8 | u32 | `value_len` |
//!
//! Declared paths are numbered slots first, then the `paths` of `smt_init`.

use crate::read_u16;
use alloc::vec::Vec;

/// Bytes of an operation's header.
pub const HEADER_BYTES: usize = 12;

/// The number that says: no declared path, the text follows.
pub const NO_ID: u16 = u16::MAX;

/// Bit of the root byte: an `insert` replaces what is there.
pub const OVERWRITE: u8 = 0x80;

/// What an operation does. Values are JSON texts unless said otherwise; names are plain UTF-8, the host escapes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// Replaces what is at the path, or appends it; objects that are missing on the way are made.
    Set = 1,
    /// As [`Op::Set`], but an error if something is there, unless [`OVERWRITE`] is set.
    Insert = 2,
    /// Removes what is at the path; nothing happens if nothing is.
    Remove = 3,
    /// Gives the member at the path the name in the value; a member that has it already is removed.
    Rename = 4,
    /// Keeps only the paths listed in the value; see [`Selection`]. The operation itself has no path.
    Retain = 5,
    /// Makes what is at the path the whole root; an absent path leaves the root absent.
    Extract = 6,
    /// Makes the root an object with one member, named by the value, that holds the old root. No path.
    Wrap = 7,
    /// Sets the target in the value to what is at the path; see [`Target`]. Nothing happens if nothing is there.
    Copy = 8,
    /// As [`Op::Copy`], then removes the source.
    Move = 9,
    /// Sets the topic to the JSON string in the value. No path, root 0.
    SetTopic = 10,
    /// Sets the partition to the number in the value; `null` for none. No path, root 0.
    SetPartition = 11,
    /// Sets the timestamp to the number in the value, in milliseconds; `null` for none. No path, root 0.
    SetTimestamp = 12,
    /// Applies the static operations of `smt_init`, in order. No path, no value, root 0.
    Static = 13,
}

impl Op {
    /// The operation with this number.
    pub const fn from_u8(op: u8) -> Option<Self> {
        Some(match op {
            1 => Self::Set,
            2 => Self::Insert,
            3 => Self::Remove,
            4 => Self::Rename,
            5 => Self::Retain,
            6 => Self::Extract,
            7 => Self::Wrap,
            8 => Self::Copy,
            9 => Self::Move,
            10 => Self::SetTopic,
            11 => Self::SetPartition,
            12 => Self::SetTimestamp,
            13 => Self::Static,
            _ => return None,
        })
    }
}

/// What an operation works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Root {
    /// The value; the empty path is the whole of it.
    Value = 0,
    /// The key; the empty path is the whole of it.
    Key = 1,
    /// A header; the path is its name. Set replaces all of that name by one, insert adds one, remove removes all.
    Header = 2,
}

impl Root {
    /// The root with this number.
    pub const fn from_u8(root: u8) -> Option<Self> {
        Some(match root {
            0 => Self::Value,
            1 => Self::Key,
            2 => Self::Header,
            _ => return None,
        })
    }
}

/// How a path is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRef<'a> {
    /// By its number among the declared ones.
    Id(u16),
    /// As a text; for [`Root::Header`] the header's name.
    Text(&'a [u8]),
}

impl PathRef<'_> {
    /// The path that is the whole root.
    pub const ROOT: PathRef<'static> = PathRef::Text(&[]);
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation<'a> {
    /// What is done.
    pub op: Op,
    /// On what.
    pub root: Root,
    /// Whether an insert replaces what is there.
    pub overwrite: bool,
    /// Where.
    pub path: PathRef<'a>,
    /// With what.
    pub value: &'a [u8],
}

impl<'a> Operation<'a> {
    /// An operation without flags.
    pub const fn new(op: Op, root: Root, path: PathRef<'a>, value: &'a [u8]) -> Self {
        Self { op, root, overwrite: false, path, value }
    }

    /// Appends the operation.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a module's memory has 32-bit addresses")]
    pub fn write(&self, out: &mut Vec<u8>) {
        let (id, path) = match self.path {
            PathRef::Id(id) => (id, &[][..]),
            PathRef::Text(path) => (NO_ID, path),
        };
        let flags = if self.overwrite { OVERWRITE } else { 0 };
        let mut header = [self.op as u8, self.root as u8 | flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header[2..4].copy_from_slice(&id.to_le_bytes());
        header[4..8].copy_from_slice(&(path.len() as u32).to_le_bytes());
        header[8..12].copy_from_slice(&(self.value.len() as u32).to_le_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(path);
        out.extend_from_slice(self.value);
        let padding = (path.len() + self.value.len()).wrapping_neg() % 4;
        out.extend_from_slice(&[0; 3][..padding]);
    }
}

/// An operation that is malformed: unknown number, reserved bits, lengths beyond the end, padding that is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadOperation {
    /// Byte offset of the operation.
    pub at: usize,
}

/// The operations in `bytes`, in order. Ends after an error.
pub const fn operations(bytes: &[u8]) -> Operations<'_> {
    Operations { bytes, at: 0 }
}

/// Iterator over operations; see [`operations`].
#[derive(Debug, Clone)]
pub struct Operations<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Operations<'_> {
    /// Byte offset of the next operation.
    #[inline]
    pub const fn offset(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Operations<'a> {
    type Item = Result<Operation<'a>, BadOperation>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.bytes.len() {
            return None;
        }
        let at = self.at;
        if let Some((operation, end)) = read(self.bytes, at) {
            self.at = end;
            Some(Ok(operation))
        } else {
            self.at = self.bytes.len();
            Some(Err(BadOperation { at }))
        }
    }
}

#[inline]
fn read(bytes: &[u8], at: usize) -> Option<(Operation<'_>, usize)> {
    let (header, rest) = bytes.get(at..)?.split_first_chunk::<HEADER_BYTES>()?;
    let op = Op::from_u8(header[0])?;
    let root = Root::from_u8(header[1] & !OVERWRITE)?;
    let overwrite = header[1] & OVERWRITE != 0;
    let id = u16::from_le_bytes([header[2], header[3]]);
    let path_len = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
    let value_len = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
    let (path, rest) = rest.split_at_checked(path_len)?;
    let (value, rest) = rest.split_at_checked(value_len)?;
    let padding = (path_len % 4 + value_len % 4).wrapping_neg() % 4;
    let zeros = rest.get(..padding)?.iter().all(|byte| *byte == 0);
    let named = id == NO_ID || path_len == 0;
    let flagged = !overwrite || matches!(op, Op::Insert);
    let path = if id == NO_ID { PathRef::Text(path) } else { PathRef::Id(id) };
    let end = at + HEADER_BYTES + path_len + value_len + padding;
    (zeros && named && flagged).then_some((Operation { op, root, overwrite, path, value }, end))
}

/// The value of [`Op::Copy`] and [`Op::Move`]: where to. `u8` root, `u8` zero, `u16` number or [`NO_ID`], path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// On what; for [`Root::Header`] a header is added.
    pub root: Root,
    /// Where; the empty path replaces the whole root.
    pub path: PathRef<'a>,
}

impl<'a> Target<'a> {
    /// Reads the value of a copy or move.
    pub fn read(value: &'a [u8]) -> Option<Self> {
        let (head, path) = value.split_first_chunk::<4>()?;
        let root = Root::from_u8(head[0])?;
        let id = u16::from_le_bytes([head[2], head[3]]);
        let valid = head[1] == 0 && (id == NO_ID || path.is_empty());
        let path = if id == NO_ID { PathRef::Text(path) } else { PathRef::Id(id) };
        valid.then_some(Self { root, path })
    }

    /// Appends the value of a copy or move.
    pub fn write(self, out: &mut Vec<u8>) {
        let (id, path) = match self.path {
            PathRef::Id(id) => (id, &[][..]),
            PathRef::Text(path) => (NO_ID, path),
        };
        out.extend_from_slice(&[self.root as u8, 0]);
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(path);
    }
}

/// The value of [`Op::Retain`]: paths of the operation's root, each `u16` number or [`NO_ID`], `u16` length, text.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    rest: &'a [u8],
}

impl<'a> Selection<'a> {
    /// Reads the value of a retain, path by path; an item is nothing where the rest is malformed.
    pub const fn read(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    /// Appends one path.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a path that long would not fit into a document of nesting 128"
    )]
    pub fn write(path: PathRef<'_>, out: &mut Vec<u8>) {
        let (id, path) = match path {
            PathRef::Id(id) => (id, &[][..]),
            PathRef::Text(path) => (NO_ID, path),
        };
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&(path.len() as u16).to_le_bytes());
        out.extend_from_slice(path);
    }
}

impl<'a> Iterator for Selection<'a> {
    type Item = Option<PathRef<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = core::mem::take(&mut self.rest);
        let (Some(id), Some(len)) = (read_u16(rest, 0), read_u16(rest, 2)) else {
            return Some(None);
        };
        let Some((path, rest)) =
            rest.get(4..).and_then(|rest| rest.split_at_checked(usize::from(len)))
        else {
            return Some(None);
        };
        if id != NO_ID && len != 0 {
            return Some(None);
        }
        self.rest = rest;
        Some(Some(if id == NO_ID { PathRef::Text(path) } else { PathRef::Id(id) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn sample() -> [Operation<'static>; 4] {
        [
            Operation::new(Op::Set, Root::Value, PathRef::Id(0), b"\"****1234\""),
            Operation::new(Op::Rename, Root::Key, PathRef::Text(b"symbol"), b"ticker"),
            Operation {
                overwrite: true,
                ..Operation::new(Op::Insert, Root::Header, PathRef::Text(b"h"), b"1")
            },
            Operation::new(Op::Static, Root::Value, PathRef::ROOT, b""),
        ]
    }

    #[test]
    fn operations_survive_a_round_trip() {
        let mut out = Vec::new();
        for operation in sample() {
            operation.write(&mut out);
            assert_eq!(out.len() % 4, 0);
        }
        let read: Result<Vec<_>, _> = operations(&out).collect();
        assert_eq!(read.unwrap(), sample());
    }

    #[test]
    fn a_cut_operation_is_an_error_at_its_place() {
        let mut out = Vec::new();
        sample()[1].write(&mut out);
        let whole = out.len();
        for cut in 1..whole {
            let mut read = operations(&out[..cut]);
            assert_eq!(read.next(), Some(Err(BadOperation { at: 0 })), "{cut}");
            assert_eq!(read.next(), None);
        }
    }

    #[test]
    fn reserved_bits_and_wild_lengths_are_errors() {
        let good = {
            let mut out = Vec::new();
            sample()[0].write(&mut out);
            out
        };
        for (at, byte) in [
            (0, 0),
            (0, 14),
            (1, 3),
            (1, 0x10),
            (1, OVERWRITE),
            (4, 1),
            (7, 255),
            (11, 255),
            (23, 1),
        ] {
            let mut bad = good.clone();
            bad[at] = byte;
            assert!(operations(&bad).any(|operation| operation.is_err()), "byte {at} = {byte}");
        }
    }

    #[test]
    fn targets_and_selections_survive_a_round_trip() {
        let mut out = vec![];
        let target = Target { root: Root::Header, path: PathRef::Text(b"name") };
        target.write(&mut out);
        assert_eq!(Target::read(&out), Some(target));
        assert_eq!(Target::read(&[0, 1, 0, 0]), None);
        assert_eq!(Target::read(&[0, 0, 1, 0, b'x']), None);

        out.clear();
        let paths = [PathRef::Id(3), PathRef::Text(b"a.b"), PathRef::Text(b"")];
        for path in paths {
            Selection::write(path, &mut out);
        }
        assert!(Selection::read(&out).eq(paths.map(Some)));
        assert_eq!(Selection::read(&out[..out.len() - 2]).last(), Some(None));
    }
}
