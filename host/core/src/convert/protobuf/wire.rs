//! The wire format: tags, varints, lengths. Nothing here knows a descriptor.

use super::fault::{Fault, Problem, Read};
use std::ops::Range;

/// Levels of messages inside messages that are read; what protobuf's own readers allow.
pub(super) const NESTING: usize = 100;

/// How a value stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireType {
    Varint,
    Bits64,
    Length,
    StartGroup,
    EndGroup,
    Bits32,
}

/// What stands before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) number: u32,
    pub(super) wire_type: WireType,
}

/// A message that is read from its start to its end. Places are offsets in the payload.
#[derive(Debug, Clone)]
pub(super) struct Wire<'a> {
    /// The payload, cut off where the message ends.
    bytes: &'a [u8],
    at: usize,
}

impl WireType {
    fn of(bits: u64) -> Option<Self> {
        Some(match bits {
            0 => Self::Varint,
            1 => Self::Bits64,
            2 => Self::Length,
            3 => Self::StartGroup,
            4 => Self::EndGroup,
            5 => Self::Bits32,
            _ => return None,
        })
    }

    /// What an operator reads.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Varint => "a varint",
            Self::Bits64 => "64 bits",
            Self::Length => "a length and bytes",
            Self::StartGroup => "the start of a group",
            Self::EndGroup => "the end of a group",
            Self::Bits32 => "32 bits",
        }
    }
}

impl Tag {
    /// Appends it as it stands on the wire.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        write_varint(u64::from(self.number) << 3 | self.wire_type as u64, out);
    }
}

/// Appends a varint.
#[expect(clippy::cast_possible_truncation, reason = "a byte takes seven bits at a time")]
pub(super) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and as many bytes.
pub(super) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

impl<'a> Wire<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline]
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The bytes between two places.
    #[inline]
    pub(super) fn get(&self, range: Range<usize>) -> &'a [u8] {
        &self.bytes[range]
    }

    #[inline]
    pub(super) fn tag(&mut self) -> Read<Tag> {
        let at = self.at;
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).unwrap_or(u32::MAX);
        if number == 0 || number >= 1 << 29 {
            return Err(Fault::new(Problem::FieldNumber(key >> 3), at));
        }
        match WireType::of(key & 7) {
            Some(wire_type) => Ok(Tag { number, wire_type }),
            None => Err(Fault::new(Problem::NoWireType(key & 7), at)),
        }
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Read<u64> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Read<u64> {
        let mut value = 0;
        for (index, byte) in self.bytes[self.at..].iter().take(10).enumerate() {
            // The tenth byte has room for the last of 64 bits.
            if index == 9 && *byte > 1 {
                return Err(Fault::new(Problem::Varint, self.at));
            }
            value |= u64::from(*byte & 0x7F) << (7 * index);
            if *byte < 0x80 {
                self.at += index + 1;
                return Ok(value);
            }
        }
        Err(self.ends(None))
    }

    #[inline]
    pub(super) fn bits32(&mut self) -> Read<[u8; 4]> {
        match self.bytes[self.at..].first_chunk() {
            Some(bytes) => {
                self.at += 4;
                Ok(*bytes)
            }
            None => Err(self.ends(Some(4))),
        }
    }

    #[inline]
    pub(super) fn bits64(&mut self) -> Read<[u8; 8]> {
        match self.bytes[self.at..].first_chunk() {
            Some(bytes) => {
                self.at += 8;
                Ok(*bytes)
            }
            None => Err(self.ends(Some(8))),
        }
    }

    /// Reads a length and passes over as many bytes: where they are.
    #[inline]
    pub(super) fn length(&mut self) -> Read<Range<usize>> {
        let len = self.varint()?;
        let start = self.at;
        if len > (self.bytes.len() - start) as u64 {
            return Err(self.ends(Some(len)));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is no longer than the payload")]
        let end = start + len as usize;
        self.at = end;
        Ok(start..end)
    }

    /// Reads a length and passes over as many bytes: a reader for them.
    #[inline]
    pub(super) fn part(&mut self) -> Read<Self> {
        let range = self.length()?;
        Ok(Self { bytes: &self.bytes[..range.end], at: range.start })
    }

    /// A reader for a range of the same bytes.
    pub(super) fn within(&self, range: Range<usize>) -> Self {
        Self { bytes: &self.bytes[..range.end], at: range.start }
    }

    /// Passes over the value behind a tag; `depth` counts the levels around it.
    pub(super) fn skip(&mut self, tag: Tag, depth: usize) -> Read<()> {
        match tag.wire_type {
            WireType::Varint => self.varint().map(drop),
            WireType::Bits64 => self.bits64().map(drop),
            WireType::Bits32 => self.bits32().map(drop),
            WireType::Length => self.length().map(drop),
            WireType::StartGroup => self.group(tag.number, depth + 1).map(drop),
            WireType::EndGroup => Err(Fault::new(Problem::EndGroup(tag.number), self.at)),
        }
    }

    /// Passes over a group behind its start, to after its end: where its fields are.
    pub(super) fn group(&mut self, number: u32, depth: usize) -> Read<Range<usize>> {
        if depth > NESTING {
            return Err(Fault::new(Problem::Nesting, self.at));
        }
        let start = self.at;
        loop {
            if self.is_empty() {
                return Err(Fault::new(self.open_group(number), self.at));
            }
            let end = self.at;
            let tag = self.tag()?;
            if tag.wire_type != WireType::EndGroup {
                self.skip(tag, depth)?;
            } else if tag.number == number {
                return Ok(start..end);
            } else {
                return Err(Fault::new(Problem::EndGroup(tag.number), end));
            }
        }
    }

    /// What is wrong where a group lacks its end.
    pub(super) const fn open_group(&self, number: u32) -> Problem {
        Problem::OpenGroup { number, end: self.bytes.len() }
    }

    #[cold]
    fn ends(&self, wanted: Option<u64>) -> Box<Fault> {
        Fault::new(Problem::Ends { wanted, end: self.bytes.len() }, self.at)
    }
}
