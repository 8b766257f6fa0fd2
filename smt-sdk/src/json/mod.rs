//! A small JSON tree: order kept, numbers exactly as they are spelt.

mod parse;

pub(crate) use parse::{Build, parse};

use crate::text;
use std::error::Error;
use std::fmt;

/// A JSON value.
///
/// ```
/// use smt_sdk::Json;
///
/// let mut value = Json::parse(r#"{"price": 1.50, "note": "caf\u00e9"}"#)?;
/// value.set("note", "tea");
/// assert_eq!(value.to_string(), r#"{"price":1.50,"note":"tea"}"#);
/// # Ok::<(), smt_sdk::JsonError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, exactly as it is spelt.
    Number(String),
    /// A string, its escapes read.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object: members in the order they came, duplicates kept.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one JSON text.
    ///
    /// # Errors
    /// [`JsonError`] if it is no JSON, nests too deep, or holds half of a surrogate pair, which no text can keep.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        parse(text)
    }

    /// The member with this name, the last of several; nothing where there is none or this is no object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The members of an object; none of anything else.
    pub fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// Replaces the member with this name, the last of several, or appends it. Nothing happens if this is no object.
    pub fn set(&mut self, name: &str, value: impl Into<Self>) {
        let Self::Object(members) = self else { return };
        let last = members.iter().rposition(|(known, _)| known == name);
        let Some(last) = last else {
            members.push((name.to_owned(), value.into()));
            return;
        };
        members[last].1 = value.into();
        let mut at = 0;
        members.retain(|(known, _)| {
            at += 1;
            at > last || known != name
        });
    }

    /// Takes out all members with this name, and returns the last of them.
    pub fn remove(&mut self, name: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        members.extract_if(.., |(known, _)| known == name).last().map(|(_, value)| value)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// What kind of JSON it is.
    pub const fn kind(&self) -> crate::Kind {
        match self {
            Self::Null => crate::Kind::Null,
            Self::Bool(_) => crate::Kind::Boolean,
            Self::Number(_) => crate::Kind::Number,
            Self::String(_) => crate::Kind::Text,
            Self::Array(_) => crate::Kind::Array,
            Self::Object(_) => crate::Kind::Object,
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number.to_string())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl Json {
    pub(crate) fn write(&self, to: &mut String) {
        match self {
            Self::Null => to.push_str("null"),
            Self::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => to.push_str(number),
            Self::String(text) => write_text(text, to),
            Self::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    to.push(if at == 0 { '[' } else { ',' });
                    item.write(to);
                }
                to.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (at, (name, value)) in members.iter().enumerate() {
                    to.push(if at == 0 { '{' } else { ',' });
                    write_text(name, to);
                    to.push(':');
                    value.write(to);
                }
                to.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

/// Appends a string with its quotes.
pub(crate) fn write_text(plain: &str, to: &mut String) {
    to.push('"');
    text::escape(plain, to);
    to.push('"');
}

/// Why a text is no JSON that a tree can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset of what was not expected.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl JsonError {
    /// What is said of too much nesting.
    pub(crate) const NESTING: &'static str = "less nesting";

    /// True if the text may be JSON, but nests deeper than a document may.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn is_nesting(self) -> bool {
        self.expected == Self::NESTING
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl Error for JsonError {}

impl Build<'_> for Json {
    fn scalar(spelt: &str) -> Option<Self> {
        Some(match spelt {
            "null" => Self::Null,
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            _ if spelt.starts_with('"') => Self::String(plain(spelt)?),
            _ => Self::Number(spelt.to_owned()),
        })
    }

    fn array(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn object(members: Vec<(&str, Self)>) -> Option<Self> {
        let members = members.into_iter().map(|(name, value)| Some((plain(name)?, value)));
        members.collect::<Option<_>>().map(Self::Object)
    }
}

/// The text of a string that is spelt with its quotes.
pub(crate) fn plain(spelt: &str) -> Option<String> {
    let spelt = spelt.strip_prefix('"')?.strip_suffix('"')?;
    if text::has_backslash(spelt.as_bytes()) {
        text::unescape(spelt)
    } else {
        Some(spelt.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_keep_numbers_order_and_duplicates() {
        for text in [
            r#"{"b":1.10,"a":[1e2,-0.0,12345678901234567890123],"b":{"x":null}}"#,
            r#"["",true,false,[],{}]"#,
            "1",
        ] {
            assert_eq!(Json::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_json_is_refused_at_its_place() {
        for (text, at) in [
            ("", 0),
            ("01", 1),
            ("1.", 2),
            ("-", 1),
            ("1e", 2),
            ("nul", 0),
            ("[1,]", 3),
            ("{\"a\" 1}", 5),
            ("{a:1}", 1),
            ("\"a", 2),
            ("\"\n\"", 1),
            ("\"\\x\"", 1),
            ("\"\\ud800\"", 0),
            ("1 2", 2),
            ("\u{feff}1", 0),
        ] {
            assert_eq!(Json::parse(text).map_err(|error| error.at), Err(at), "{text}");
        }
        let deep = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Json::parse(&deep(128)).is_ok());
        assert!(Json::parse(&deep(129)).is_err());
    }

    #[test]
    fn the_last_of_duplicates_is_read_and_replaced() {
        let mut json = Json::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(json.get("a"), Some(&Json::from(3)));
        json.set("a", 4);
        assert_eq!(json.to_string(), r#"{"b":2,"a":4}"#);
        json.set("c", "x");
        assert_eq!(json.remove("b"), Some(Json::from(2)));
        assert_eq!(json.to_string(), r#"{"a":4,"c":"x"}"#);
    }
}
