//! The result table of a call, and the payloads of `ERROR` and `SPLIT`.

use crate::{code, read_u16, read_u32};
use alloc::vec::Vec;

/// What `smt_init` and `smt_batch` point at: four little-endian `u32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Address of the verdict table, `n` entries of 8 bytes. Zero from `smt_init`.
    pub verdicts: u32,
    /// Address of the output.
    pub out: u32,
    /// Bytes of output.
    pub out_len: u32,
    /// Records answered; from `smt_init` one of [`Answer::READY`] and [`Answer::REFUSED`].
    pub n: u32,
}

impl Answer {
    /// Bytes of the table.
    pub const BYTES: usize = 16;
    /// `n` of an `smt_init` that went well.
    pub const READY: u32 = 0;
    /// `n` of an `smt_init` that refused its configuration.
    pub const REFUSED: u32 = 1;

    /// Reads the table at `at`, if it lies inside `memory`.
    pub fn read(memory: &[u8], at: u32) -> Option<Self> {
        let at = at as usize;
        Some(Self {
            verdicts: read_u32(memory, at)?,
            out: read_u32(memory, at.checked_add(4)?)?,
            out_len: read_u32(memory, at.checked_add(8)?)?,
            n: read_u32(memory, at.checked_add(12)?)?,
        })
    }

    /// The table as it stands in memory, word by word.
    pub const fn words(self) -> [u32; 4] {
        [self.verdicts, self.out, self.out_len, self.n]
    }
}

/// Splits the output of `smt_init` into its JSON text and its static operations: `u32` length, text, zeros up to a
/// multiple of 4, operations.
pub fn read_init(out: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = read_u32(out, 0)? as usize;
    let end = len.checked_add(4)?;
    let json = out.get(4..end)?;
    let rest = out.get(end..)?;
    let padding = (4 - end % 4) % 4;
    if rest.is_empty() {
        return Some((json, rest));
    }
    let (zeros, operations) = rest.split_at_checked(padding)?;
    zeros.iter().all(|byte| *byte == 0).then_some((json, operations))
}

/// Writes the output of `smt_init`; see [`read_init`].
#[expect(clippy::cast_possible_truncation, reason = "a module's memory has 32-bit addresses")]
pub fn write_init(out: &mut Vec<u8>, json: &[u8], operations: &[u8]) {
    out.extend_from_slice(&(json.len() as u32).to_le_bytes());
    out.extend_from_slice(json);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend_from_slice(operations);
}

/// Payload of `ERROR`: `u16` length of the code, code, message; all UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestError<'a> {
    /// Stable name of the kind of error; see [`code::is_guest_code`].
    pub code: &'a str,
    /// What was wrong, for a person.
    pub message: &'a str,
}

impl<'a> GuestError<'a> {
    /// Reads the payload; nothing if it is malformed or its code is not allowed.
    pub fn read(out: &'a [u8]) -> Option<Self> {
        let len = usize::from(read_u16(out, 0)?);
        let (code, message) = out.get(2..)?.split_at_checked(len)?;
        let code = core::str::from_utf8(code).ok().filter(|code| code::is_guest_code(code))?;
        Some(Self { code, message: core::str::from_utf8(message).ok()? })
    }

    /// Appends the payload.
    #[expect(clippy::cast_possible_truncation, reason = "codes are at most 64 bytes long")]
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.code.len() as u16).to_le_bytes());
        out.extend_from_slice(self.code.as_bytes());
        out.extend_from_slice(self.message.as_bytes());
    }
}

/// Reads the payload of `SPLIT`: `u32` count, then for each child `u32` length and a text in `@record`'s shape.
///
/// Nothing if the payload is malformed: a length beyond the end, or bytes after the last child. A count of zero is
/// malformed too: that is what `DROP` says.
pub fn children(out: &[u8]) -> Option<Children<'_>> {
    let count = read_u32(out, 0)?;
    let rest = out.get(4..)?;
    let mut at = 0_usize;
    for _ in 0..count {
        let len = read_u32(rest, at)? as usize;
        at = at.checked_add(4)?.checked_add(len)?;
        if at > rest.len() {
            return None;
        }
    }
    (count > 0 && at == rest.len()).then_some(Children { rest, left: count })
}

/// The children of a `SPLIT`, in order; see [`children`].
#[derive(Debug, Clone)]
pub struct Children<'a> {
    rest: &'a [u8],
    left: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let len = read_u32(self.rest, 0).filter(|_| self.left > 0)? as usize;
        let (child, rest) = self.rest.get(4..)?.split_at_checked(len)?;
        self.rest = rest;
        self.left -= 1;
        Some(child)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Children<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn result_tables_beyond_memory_are_refused() {
        let mut memory = vec![0; 32];
        memory[16..20].copy_from_slice(&7_u32.to_le_bytes());
        assert_eq!(
            Answer::read(&memory, 16),
            Some(Answer { verdicts: 7, out: 0, out_len: 0, n: 0 })
        );
        for at in [17, 31, 32, u32::MAX - 3, u32::MAX] {
            assert_eq!(Answer::read(&memory, at), None);
        }
    }

    #[test]
    fn init_output_survives_a_round_trip() {
        for json in [&b"{}"[..], b"{\"a\"}", b"", b"1234"] {
            let mut out = Vec::new();
            write_init(&mut out, json, &[1, 2, 3, 4]);
            assert_eq!(read_init(&out), Some((json, &[1, 2, 3, 4][..])));
        }
        assert_eq!(read_init(&[9, 0, 0, 0, b'{']), None);
        assert_eq!(read_init(&[255; 8]), None);
    }

    #[test]
    fn errors_need_a_code_of_their_own() {
        let write = |code, message| {
            let mut out = Vec::new();
            GuestError { code, message }.write(&mut out);
            out
        };
        let good = write("field-type", "`amount`: expected a number");
        assert_eq!(GuestError::read(&good).map(|error| error.code), Some("field-type"));
        for code in ["", "guest-trap", "With Space"] {
            assert_eq!(GuestError::read(&write(code, "")), None, "{code}");
        }
        assert_eq!(GuestError::read(&[200, 0, b'x']), None);
    }

    #[test]
    fn children_must_add_up() {
        let good = [2, 0, 0, 0, 2, 0, 0, 0, b'{', b'}', 1, 0, 0, 0, b'1'];
        assert_eq!(children(&good).unwrap().collect::<Vec<_>>(), [&b"{}"[..], b"1"]);
        for cut in 0..good.len() {
            assert!(children(&good[..cut]).is_none(), "{cut}");
        }
        assert!(children(&[0, 0, 0, 0]).is_none());
        assert!(children(&[1, 0, 0, 0, 255, 255, 255, 255]).is_none());
    }
}
