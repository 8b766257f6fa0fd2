//! [`Blocks`] by SSE2, which every x86-64 processor has: the only unsafe code of the scan.
//!
//! AVX2 and AVX-512 were tried for the masks of [`Structure`] and gave 4 and 10 hundredths of what `serde_json` takes
//! for nested records; asking the processor and a second and third set of code are not worth that.

use super::blocks::{Blocks, Quoted, Structure};
use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_loadu_si128, _mm_max_epu8, _mm_min_epu8,
    _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8, _mm_sub_epi8,
};

/// 16 bytes at a time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sse2;

#[expect(
    unsafe_code,
    reason = "the compiler does not count what each processor of this kind can do"
)]
impl Blocks for Sse2 {
    #[inline]
    fn specials(self, block: &[u8; 16]) -> u32 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { specials(block) }
    }

    #[inline]
    fn digits(self, block: &[u8; 16]) -> u32 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { digits(block) }
    }

    #[inline]
    fn differences(self, left: &[u8; 32], right: &[u8; 32]) -> u32 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { differences(left, right) }
    }

    #[inline]
    fn quoted(self, block: &[u8; 64]) -> Quoted {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { quoted(block) }
    }

    #[inline]
    fn structure(self, block: &[u8; 64]) -> Structure {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { structure(block) }
    }

    #[inline]
    fn blanks(self, block: &[u8; 64]) -> u64 {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { blanks(block) }
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn specials(block: &[u8; 16]) -> u32 {
    mask16(special(load(block)))
}

#[inline]
#[target_feature(enable = "sse2")]
fn digits(block: &[u8; 16]) -> u32 {
    let distance = _mm_sub_epi8(load(block), all(b'0'));
    mask16(_mm_cmpeq_epi8(_mm_min_epu8(distance, all(9)), distance))
}

#[inline]
#[target_feature(enable = "sse2")]
fn differences(left: &[u8; 32], right: &[u8; 32]) -> u32 {
    let equal = |at| mask16(_mm_cmpeq_epi8(load(half(left, at)), load(half(right, at))));
    !(equal(0) | equal(1) << 16)
}

#[inline]
#[target_feature(enable = "sse2")]
fn quoted(block: &[u8; 64]) -> Quoted {
    let parts = quarters(block);
    if mask16(any(parts.map(|part| special(part)))) == 0 {
        return Quoted::default();
    }
    let beyond_ascii = mask16(any(parts)) != 0;
    let ends = parts.map(|part| _mm_or_si128(end(part), at_most(part, 0x1F)));
    if mask16(any(ends)) == 0 {
        return Quoted { beyond_ascii, ..Quoted::default() };
    }
    Quoted {
        quote: mask64(parts, |part| equal(part, b'"')),
        backslash: mask64(parts, |part| equal(part, b'\\')),
        control: mask64(parts, |part| at_most(part, 0x1F)),
        beyond_ascii,
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn structure(block: &[u8; 64]) -> Structure {
    let parts = quarters(block);
    let lower = parts.map(|part| _mm_or_si128(part, all(0x20)));
    let least = _mm_min_epu8(_mm_min_epu8(parts[0], parts[1]), _mm_min_epu8(parts[2], parts[3]));
    Structure {
        quote: mask64(parts, |part| equal(part, b'"')),
        backslash: mask64(parts, |part| equal(part, b'\\')),
        // Bit 5 is all that `[` and `{` differ in, and `]` and `}`.
        open: mask64(lower, |part| equal(part, b'{')),
        close: mask64(lower, |part| equal(part, b'}')),
        comma: mask64(parts, |part| equal(part, b',')),
        colon: mask64(parts, |part| equal(part, b':')),
        low: mask64(parts, |part| at_most(part, 0x20)),
        any_control: mask16(at_most(least, 0x1F)) != 0,
        beyond_ascii: mask16(any(parts)) != 0,
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn blanks(block: &[u8; 64]) -> u64 {
    mask64(quarters(block), |part| {
        let spaces = _mm_or_si128(equal(part, b' '), equal(part, b'\t'));
        _mm_or_si128(spaces, _mm_or_si128(equal(part, b'\n'), equal(part, b'\r')))
    })
}

#[inline]
#[target_feature(enable = "sse2")]
#[expect(unsafe_code, reason = "the instruction takes a pointer")]
fn load(block: &[u8; 16]) -> __m128i {
    // SAFETY: the reference covers the 16 bytes that are read, and they need no alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn half(block: &[u8; 32], at: usize) -> &[u8; 16] {
    &block.as_chunks::<16>().0[at]
}

#[inline]
#[target_feature(enable = "sse2")]
fn quarters(block: &[u8; 64]) -> [__m128i; 4] {
    let (parts, _) = block.as_chunks::<16>();
    [load(&parts[0]), load(&parts[1]), load(&parts[2]), load(&parts[3])]
}

#[inline]
#[target_feature(enable = "sse2")]
fn all(byte: u8) -> __m128i {
    _mm_set1_epi8(byte.cast_signed())
}

#[inline]
#[target_feature(enable = "sse2")]
fn equal(part: __m128i, byte: u8) -> __m128i {
    _mm_cmpeq_epi8(part, all(byte))
}

#[inline]
#[target_feature(enable = "sse2")]
fn at_most(part: __m128i, limit: u8) -> __m128i {
    _mm_cmpeq_epi8(_mm_max_epu8(part, all(limit)), all(limit))
}

/// See [`Blocks::specials`]: bytes above 0x7f are negative, so that one comparison finds them and those below 0x20.
#[inline]
#[target_feature(enable = "sse2")]
fn special(part: __m128i) -> __m128i {
    _mm_or_si128(end(part), _mm_cmplt_epi8(part, all(0x20)))
}

#[inline]
#[target_feature(enable = "sse2")]
fn end(part: __m128i) -> __m128i {
    _mm_or_si128(equal(part, b'"'), equal(part, b'\\'))
}

#[inline]
#[target_feature(enable = "sse2")]
fn any(parts: [__m128i; 4]) -> __m128i {
    _mm_or_si128(_mm_or_si128(parts[0], parts[1]), _mm_or_si128(parts[2], parts[3]))
}

#[inline]
#[target_feature(enable = "sse2")]
fn mask16(part: __m128i) -> u32 {
    _mm_movemask_epi8(part).cast_unsigned()
}

#[inline]
#[target_feature(enable = "sse2")]
fn mask64(parts: [__m128i; 4], find: impl Fn(__m128i) -> __m128i) -> u64 {
    let masks = parts.map(|part| u64::from(mask16(find(part))));
    masks[0] | masks[1] << 16 | masks[2] << 32 | masks[3] << 48
}
