//! [`Blocks`] eight bytes at a time, on any machine.

#![expect(clippy::cast_possible_truncation, reason = "16 bytes have a mask of 16 bits")]

use super::blocks::{Blocks, Quoted, Structure};

/// The twin of the vector instructions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Portable;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

impl Blocks for Portable {
    #[inline]
    fn specials(self, block: &[u8; 16]) -> u32 {
        mask(block, |word| {
            equal(word, b'"') | equal(word, b'\\') | below(word, 0x20) | word & HIGHS
        }) as u32
    }

    #[inline]
    fn digits(self, block: &[u8; 16]) -> u32 {
        mask(block, |word| below(word, b'9' + 1) & !below(word, b'0')) as u32
    }

    #[inline]
    fn differences(self, left: &[u8; 32], right: &[u8; 32]) -> u32 {
        let mut both = [0; 32];
        for (both, (left, right)) in both.iter_mut().zip(left.iter().zip(right)) {
            *both = left ^ right;
        }
        !(mask(&both, |word| equal(word, 0)) as u32)
    }

    #[inline]
    fn quoted(self, block: &[u8; 64]) -> Quoted {
        Quoted {
            quote: mask(block, |word| equal(word, b'"')),
            backslash: mask(block, |word| equal(word, b'\\')),
            control: mask(block, |word| below(word, 0x20)),
            beyond_ascii: mask(block, |word| word & HIGHS) != 0,
        }
    }

    #[inline]
    fn structure(self, block: &[u8; 64]) -> Structure {
        Structure {
            quote: mask(block, |word| equal(word, b'"')),
            backslash: mask(block, |word| equal(word, b'\\')),
            open: mask(block, |word| equal(word, b'{') | equal(word, b'[')),
            close: mask(block, |word| equal(word, b'}') | equal(word, b']')),
            comma: mask(block, |word| equal(word, b',')),
            colon: mask(block, |word| equal(word, b':')),
            low: mask(block, |word| below(word, 0x21)),
            any_control: mask(block, |word| below(word, 0x20)) != 0,
            beyond_ascii: mask(block, |word| word & HIGHS) != 0,
        }
    }

    #[inline]
    fn blanks(self, block: &[u8; 64]) -> u64 {
        mask(block, |word| {
            equal(word, b' ') | equal(word, b'\t') | equal(word, b'\n') | equal(word, b'\r')
        })
    }
}

/// One bit for each byte whose high bit `find` leaves set.
#[inline]
fn mask(block: &[u8], find: impl Fn(u64) -> u64) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    let mut mask = 0;
    for (at, word) in words.iter().enumerate() {
        // Each high bit is moved to a bit of its own in the top byte.
        let found = find(u64::from_le_bytes(*word)) >> 7 & ONES;
        mask |= (found.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * at);
    }
    mask
}

/// The high bits of the bytes that are `byte`.
#[inline]
const fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (ONES * byte as u64);
    !(((zero & !HIGHS) + !HIGHS) | zero | !HIGHS)
}

/// The high bits of the bytes below `limit`, which is at most 0x80.
#[inline]
const fn below(word: u64, limit: u8) -> u64 {
    // The low seven bits plus what is missing to 0x80 carry into the high bit unless they are below the limit.
    !(((word & !HIGHS) + ONES * (0x80 - limit as u64)) | word) & HIGHS
}
