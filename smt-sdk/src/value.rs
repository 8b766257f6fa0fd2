//! What an edit writes: values that spell themselves as JSON.

use crate::json::Json;
use crate::output::Output;
use std::borrow::Cow;

/// A value that spells itself as one JSON text.
///
/// ```
/// use smt_sdk::{JsonWriter, ToJson};
///
/// struct Celsius(i64);
///
/// impl ToJson for Celsius {
///     fn write_json(&self, to: &mut JsonWriter<'_>) {
///         to.raw("{\"celsius\":");
///         self.0.write_json(to);
///         to.raw("}");
///     }
/// }
/// ```
pub trait ToJson {
    /// Writes the text.
    fn write_json(&self, to: &mut JsonWriter<'_>);
}

/// Takes the pieces of a JSON text, straight into the answer.
#[derive(Debug)]
pub struct JsonWriter<'a> {
    out: &'a mut Output,
}

impl<'a> JsonWriter<'a> {
    #[inline]
    pub(crate) const fn new(out: &'a mut Output) -> Self {
        Self { out }
    }

    /// Writes a piece of JSON as it is. The host refuses a whole that is not JSON, with `guest-bad-json`.
    #[inline]
    pub fn raw(&mut self, json: &str) {
        self.out.push(json.as_bytes());
    }

    /// Writes a string: quotes, and escapes where they are needed.
    #[inline]
    pub fn text(&mut self, plain: &str) {
        self.joined([plain]);
    }

    /// Writes one string made of several pieces.
    #[inline]
    pub fn joined<const N: usize>(&mut self, pieces: [&str; N]) {
        self.out.push_string(pieces);
    }

    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.out.push(bytes);
    }
}

/// A JSON text that is written as it is, for instance a number in the spelling it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a>(pub &'a str);

/// One string made of several pieces, without putting them together first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined<'a, const N: usize>(pub [&'a str; N]);

impl ToJson for Raw<'_> {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        to.raw(self.0);
    }
}

impl<const N: usize> ToJson for Joined<'_, N> {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        to.joined(self.0);
    }
}

impl ToJson for str {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        to.text(self);
    }
}

impl ToJson for String {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        to.text(self);
    }
}

impl ToJson for Cow<'_, str> {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        to.text(self);
    }
}

impl ToJson for bool {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        to.raw(if *self { "true" } else { "false" });
    }
}

impl ToJson for i32 {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        i64::from(*self).write_json(to);
    }
}

impl ToJson for i64 {
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        let mut digits = [b'0'; 20];
        let mut at = digits.len();
        let mut left = self.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        if *self < 0 {
            to.raw("-");
        }
        to.bytes(&digits[at..]);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        match self {
            Some(value) => value.write_json(to),
            None => to.raw("null"),
        }
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    #[inline]
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        T::write_json(self, to);
    }
}

impl ToJson for Json {
    fn write_json(&self, to: &mut JsonWriter<'_>) {
        to.raw(&self.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: impl ToJson, expected: &str) {
        let mut out = Output::new();
        value.write_json(&mut JsonWriter::new(&mut out));
        assert_eq!(str::from_utf8(out.written()), Ok(expected));
    }

    #[test]
    fn values_spell_themselves() {
        check("a\"b\\c\u{1}é😀", r#""a\"b\\c\u0001é😀""#);
        check(Joined(["****", "1234"]), "\"****1234\"");
        check(Raw("1.50"), "1.50");
        check(0, "0");
        check(i64::MIN, "-9223372036854775808");
        check(i64::MAX, "9223372036854775807");
        check(None::<bool>, "null");
        check(Some(true), "true");
        check(Json::Array(vec![Json::Null, "x".into()]), r#"[null,"x"]"#);
    }
}
