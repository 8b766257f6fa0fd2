//! The one buffer of a batch: payloads as they came, and every byte that was made on the way.

use crate::json::Span;
use smt_abi::SLACK;

/// Append-only bytes that spans point into, up to 4 GiB.
///
/// Bytes never move relative to the start and never change, so a [`Span`] stays valid until the arena is cleared.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// `used` bytes, then room, [`SLACK`] at least once anything was appended: what was there before an arena was
    /// cleared stays, so that nothing is zeroed again.
    bytes: Vec<u8>,
    used: usize,
    full: bool,
}

impl Arena {
    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.used = 0;
        self.full = false;
    }

    /// Bytes in use.
    pub(crate) const fn len(&self) -> usize {
        self.used
    }

    /// True once an append did not fit; what was asked for since then is empty, and its record must fail.
    pub(crate) const fn is_full(&self) -> bool {
        self.full
    }

    /// Forgets what was appended since the arena had this length.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.used = self.used.min(len);
        self.full = false;
    }

    /// Appends `data`.
    #[inline]
    pub(crate) fn push(&mut self, data: &[u8]) -> Span {
        let (start, end) = (self.used, self.used + data.len());
        if self.bytes.len() < end + SLACK && !self.grow(end + SLACK) {
            return Span::default();
        }
        self.bytes[start..end].copy_from_slice(data);
        self.used = end;
        Span::new(start, end)
    }

    /// The bytes that a span means.
    #[inline]
    pub(crate) fn get(&self, span: Span) -> &[u8] {
        span.of(&self.bytes)
    }

    /// All bytes, with [`SLACK`] readable ones after the last, as the scan needs them.
    #[inline]
    pub(crate) fn padded(&mut self) -> &[u8] {
        if self.bytes.len() < self.used + SLACK {
            self.bytes.resize(self.used + SLACK, 0);
        }
        &self.bytes
    }

    /// The same, of an arena that something was appended to.
    #[inline]
    pub(crate) fn filled(&self) -> &[u8] {
        debug_assert!(self.bytes.len() >= self.used + SLACK, "an append leaves slack behind it");
        &self.bytes
    }

    /// Makes room up to `len`, doubling; false beyond 4 GiB.
    #[cold]
    fn grow(&mut self, len: usize) -> bool {
        self.full |= u32::try_from(len).is_err();
        if !self.full {
            self.bytes.resize(len.max(2 * self.bytes.len()).min(u32::MAX as usize), 0);
        }
        !self.full
    }
}
