//! Strings, numbers and literals at a place of a text. No answer here says what is wrong: see [`super::exact`].

#![expect(clippy::inline_always, reason = "calls between tokens cost as much as the tokens")]

use super::Span;
use super::blocks::{Blocks, escaped};
use smt_abi::SLACK;

/// A text in its arena. Places are offsets in the arena.
///
/// Reads go up to the slack behind the text and may find a token that ends there, so whoever calls compares the end of
/// the last token with the end of the text. Nothing is found from further away.
#[derive(Debug)]
pub(super) struct Reader<'a, B> {
    /// The arena, cut off after the slack of the text.
    pub(super) bytes: &'a [u8],
    start: usize,
    /// Where the text ends.
    pub(super) end: usize,
    pub(super) blocks: B,
    /// Whether a byte above 0x7f was seen: in the text, or near its end behind it.
    pub(super) beyond_ascii: bool,
}

impl<'a, B: Blocks> Reader<'a, B> {
    /// # Panics
    /// If `text` and the slack after it do not lie in `bytes`.
    #[inline(always)]
    pub(super) fn new(blocks: B, bytes: &'a [u8], text: Span) -> Self {
        let end = text.end as usize;
        assert!(
            text.start <= text.end && end + SLACK <= bytes.len(),
            "{SLACK} bytes follow the text"
        );
        Self {
            bytes: &bytes[..end + SLACK],
            start: text.start as usize,
            end,
            blocks,
            beyond_ascii: false,
        }
    }

