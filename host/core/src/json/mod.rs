//! The one scan over a JSON text: it validates, lists the top level, and finds duplicate and escaped keys.
//!
//! Texts lie in an arena: `bytes` is the whole arena, a [`Span`] says where in it a text stands, and at least
//! [`smt_abi::SLACK`] more bytes, of any content, follow the text. What follows never changes an answer.
//!
//! | function | checks | lists | for |
//! |---|---|---|---|
//! | [`index`] | yes | the top level | a record, as it is read |
//! | [`validate`] | yes | nothing | what a guest returned |
//! | [`members`] | tells nothing | one level | a container inside a text that was validated |
//!
//! A text is accepted if it is UTF-8 and one JSON value by RFC 8259, blanks around it allowed, that nests no deeper
//! than [`smt_abi::limit::NESTING`]. A lone surrogate, written as an escape, is grammatical and passes.

mod blocks;
mod error;
mod exact;
mod keys;
mod layout;
mod nested;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
mod reader;
#[cfg(target_arch = "x86_64")]
mod simd;
#[cfg(test)]
mod tests;
mod text;
mod walk;

pub use error::{Expected, JsonError, Problem};
pub use layout::Layout;
pub use text::{escape, key_is, unescape};

use blocks::Blocks;
use reader::Reader;

#[cfg(not(target_arch = "x86_64"))]
use portable::Portable as NATIVE;
#[cfg(target_arch = "x86_64")]
use simd::Sse2 as NATIVE;

/// A range of a buffer (an arena), in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// What a JSON value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// One member of an object, or one element of an array (its key is empty).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The key between its quotes, as it is spelt.
    pub key: Span,
    /// The value, without blanks around it.
    pub value: Span,
    /// True if the key is spelt with a backslash.
    pub escaped: bool,
}

/// What [`index`] says of a text beside its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// What the value is.
    pub kind: Kind,
    /// The value without blanks around it: an object or array from its open to after its close bracket.
    pub value: Span,
    /// True if two keys of this level mean the same, escapes resolved.
    pub duplicates: bool,
    /// True if some key of this level is spelt with a backslash.
    pub escaped: bool,
    /// The learnt layout that this object matched whole, or 0; see [`Layout`].
    pub layout: u32,
    /// Nesting: 0 for a scalar, `[[1]]` has 2.
    pub depth: u32,
}

/// What [`members`] says of a container beside its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// What the value is.
    pub kind: Kind,
    /// True if two keys of this level mean the same, escapes resolved.
    pub duplicates: bool,
    /// True if some key of this level is spelt with a backslash.
    pub escaped: bool,
}

/// What [`validate`] says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valid {
    /// What the value is.
    pub kind: Kind,
    /// The value without blanks around it.
    pub value: Span,
    /// Nesting: 0 for a scalar, `[[1]]` has 2.
    pub depth: u32,
}

impl Span {
    /// The range from `start` to `end`; an arena is smaller than 4 GiB.
    #[expect(clippy::cast_possible_truncation, reason = "offsets in an arena have 32 bits")]
    pub(crate) const fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end && end <= u32::MAX as usize);
        Self { start: start as u32, end: end as u32 }
    }

    /// Number of bytes.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// True if there are no bytes.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes of `buffer` in this range.
    ///
    /// # Panics
    /// If the range does not lie in `buffer`.
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start as usize..self.end as usize]
    }
}

impl Kind {
    /// Which container begins with `first`.
    const fn of_container(first: u8) -> Option<Self> {
        match first {
            b'{' => Some(Self::Object),
            b'[' => Some(Self::Array),
            _ => None,
        }
    }

    /// What a valid value that begins with `first` is.
    const fn of(first: u8) -> Self {
        match first {
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'"' => Self::String,
            b't' | b'f' => Self::Bool,
            b'n' => Self::Null,
            _ => Self::Number,
        }
    }
}

/// Validates one whole JSON text and hands its members or elements to `push`, in order.
///
/// On an error `push` may have seen some members already.
///
/// # Errors
/// [`JsonError`] with the first byte that is wrong.
///
/// # Panics
/// If `text` and [`smt_abi::SLACK`] bytes after it do not lie in `bytes`.
pub fn index(
    bytes: &[u8],
    text: Span,
    layout: &mut Layout,
    push: impl FnMut(Member),
) -> Result<Index, JsonError> {
    index_by(NATIVE, bytes, text, layout, push)
}

