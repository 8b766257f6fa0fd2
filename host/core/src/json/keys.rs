//! The keys of one object as a set, to find two that mean the same.

use super::{Span, text::meaning};

/// Up to this many keys are compared as they come; more are sorted at the end, so that no choice of keys is slow.
const FEW: usize = 32;

/// A key of an object.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Key {
    pub(super) hash: u32,
    pub(super) spelt: Span,
    pub(super) escaped: bool,
}

/// A set of keys of one object.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// One bit for a part of the hash: most keys are new by that alone.
    filter: [u64; 8],
    few: [Key; FEW],
    count: usize,
    /// All keys, if there are more than few.
    many: Vec<Key>,
}

impl Keys {
    /// Forgets all keys.
    pub(super) fn clear(&mut self) {
        if self.count > 0 {
            self.filter = [0; 8];
            self.count = 0;
            self.many.clear();
        }
    }

    /// Adds a key. True if one that means the same is found already; among many keys only [`Self::finish`] finds it.
    pub(super) fn insert(&mut self, bytes: &[u8], key: Key) -> bool {
        let (word, bit) = ((key.hash >> 29) as usize, 1 << (key.hash >> 23 & 63));
        let suspect = self.filter[word] & bit != 0;
        self.filter[word] |= bit;
        if self.count < FEW {
            let known = &self.few[..self.count];
            let found = suspect && known.iter().any(|known| known.means(bytes, key));
            self.few[self.count] = key;
            self.count += 1;
            return found;
        }
        if self.many.is_empty() {
            self.many.extend_from_slice(&self.few);
        }
        self.many.push(key);
        false
    }

    /// True if two of many keys mean the same.
    pub(super) fn finish(&mut self, bytes: &[u8]) -> bool {
        let order = |left: &Key, right: &Key| {
            left.hash.cmp(&right.hash).then_with(|| left.meaning(bytes).cmp(right.meaning(bytes)))
        };
        self.many.sort_unstable_by(order);
        self.many.windows(2).any(|pair| order(&pair[0], &pair[1]).is_eq())
    }
}

impl Key {
    fn means(&self, bytes: &[u8], other: Self) -> bool {
        if self.hash != other.hash {
            return false;
        }
        if self.escaped || other.escaped {
            self.meaning(bytes).eq(other.meaning(bytes))
        } else {
            self.spelt.of(bytes) == other.spelt.of(bytes)
        }
    }

    fn meaning<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = u8> + 'a {
        meaning(self.spelt.of(bytes))
    }
}

/// A hash of the `len` bytes from `start` on, after which 8 more are readable.
///
/// It is quick and easy to collide: nothing may be slow for keys whose hashes are the same.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "at most 8")]
pub(super) fn hash(padded: &[u8], start: usize, len: usize) -> u32 {
    let word = |at: usize| {
        padded.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |word| u64::from_le_bytes(*word))
    };
    // Without a branch, because the lengths of keys are hard to foresee.
    let mask = u64::MAX.checked_shr(64 - 8 * len.min(8) as u32).unwrap_or(0);
    let last = start + len.saturating_sub(8);
    mix(word(start) & mask, word(last) & mask, len)
}

/// [`hash`] of bytes that do not stand side by side.
pub(super) fn hash_of(bytes: impl Iterator<Item = u8>) -> u32 {
    let (mut first, mut last, mut len) = (0, 0_u64, 0);
    for byte in bytes {
        last = last >> 8 | u64::from(byte) << 56;
        len += 1;
        if len <= 8 {
            first = last >> (64 - 8 * len);
        }
    }
    mix(first, if len < 8 { first } else { last }, len)
}

#[inline]
fn mix(first: u64, last: u64, len: usize) -> u32 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    ((first ^ last.rotate_left(23) ^ len as u64).wrapping_mul(ODD) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_hashes_are_the_same() {
        let bytes: Vec<u8> = (1..100).collect();
        for (start, len) in (0..20).flat_map(|start| (0..40).map(move |len| (start, len))) {
            let streamed = hash_of(bytes[start..start + len].iter().copied());
            assert_eq!(hash(&bytes, start, len), streamed, "{start} {len}");
        }
    }
}