    /// The place of the value, unless the text is blank.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<usize> {
        self.skip_blanks(self.start).filter(|at| *at < self.end)
    }

    /// Whether the text is UTF-8, and nothing but blanks follows the value that ends at `at`.
    #[inline(always)]
    pub(super) fn is_all(&self, at: usize) -> bool {
        let Some(rest) = self.bytes.get(at..self.end) else { return false };
        rest.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            && (!self.beyond_ascii || self.is_utf8())
    }

    #[cold]
    #[inline(never)]
    fn is_utf8(&self) -> bool {
        simdutf8::basic::from_utf8(&self.bytes[self.start..self.end]).is_ok()
    }

    #[inline(always)]
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[inline(always)]
    pub(super) fn block<const N: usize>(&self, at: usize) -> Option<&'a [u8; N]> {
        self.bytes.get(at..)?.first_chunk()
    }

    /// The first place from `at` on without a blank.
    #[inline(always)]
    pub(super) fn skip_blanks(&self, at: usize) -> Option<usize> {
        if self.byte(at)? > b' ' {
            return Some(at);
        }
        // One space follows each comma and colon in the most common style of all that has blanks.
        if self.bytes[at] == b' ' && self.byte(at + 1)? > b' ' {
            return Some(at + 1);
        }
        self.skip_many_blanks(at)
    }

    #[cold]
    #[inline(never)]
    fn skip_many_blanks(&self, mut at: usize) -> Option<usize> {
        while matches!(self.byte(at)?, b' ' | b'\t' | b'\n' | b'\r') {
            at += 1;
        }
        Some(at)
    }

    /// The end of the string whose inside begins at `at`: the place after its closing quote; and whether it is plain,
    /// so that nothing in it is an escape.
    #[inline(always)]
    pub(super) fn string(&mut self, mut at: usize) -> Option<(usize, bool)> {
        // Most strings end here. Those that are longer, or have escapes or more than ASCII, are read by larger blocks.
        for _ in 0..4 {
            let specials = self.blocks.specials(self.block(at)?);
            if specials != 0 {
                at += specials.trailing_zeros() as usize;
                if self.byte(at)? == b'"' {
                    return Some((at + 1, true));
                }
                break;
            }
            at += 16;
        }
        Some((self.rest_of_string(at)?, false))
    }

    /// [`Self::string`] from a place inside it that is not escaped.
    #[cold]
    #[inline(never)]
    pub(super) fn rest_of_string(&mut self, mut at: usize) -> Option<usize> {
        let mut open_escape = 0;
        while at < self.end {
            let found = self.blocks.quoted(self.block(at)?);
            self.beyond_ascii |= found.beyond_ascii;
            let escapes = escaped(found.backslash, &mut open_escape);
            let quote = found.quote & !escapes;
            let inside = quote.wrapping_sub(1) & !quote;
            if found.control & inside != 0 || !self.are_escapes(at, escapes & inside) {
                return None;
            }
            if quote != 0 {
                return Some(at + quote.trailing_zeros() as usize + 1);
            }
            at += 64;
        }
        None
    }

    /// Whether each byte of the mask, counted from `at`, goes on as an escape.
    #[inline(always)]
    pub(super) fn are_escapes(&self, at: usize, mut mask: u64) -> bool {
        while mask != 0 {
            if !self.is_escape(at + mask.trailing_zeros() as usize) {
                return false;
            }
            mask &= mask - 1;
        }
        true
    }

    #[inline(always)]
    fn is_escape(&self, at: usize) -> bool {
        match self.byte(at) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
            Some(b'u') => self
                .block::<4>(at + 1)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
            _ => false,
        }
    }

    /// The end of the number or literal at `at`, whatever follows it.
    #[inline(always)]
    pub(super) fn scalar(&self, at: usize) -> Option<usize> {
        match self.byte(at)? {
            b'-' => self.number(at + 1),
            b'0'..=b'9' => self.number(at),
            b't' => (self.block(at)? == b"true").then_some(at + 4),
            b'f' => (self.block(at + 1)? == b"alse").then_some(at + 5),
            b'n' => (self.block(at)? == b"null").then_some(at + 4),
            _ => None,
        }
    }

    /// The end of the number whose digits begin at `at`.
    #[inline(always)]
    fn number(&self, at: usize) -> Option<usize> {
        let digits = self.blocks.digits(self.block(at)?);
        let whole = digits.trailing_ones();
        // A product, because neither factor is foreseen as well as the whole.
        if whole == 0 || whole * u32::from(self.bytes[at] == b'0') > 1 {
            return None;
        }
        if whole == 16 {
            return self.rest_of_number(self.skip_digits(at)?);
        }
        let end = at + whole as usize;
        match self.byte(end)? {
            b'.' => {
                let fraction = (digits >> (whole + 1)).trailing_ones();
                let end = end + 1 + fraction as usize;
                let next = self.byte(end)?;
                // A fraction that reaches the end of the block may go on behind it.
                if fraction == 0 || end == at + 16 || next | 0x20 == b'e' {
                    return self.rest_of_number(at + whole as usize);
                }
                Some(end)
            }
            b'e' | b'E' => self.rest_of_number(end),
            _ => Some(end),
        }
    }

    /// The end of a number after its whole part.
    #[cold]
    #[inline(never)]
    fn rest_of_number(&self, mut at: usize) -> Option<usize> {
        let after_digits = |at| self.skip_digits(at).filter(|end| *end > at);
        if self.byte(at)? == b'.' {
            at = after_digits(at + 1)?;
        }
        if matches!(self.byte(at)?, b'e' | b'E') {
            let sign = matches!(self.byte(at + 1)?, b'+' | b'-');
            at = after_digits(at + 1 + usize::from(sign))?;
        }
        Some(at)
    }

    fn skip_digits(&self, mut at: usize) -> Option<usize> {
        while self.byte(at)?.is_ascii_digit() {
            at += 1;
        }
        Some(at)
    }
}

/// Whether `byte` ends a number or a literal that it follows: a blank, a bracket, a comma, a colon or a quote.
#[inline(always)]
pub(super) fn ends_scalar(byte: u8) -> bool {
    ENDS[usize::from(byte)]
}

/// For each byte, see [`ends_scalar`].
static ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut bytes: &[u8] = b" \t\n\r,:{}[]\"";
    while let [byte, rest @ ..] = bytes {
        ends[*byte as usize] = true;
        bytes = rest;
    }
    ends
};
