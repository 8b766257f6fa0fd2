//! What the scan asks of a block of bytes, and arithmetic on masks with one bit for each byte, the first byte lowest.

/// Operations on blocks of bytes. The twins in `portable` and `simd` answer the same.
pub(super) trait Blocks: Copy {
    /// Bytes that the inside of a string cannot simply pass: quote, backslash, below 0x20, and above 0x7f.
    fn specials(self, block: &[u8; 16]) -> u32;

    /// ASCII digits.
    fn digits(self, block: &[u8; 16]) -> u32;

    /// Bytes that differ.
    fn differences(self, left: &[u8; 32], right: &[u8; 32]) -> u32;

    /// What ends a string or matters in it.
    fn quoted(self, block: &[u8; 64]) -> Quoted;

    /// What gives a text its structure.
    fn structure(self, block: &[u8; 64]) -> Structure;

    /// The four blanks of JSON.
    fn blanks(self, block: &[u8; 64]) -> u64;
}

/// Masks of a block that lies in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Quoted {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    /// Below 0x20.
    pub(super) control: u64,
    /// Whether any byte is above 0x7f.
    pub(super) beyond_ascii: bool,
}

/// Masks of a block that may begin and end anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Structure {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    /// `{` and `[`
    pub(super) open: u64,
    /// `}` and `]`
    pub(super) close: u64,
    pub(super) comma: u64,
    pub(super) colon: u64,
    /// At most 0x20: blanks and control characters.
    pub(super) low: u64,
    /// Whether any byte is below 0x20, so that `low` may be more than spaces.
    pub(super) any_control: bool,
    /// Whether any byte is above 0x7f.
    pub(super) beyond_ascii: bool,
}

/// Each bit is the parity of itself and the bits below it: from quotes, the insides of strings.
pub(super) const fn parity_below(mut mask: u64) -> u64 {
    mask ^= mask << 1;
    mask ^= mask << 2;
    mask ^= mask << 4;
    mask ^= mask << 8;
    mask ^= mask << 16;
    mask ^ mask << 32
}

/// The bytes that a backslash escapes. `carry` says whether the block before ended in an open escape, and is set for
/// the next one.
pub(super) const fn escaped(backslash: u64, carry: &mut u64) -> u64 {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    if backslash == 0 {
        return core::mem::replace(carry, 0);
    }
    // Runs of backslashes: those at even places of a run escape what follows. Adding to the starts of runs that begin
    // at odd places carries to the ends of these runs.
    let backslash = backslash & !*carry;
    let follows = backslash << 1 | *carry;
    let odd_starts = backslash & !EVEN & !follows;
    let (ends, overflow) = odd_starts.overflowing_add(backslash);
    *carry = overflow as u64;
    (EVEN ^ ends << 1) & follows
}
