//! What a module answers for one record: a `u64` of a tag, zero bits, and the length of the record's output.

/// Kind of a [`Verdict`], its low 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// The record goes on as it is. No output.
    Keep = 0,
    /// The record is dropped on purpose. No output.
    Drop = 1,
    /// Output: [operations](crate::operation), applied in order.
    Ops = 2,
    /// Output: a JSON text that becomes the value.
    Replace = 3,
    /// Output: [several records](crate::answer::children) that take this one's place, in order.
    Split = 4,
    /// Output: [code and message](crate::answer::GuestError). The record fails by the connector's error policy.
    Error = 5,
    /// Output: one record in the shape of `@record`.
    ReplaceRecord = 6,
}

impl Tag {
    /// The tag with this number.
    pub const fn from_u8(tag: u8) -> Option<Self> {
        Some(match tag {
            0 => Self::Keep,
            1 => Self::Drop,
            2 => Self::Ops,
            3 => Self::Replace,
            4 => Self::Split,
            5 => Self::Error,
            6 => Self::ReplaceRecord,
            _ => return None,
        })
    }
}

/// One entry of the verdict table: tag in bits 0–7, zeros in bits 8–31, output bytes in bits 32–63.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// What is to happen with the record.
    pub tag: Tag,
    /// Bytes of output that belong to this record. Outputs lie back to back, in the order of the records.
    pub len: u32,
}

/// Why an entry of the verdict table is no verdict. The length is known all the same, so other records are unharmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadVerdict {
    /// The low 8 bits are no [`Tag`].
    Tag(u8),
    /// A reserved bit is set.
    Reserved,
    /// [`Tag::Keep`] or [`Tag::Drop`] with output.
    Output(Tag),
}

impl Verdict {
    /// Bytes of one entry.
    pub const BYTES: usize = 8;

    /// The entry as the number that crosses the boundary.
    pub const fn encode(self) -> u64 {
        self.tag as u64 | (self.len as u64) << 32
    }

    /// Output length of an entry, valid or not.
    pub const fn len_of(entry: u64) -> u32 {
        (entry >> 32) as u32
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`BadVerdict`] for an unknown tag, reserved bits, or output where there can be none.
    #[expect(clippy::cast_possible_truncation, reason = "the low byte is the tag")]
    pub const fn decode(entry: u64) -> Result<Self, BadVerdict> {
        let Some(tag) = Tag::from_u8(entry as u8) else { return Err(BadVerdict::Tag(entry as u8)) };
        if entry & 0xFFFF_FF00 != 0 {
            return Err(BadVerdict::Reserved);
        }
        let len = Self::len_of(entry);
        if len != 0 && matches!(tag, Tag::Keep | Tag::Drop) {
            return Err(BadVerdict::Output(tag));
        }
        Ok(Self { tag, len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_a_round_trip() {
        for tag in 0..=6 {
            let tag = Tag::from_u8(tag).unwrap();
            let len = if matches!(tag, Tag::Keep | Tag::Drop) { 0 } else { u32::MAX };
            let verdict = Verdict { tag, len };
            assert_eq!(Verdict::decode(verdict.encode()), Ok(verdict));
        }
    }

    #[test]
    fn what_is_no_verdict_is_refused() {
        assert_eq!(Verdict::decode(7), Err(BadVerdict::Tag(7)));
        for bit in 8..32 {
            assert_eq!(Verdict::decode(1 << bit), Err(BadVerdict::Reserved));
        }
        assert_eq!(Verdict::decode(1 << 32), Err(BadVerdict::Output(Tag::Keep)));
        assert_eq!(Verdict::decode(1 << 32 | 1), Err(BadVerdict::Output(Tag::Drop)));
    }
}
