//! The buffer that answers are written to. It is reused, so it allocates only while it grows.
//!
//! Copies of up to 32 bytes are straight-line: the engine checks for interruption at each loop header and function
//! entry, and a bulk copy instruction is a call into the host, which costs more than the copy itself.

use crate::text;

/// Output of one call, written from the front. What lies behind `len` is scratch.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    len: usize,
}

impl Output {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), len: 0 }
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Forgets what was written behind `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = len.min(self.len);
    }

    pub(crate) fn written(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Writes `bytes`, of a length that the compiler knows.
    #[inline]
    pub(crate) fn push_array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.reserve(N);
        self.bytes[self.len..self.len + N].copy_from_slice(&bytes);
        self.len += N;
    }

    /// Writes over `N` bytes that were written before.
    #[inline]
    pub(crate) fn patch<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.bytes[at..at + N].copy_from_slice(&bytes);
    }

    #[inline]
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        copy(&mut self.bytes[self.len..self.len + bytes.len()], bytes);
        self.len += bytes.len();
    }

    /// Writes a JSON string of several pieces.
    #[inline]
    pub(crate) fn push_string<const N: usize>(&mut self, pieces: [&str; N]) {
        let odd = |odd: bool, piece: &&str| odd | text::needs_escape(piece.as_bytes());
        if pieces.iter().fold(false, odd) {
            return self.push_escaped(&pieces);
        }
        let sum = pieces.iter().map(|piece| piece.len()).sum::<usize>();
        self.reserve(sum + 2);
        let (quoted, _) = self.bytes[self.len..].split_at_mut(sum + 2);
        quoted[0] = b'"';
        let mut at = 1;
        for piece in pieces {
            copy(&mut quoted[at..at + piece.len()], piece.as_bytes());
            at += piece.len();
        }
        quoted[at] = b'"';
        self.len += sum + 2;
    }

    #[cold]
    #[inline(never)]
    fn push_escaped(&mut self, pieces: &[&str]) {
        let mut escaped = String::from("\"");
        for piece in pieces {
            text::escape(piece, &mut escaped);
        }
        escaped.push('"');
        self.push(escaped.as_bytes());
    }

    /// Writes zeros until what begins at `start` is a multiple of four bytes long. It may begin anywhere: the output of a
    /// batch is one run of bytes, and errors and records in it have any length.
    #[inline]
    pub(crate) fn align(&mut self, start: usize) {
        self.push_array([0; 4]);
        self.len = start + (self.len - 4 - start).next_multiple_of(4);
    }

    #[inline]
    fn reserve(&mut self, more: usize) {
        if self.bytes.len() - self.len < more {
            self.grow(more);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) {
        self.bytes.resize((self.len + more).max(2 * self.bytes.len()).max(4096), 0);
    }
}

/// Copies to a slice of the same length.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    if from.len() > 32 {
        to.copy_from_slice(from);
    } else if !(overlap::<16>(to, from) || overlap::<8>(to, from) || overlap::<4>(to, from)) {
        // Fewer than four bytes: the first, the middle and the last are all of them.
        if let [first, .., last] = from {
            to[0] = *first;
            to[from.len() / 2] = from[from.len() / 2];
            to[from.len() - 1] = *last;
        } else if let [only] = from {
            to[0] = *only;
        }
    }
}

/// Copies `N` to `2 * N` bytes as two blocks that may overlap; false if there are fewer.
#[inline]
fn overlap<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return false;
    };
    let (first, last) = (*first, *last);
    let end = from.len();
    to[..N].copy_from_slice(&first);
    to[end - N..end].copy_from_slice(&last);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_copied_whole() {
        let source: Vec<u8> = (0..204).collect();
        for len in 0..200 {
            let mut out = Output::new();
            out.push_array(*b"ab");
            out.push(&source[..len]);
            out.push(b"!");
            assert_eq!(out.written(), [b"ab", &source[..len], b"!"].concat());
            for start in 0..4 {
                let mut out = Output::new();
                out.push(&source[..start + len]);
                out.align(start);
                assert_eq!((out.len() - start) % 4, 0);
                assert!(out.len() < start + len + 4);
                assert!(out.written()[start + len..].iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn aligning_overwrites_what_an_earlier_record_left() {
        let mut out = Output::new();
        out.push(&[b'x'; 64]);
        out.clear();
        out.push(b"a");
        out.align(0);
        assert_eq!(out.written(), [b'a', 0, 0, 0]);
        out.align(0);
        assert_eq!(out.len(), 4);
    }
}
