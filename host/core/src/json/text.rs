//! Keys and strings: what a spelling means, and how a text is spelt.

use super::{NATIVE, blocks::Blocks as _};

/// True if a key that is `spelt` so means `name`.
///
/// `escaped` says whether the spelling has a backslash, so that most keys are compared byte by byte. A lone surrogate
/// means no character, so a key with one is equal to no valid name.
pub fn key_is(spelt: &[u8], escaped: bool, name: &[u8]) -> bool {
    if escaped { meaning(spelt).eq(name.iter().copied()) } else { spelt == name }
}

/// Appends what the content of a validated string means, as UTF-8.
///
/// A lone surrogate has no UTF-8: U+FFFD is appended in its place, and the answer is false, so that a caller who must
/// not change a text can refuse it. An escape that JSON does not know is treated the same.
pub fn unescape(spelt: &[u8], out: &mut Vec<u8>) -> bool {
    let mut whole = true;
    let mut rest = spelt;
    while let Some((at, _)) = rest.iter().enumerate().find(|(_, byte)| **byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        let (unit, after) = take_escape(&rest[at..]);
        let character = unit.and_then(char::from_u32);
        whole &= character.is_some();
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = after;
    }
    out.extend_from_slice(rest);
    whole
}

/// Appends `text` as a JSON string, quotes included.
///
/// Only what must be escaped is, by the shortest escape there is; other characters stay as they are.
pub fn escape(text: &str, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = first_escaped(rest) {
        out.extend_from_slice(&rest[..at]);
        let byte = rest[at];
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                let digits = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// The first byte that must be escaped.
fn first_escaped(text: &[u8]) -> Option<usize> {
    let must = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
    let mut at = 0;
    while let Some(block) = text[at..].first_chunk::<16>() {
        match NATIVE.specials(block) {
            0 => at += 16,
            specials => {
                at += specials.trailing_zeros() as usize;
                // What is beyond ASCII stays as it is, and more of it mostly follows.
                let beyond = text[at..].iter().take_while(|byte| **byte > 0x7F).count();
                if beyond == 0 {
                    return Some(at);
                }
                at += beyond;
            }
        }
    }
    text[at..].iter().position(must).map(|found| at + found)
}

/// The bytes that a spelling means. A lone surrogate gives the three bytes of its number, which UTF-8 has no use for,
/// so that two keys mean the same exactly if these bytes are the same.
pub(super) fn meaning(spelt: &[u8]) -> Meaning<'_> {
    Meaning { rest: spelt, units: [0; 4], at: 4 }
}

/// Iterator over the bytes that a spelling means; see [`meaning`].
pub(super) struct Meaning<'a> {
    rest: &'a [u8],
    /// The last bytes of this array are those of the latest escape.
    units: [u8; 4],
    at: usize,
}

impl Iterator for Meaning<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let Some(byte) = self.units.get(self.at) {
            self.at += 1;
            return Some(*byte);
        }
        let (first, after) = self.rest.split_first()?;
        if *first != b'\\' {
            self.rest = after;
            return Some(*first);
        }
        let (unit, after) = take_escape(self.rest);
        self.rest = after;
        let (units, len) = encode(unit.unwrap_or(0xFFFD));
        self.units = units;
        self.at = 4 - len;
        self.next()
    }
}

/// Reads the escape that `spelt` begins with: what it means, a surrogate only if it is alone, and what follows.
/// Nothing is meant by what is no escape of JSON.
fn take_escape(spelt: &[u8]) -> (Option<u32>, &[u8]) {
    let after = spelt.get(2..).unwrap_or_default();
    let meant = match spelt.get(1) {
        Some(b'b') => 0x08,
        Some(b'f') => 0x0C,
        Some(b'n') => 0x0A,
        Some(b'r') => 0x0D,
        Some(b't') => 0x09,
        Some(byte @ (b'"' | b'\\' | b'/')) => u32::from(*byte),
        Some(b'u') => return take_unicode(after),
        _ => return (None, after),
    };
    (Some(meant), after)
}

/// Reads four digits, and a second half if they are the first half of a surrogate pair.
fn take_unicode(digits: &[u8]) -> (Option<u32>, &[u8]) {
    let Some((high, after)) = hex(digits) else { return (None, digits) };
    let low = match after {
        [b'\\', b'u', low @ ..] if matches!(high, 0xD800..0xDC00) => hex(low),
        _ => None,
    };
    match low {
        Some((low @ 0xDC00..0xE000, after)) => {
            (Some(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)), after)
        }
        _ => (Some(high), after),
    }
}

fn hex(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, after) = text.split_first_chunk::<4>()?;
    let mut value = 0;
    for digit in digits {
        value = value << 4 | char::from(*digit).to_digit(16)?;
    }
    Some((value, after))
}

/// The bytes of a character, or of a surrogate, at the end of an array.
#[expect(clippy::cast_possible_truncation, reason = "each byte is masked to its bits")]
fn encode(unit: u32) -> ([u8; 4], usize) {
    let tail = |shift: u32| 0x80 | (unit >> shift & 0x3F) as u8;
    match unit {
        0..0x80 => ([0, 0, 0, unit as u8], 1),
        0x80..0x800 => ([0, 0, 0xC0 | (unit >> 6) as u8, tail(0)], 2),
        0x800..0x1_0000 => ([0, 0xE0 | (unit >> 12) as u8, tail(6), tail(0)], 3),
        _ => ([0xF0 | (unit >> 18) as u8, tail(12), tail(6), tail(0)], 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_compared_by_meaning() {
        for (spelt, name, same) in [
            ("business_unit", "business_unit", true),
            (r"business\u005funit", "business_unit", true),
            (r"\ud83d\ude00", "😀", true),
            (r"\/\\\b", "/\\\u{8}", true),
            (r"\ud83d", "\u{FFFD}", false),
            (r"a\u00e4", "aä", true),
            (r"a\u00e4", "a", false),
        ] {
            assert_eq!(
                key_is(spelt.as_bytes(), spelt.contains('\\'), name.as_bytes()),
                same,
                "{spelt}"
            );
        }
    }

    #[test]
    fn lone_surrogates_are_replaced_and_told() {
        for (spelt, text) in [
            (r"a\ud800b", "a\u{FFFD}b"),
            (r"\ude00\ud83d", "\u{FFFD}\u{FFFD}"),
            (r"\ud83d\ud83d\ude00", "\u{FFFD}😀"),
        ] {
            let mut out = Vec::new();
            assert!(!unescape(spelt.as_bytes(), &mut out));
            assert_eq!(out, text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn strings_survive_a_round_trip(text in any::<String>()) {
            let mut spelt = Vec::new();
            escape(&text, &mut spelt);
            prop_assert_eq!(&spelt, &serde_json::to_vec(&text).unwrap());
            let mut back = Vec::new();
            prop_assert!(unescape(&spelt[1..spelt.len() - 1], &mut back));
            prop_assert_eq!(back, text.as_bytes());
        }
    }
}