/// Validates one whole JSON text without listing anything.
///
/// # Errors
/// [`JsonError`] with the first byte that is wrong.
///
/// # Panics
/// If `text` and [`smt_abi::SLACK`] bytes after it do not lie in `bytes`.
pub fn validate(bytes: &[u8], text: Span) -> Result<Valid, JsonError> {
    validate_by(NATIVE, bytes, text)
}

/// Lists the members or elements of a container that was validated before; `value` has no blanks around it.
///
/// A scalar has none. For bytes that are not JSON the list ends early or is wrong, and that is all. (It looks as
/// closely as [`index`] does: a second walk that trusts its bytes would be the same code again, a little quicker.)
///
/// # Panics
/// If `value` and [`smt_abi::SLACK`] bytes after it do not lie in `bytes`.
pub fn members(bytes: &[u8], value: Span, push: impl FnMut(Member)) -> Listing {
    members_by(NATIVE, bytes, value, push)
}

fn index_by<B: Blocks>(
    blocks: B,
    bytes: &[u8],
    text: Span,
    layout: &mut Layout,
    push: impl FnMut(Member),
) -> Result<Index, JsonError> {
    let mut reader = Reader::new(blocks, bytes, text);
    let container = |start| Some((start, Kind::of_container(bytes[start])?));
    let Some((start, kind)) = reader.first().and_then(container) else {
        let Valid { kind, value, depth } = validate_by(blocks, bytes, text)?;
        return Ok(Index { kind, value, duplicates: false, escaped: false, layout: 0, depth });
    };
    let Some(seen) = walk::walk(&mut reader, start, layout, push) else {
        return Err(exact::problem(text.of(bytes)));
    };
    let walk::Seen { end, duplicates, escaped, layout, depth } = seen;
    let value = Span::new(start, end);
    Ok(Index { kind, value, duplicates, escaped, layout, depth })
}

/// Whether the text is a string of at most 64 bytes without escapes and with nothing beyond ASCII, quotes included:
/// what a module mostly returns, found valid in one look.
///
/// # Panics
/// As [`index`].
#[inline]
pub fn is_plain_string(bytes: &[u8], text: Span) -> bool {
    let (start, len) = (text.start as usize, text.len());
    let block = |at: usize| bytes[start + at..].first_chunk::<16>();
    if !(2..=64).contains(&len) || bytes[start] != b'"' {
        return false;
    }
    // The opening quote is passed over; the first special byte behind it must be the last of the text.
    let mut at = 1;
    while let Some(block) = block(at) {
        let specials = NATIVE.specials(block);
        if specials != 0 {
            at += specials.trailing_zeros() as usize;
            return at + 1 == len && bytes[start + at] == b'"';
        }
        at += 16;
        if at >= len {
            return false;
        }
    }
    false
}

/// Which of 16 bytes a JSON string may not simply hold, as a mask, the first byte lowest: quote, backslash, control
/// characters, and what is beyond ASCII, which must be UTF-8.
#[inline]
pub(crate) fn specials(block: &[u8; 16]) -> u32 {
    NATIVE.specials(block)
}

fn validate_by<B: Blocks>(blocks: B, bytes: &[u8], text: Span) -> Result<Valid, JsonError> {
    let mut reader = Reader::new(blocks, bytes, text);
    let Some(start) = reader.first() else { return Err(exact::problem(text.of(bytes))) };
    let found = match bytes[start] {
        b'{' | b'[' => nested::container(&mut reader, start, 0),
        b'"' => reader.string(start + 1).map(|(end, _)| (end, 0)),
        // A number may go on behind the text, so the blocks are not asked.
        _ => {
            let outline = exact::check(text.of(bytes))?;
            Some(((text.start + outline.end) as usize, 0))
        }
    };
    match found.filter(|(end, _)| reader.is_all(*end)) {
        Some((end, depth)) => {
            Ok(Valid { kind: Kind::of(bytes[start]), value: Span::new(start, end), depth })
        }
        None => Err(exact::problem(text.of(bytes))),
    }
}

fn members_by<B: Blocks>(
    blocks: B,
    bytes: &[u8],
    value: Span,
    push: impl FnMut(Member),
) -> Listing {
    let mut reader = Reader::new(blocks, bytes, value);
    let start = value.start as usize;
    let seen = walk::walk(&mut reader, start, &mut Layout::blind(), push).unwrap_or_default();
    Listing { kind: Kind::of(bytes[start]), duplicates: seen.duplicates, escaped: seen.escaped }
}
