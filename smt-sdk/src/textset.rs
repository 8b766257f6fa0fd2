//! A set of texts that a field is looked up in without a copy, and for small sets without a loop.

use crate::field::Field;
use crate::text;

/// How many short texts are compared together, without a loop.
const TOGETHER: usize = 4;

/// Texts to look a field up in. Comparison is exact, and by meaning where the field is spelt with escapes.
///
/// ```
/// use smt_sdk::TextSet;
///
/// let allowed = TextSet::new(["BU1", "BU2"]);
/// assert!(allowed.contains("BU1"));
/// assert!(!allowed.contains("bu1"));
/// ```
#[derive(Debug, Clone)]
pub struct TextSet {
    /// Of a set of few and short texts.
    few: Option<[[Short; TOGETHER]; 2]>,
    /// As JSON spells them in the common way, quotes included; sorted.
    spelt: Vec<Box<[u8]>>,
}

/// A JSON string of 2 to 16 bytes as two numbers: the first and the last eight bytes (or four, or two), which may
/// overlap. The length is folded into the first byte, which is a quote in all of them.
#[derive(Debug, Clone, Copy)]
struct Short {
    first: u64,
    last: u64,
}

impl Short {
    /// Equal to no JSON string: each has a first byte that is not zero.
    const NONE: Self = Self { first: 0, last: 0 };

    #[inline]
    fn new(bytes: &[u8]) -> Option<Self> {
        let len = bytes.len();
        let eight = (bytes.first_chunk(), bytes.last_chunk());
        let four = (bytes.first_chunk(), bytes.last_chunk());
        let two = (bytes.first_chunk(), bytes.last_chunk());
        let (first, last) = match (eight, four, two) {
            _ if len > 16 || bytes.first() != Some(&b'"') => return None,
            ((Some(first), Some(last)), _, _) => {
                (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
            }
            (_, (Some(first), Some(last)), _) => {
                (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into())
            }
            (_, _, (Some(first), Some(last))) => {
                (u16::from_le_bytes(*first).into(), u16::from_le_bytes(*last).into())
            }
            _ => return None,
        };
        Some(Self { first: first ^ len as u64, last })
    }

    #[inline]
    fn is_among(self, others: &[Self; TOGETHER]) -> bool {
        let differs = |other: &Self| (self.first ^ other.first) | (self.last ^ other.last);
        // No early end: comparing all of them is straight-line code.
        others.iter().map(|other| u32::from(differs(other) == 0)).sum::<u32>() > 0
    }
}

impl TextSet {
    /// A set of these texts.
    pub fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut spelt: Vec<Box<[u8]>> = Vec::new();
        for text in texts {
            let text = spell(text.as_ref()).into_boxed_slice();
            // Inserted one by one: a sort is five kilobytes of code.
            if let Err(at) = spelt.binary_search(&text) {
                spelt.insert(at, text);
            }
        }
        Self { few: few(&spelt), spelt }
    }

    /// True if the text is in the set.
    pub fn contains(&self, text: &str) -> bool {
        self.has(&spell(text))
    }

    /// True if the field is a string in the set. Allocates only where the field is spelt with escapes.
    #[inline]
    pub fn has_field(&self, field: Field<'_>) -> bool {
        let Some(raw) = field.bytes() else { return false };
        self.has(raw) || (field.spelt().is_some_and(text::has_backslash) && self.has_escaped(field))
    }

    #[cold]
    #[inline(never)]
    fn has_escaped(&self, field: Field<'_>) -> bool {
        field.as_text().is_some_and(|text| self.has(&spell(&text)))
    }

    #[inline]
    fn has(&self, raw: &[u8]) -> bool {
        let Some(few) = &self.few else { return self.has_among_many(raw) };
        let Some(short) = Short::new(raw) else { return false };
        short.is_among(&few[0]) || (self.spelt.len() > TOGETHER && short.is_among(&few[1]))
    }

    #[inline(never)]
    fn has_among_many(&self, raw: &[u8]) -> bool {
        self.spelt.binary_search_by(|one| one.as_ref().cmp(raw)).is_ok()
    }
}

fn spell(text: &str) -> Vec<u8> {
    let mut spelt = String::with_capacity(text.len() + 2);
    spelt.push('"');
    text::escape(text, &mut spelt);
    spelt.push('"');
    spelt.into_bytes()
}

fn few(spelt: &[Box<[u8]>]) -> Option<[[Short; TOGETHER]; 2]> {
    let mut few = [[Short::NONE; TOGETHER]; 2];
    if spelt.len() > 2 * TOGETHER {
        return None;
    }
    for (place, text) in few.as_flattened_mut().iter_mut().zip(spelt) {
        *place = Short::new(text)?;
    }
    Some(few)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], raw: &str, expected: bool) {
        let set = TextSet::new(texts);
        assert_eq!(set.has_field(Field::new(Some(raw.as_bytes()))), expected, "{raw} in {texts:?}");
    }

    #[test]
    fn only_equal_strings_are_found() {
        let many: Vec<String> = (0..40).map(|number| format!("BU{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let five = ["a", "b", "c", "d", "BU1"];
        for set in
            [&["BU1", "BU2"][..], &five, &many, &["BU1", "a name of more than sixteen bytes"]]
        {
            for (raw, expected) in [
                ("\"BU1\"", true),
                ("\"\\u0042U1\"", true),
                ("\"BU\\u0031\"", true),
                ("\"bu1\"", false),
                ("\" BU1\"", false),
                ("\"BU1 \"", false),
                ("\"BU\"", false),
                ("\"\"", false),
                ("\"\\ud800\"", false),
                ("1", false),
                ("null", false),
                ("{\"BU1\":1}", false),
            ] {
                check(set, raw, expected);
            }
        }
    }

    #[test]
    fn texts_of_every_length_are_told_apart() {
        for len in 0..40 {
            let text = "a".repeat(len);
            check(&[&text], &format!("\"{text}\""), true);
            check(&[&text], &format!("\"{text}a\""), false);
        }
        check(&["a\"b"], r#""a\"b""#, true);
        check(&["a/b"], r#""a\/b""#, true);
        assert!(!TextSet::new(["x"]).has_field(Field::new(None)));
    }
}
