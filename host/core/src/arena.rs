//! The one buffer of a batch: payloads as they came, and every byte that was made on the way.

use crate::json::Span;
use smt_abi::SLACK;

/// Append-only bytes that spans point into, up to 4 GiB.
///
/// Bytes never move relative to the start and never change, so a [`Span`] stays valid until the arena is cleared.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// `used` bytes, then up to [`SLACK`] zeros while somebody scans.
    bytes: Vec<u8>,
    used: usize,
    full: bool,
}

impl Arena {
    /// Forgets everything, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
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
        let Some(span) = self.reserve(data.len()) else { return Span::default() };
        self.bytes.truncate(self.used);
        self.bytes.extend_from_slice(data);
        self.used = self.bytes.len();
        span
    }

    /// The bytes that a span means.
    #[inline]
    pub(crate) fn get(&self, span: Span) -> &[u8] {
        span.of(&self.bytes)
    }

    /// All bytes, with [`SLACK`] readable ones after the last, as the scan needs them.
    #[inline]
    pub(crate) fn padded(&mut self) -> &[u8] {
        self.bytes.truncate(self.used);
        self.bytes.resize(self.used + SLACK, 0);
        &self.bytes
    }

    #[inline]
    fn reserve(&mut self, len: usize) -> Option<Span> {
        let end = self.used.saturating_add(len);
        match (u32::try_from(self.used), u32::try_from(end.saturating_add(SLACK))) {
            (Ok(start), Ok(_)) if !self.full => Some(Span { start, end: u32::try_from(end).ok()? }),
            _ => {
                self.full = true;
                None
            }
        }
    }
}
