//! Strings as JSON spells them: what needs an escape, escaping, and reading escapes.

/// True if a byte cannot stand in a JSON string as it is: a quote, a backslash, a control character.
#[inline]
pub(crate) fn needs_escape(bytes: &[u8]) -> bool {
    any_word(bytes, |word| {
        equal(word, b'"') | equal(word, b'\\') | (word.wrapping_sub(ONES * 0x20) & !word)
    })
}

/// True if a backslash is among the bytes.
#[inline]
pub(crate) fn has_backslash(bytes: &[u8]) -> bool {
    any_word(bytes, |word| equal(word, b'\\'))
}

/// The last `count` characters, or nothing if there are not more than that: then they would be the whole text.
///
/// ```
/// assert_eq!(smt_sdk::tail("4111222233334444", 4), Some("4444"));
/// assert_eq!(smt_sdk::tail("4444", 4), None);
/// ```
#[inline]
pub fn tail(text: &str, count: usize) -> Option<&str> {
    let at = text.len().checked_sub(count).filter(|at| *at > 0)?;
    let (_, last) = text.as_bytes().split_at(at);
    if any_word(last, |word| word) {
        return tail_beyond_ascii(text, count);
    }
    // A byte before a boundary begins no character that ends behind it.
    text.get(at..)
}

#[cold]
#[inline(never)]
fn tail_beyond_ascii(text: &str, count: usize) -> Option<&str> {
    let at = text.char_indices().rev().nth(count.checked_sub(1)?)?.0;
    text.get(at..).filter(|_| at > 0)
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Sets high bits if a byte of the word equals `byte`; as a whole it is exact, the place of the bits is not.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (ONES * u64::from(byte));
    zero.wrapping_sub(ONES) & !zero
}

/// Asks eight bytes at a time, without a loop up to 32 bytes.
#[inline]
fn any_word(bytes: &[u8], found: impl Fn(u64) -> u64) -> bool {
    let word = |chunk: &[u8; 8]| found(u64::from_le_bytes(*chunk));
    let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else {
        return found(short(bytes)) & HIGH != 0;
    };
    let mut bits = word(first) | word(last);
    if bytes.len() > 16 {
        bits |= middle(bytes, &word);
    }
    bits & HIGH != 0
}

/// Fewer than eight bytes as one word: some of them twice, or filled up with spaces.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    let mut filled = [b' '; 8];
    if let [first, .., last] = bytes {
        filled[0] = *first;
        filled[1] = bytes[bytes.len() / 2];
        filled[2] = *last;
    } else if let [only] = bytes {
        filled[0] = *only;
    }
    u64::from_le_bytes(filled)
}

/// The words between the first and the last of more than 16 bytes.
#[inline]
fn middle(bytes: &[u8], word: &impl Fn(&[u8; 8]) -> u64) -> u64 {
    let second = bytes.get(8..16).and_then(<[u8]>::first_chunk).map_or(0, word);
    let inner = bytes.len() - 16;
    let last_but_one = bytes.get(inner..inner + 8).and_then(<[u8]>::first_chunk).map_or(0, word);
    if bytes.len() <= 32 {
        return second | last_but_one;
    }
    bytes[16..].as_chunks::<8>().0.iter().fold(second, |bits, chunk| bits | word(chunk))
}

/// Appends what stands between the quotes of a JSON string.
pub(crate) fn escape(plain: &str, out: &mut String) {
    let mut rest = plain;
    // A byte that needs an escape is ASCII, so the text can be cut beside it.
    while let Some(at) = rest.bytes().position(is_odd) {
        let (before, behind) = (rest.get(..at), rest.get(at + 1..));
        out.push_str(before.unwrap_or_default());
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            byte => {
                let low = b"0123456789abcdef"[usize::from(byte & 15)];
                out.push_str(if byte < 16 { "\\u000" } else { "\\u001" });
                out.push(char::from(low));
            }
        }
        rest = behind.unwrap_or_default();
    }
    out.push_str(rest);
}

const fn is_odd(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Reads the escapes of what stands between the quotes. Nothing for half of a surrogate pair or an unknown escape.
#[cold]
#[inline(never)]
pub(crate) fn unescape(spelt: &str) -> Option<String> {
    let mut plain = String::with_capacity(spelt.len());
    let mut rest = spelt;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut chars = after.chars();
        let c = match chars.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            c @ ('"' | '\\' | '/') => c,
            'u' => {
                let (c, left) = code_point(chars.as_str())?;
                plain.push(c);
                rest = left;
                continue;
            }
            _ => return None,
        };
        plain.push(c);
        rest = chars.as_str();
    }
    plain.push_str(rest);
    Some(plain)
}

/// The character behind `\u`, and what follows it.
fn code_point(spelt: &str) -> Option<(char, &str)> {
    let (high, rest) = hex(spelt)?;
    if !(0xD800..0xDC00).contains(&high) {
        return Some((char::from_u32(high)?, rest));
    }
    let (low, rest) = hex(rest.strip_prefix("\\u")?)?;
    let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + low)?, rest))
}

fn hex(spelt: &str) -> Option<(u32, &str)> {
    let (digits, rest) = spelt.split_at_checked(4)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok())?.map(|number| (number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_odd_byte_is_found_at_every_place() {
        for len in 0..100_usize {
            let mut bytes = vec![b'a'; len];
            assert!(!needs_escape(&bytes) && !has_backslash(&bytes));
            for at in 0..len {
                for byte in 0..=255 {
                    bytes[at] = byte;
                    let odd = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(needs_escape(&bytes), odd, "{byte} at {at} of {len}");
                    assert_eq!(has_backslash(&bytes), byte == b'\\', "{byte} at {at} of {len}");
                }
                bytes[at] = b'a';
            }
        }
    }

    #[test]
    fn tails_are_counted_in_characters() {
        for (text, count, expected) in [
            ("12345678", 4, Some("5678")),
            ("1234", 4, None),
            ("", 4, None),
            ("äöü1234", 4, Some("1234")),
            ("1234äöü😀", 4, Some("äöü😀")),
            ("äöü😀", 4, None),
            ("äöü", 1, Some("ü")),
            ("abc", 0, Some("")),
            ("a", 9, None),
        ] {
            assert_eq!(tail(text, count), expected, "{text} {count}");
        }
    }

    #[test]
    fn escapes_are_read_and_written() {
        for (spelt, plain) in [
            ("a", Some("a")),
            ("\\u0042U1", Some("BU1")),
            ("\\ud83d\\ude00!", Some("😀!")),
            ("\\\"\\\\\\/\\b\\f\\n\\r\\t", Some("\"\\/\u{8}\u{c}\n\r\t")),
            ("é\\u00E9", Some("éé")),
            ("\\ud83d", None),
            ("\\ud83d\\u0041", None),
            ("\\ude00", None),
            ("\\u12", None),
            ("\\u+123", None),
            ("\\x", None),
        ] {
            assert_eq!(unescape(spelt).as_deref(), plain, "{spelt}");
            if let Some(plain) = plain {
                let mut again = String::new();
                escape(plain, &mut again);
                assert_eq!(unescape(&again).as_deref(), Some(plain));
                assert!(!again.bytes().any(|byte| byte < 0x20));
            }
        }
    }
}
