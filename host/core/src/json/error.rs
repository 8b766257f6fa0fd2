//! Why a text is not JSON.

use core::fmt;

/// A text that is not JSON: where, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct JsonError {
    /// Offset of the first byte that is wrong, from the start of the text.
    pub at: u32,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Another byte stands there than can stand there.
    UnexpectedByte(Expected),
    /// The text ends inside its value, or before it.
    Truncated,
    /// A byte below 0x20 in a string; it must be escaped.
    ControlCharacter,
    /// A backslash without one of JSON's escapes after it.
    BadEscape,
    /// A number that is not written as JSON writes numbers.
    BadNumber,
    /// The text is not UTF-8.
    BadUtf8,
    /// More than [`smt_abi::limit::NESTING`] levels.
    TooDeep,
    /// Something follows the value.
    Trailing,
}

/// What could have stood where an unexpected byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A value.
    Value,
    /// A value, or the end of an empty array.
    ValueOrEnd,
    /// A key in quotes.
    Key,
    /// A key in quotes, or the end of an empty object.
    KeyOrEnd,
    /// The colon after a key.
    Colon,
    /// A comma, or the end of the array.
    CommaOrBracket,
    /// A comma, or the end of the object.
    CommaOrBrace,
}

impl JsonError {
    /// An error at byte `at` of the text.
    #[expect(clippy::cast_possible_truncation, reason = "a text is a span, and spans have 32 bits")]
    pub(super) const fn new(at: usize, problem: Problem) -> Self {
        Self { at: at as u32, problem }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedByte(expected) => write!(f, "expected {expected}"),
            Self::Truncated => f.write_str("expected the rest of a value, but the text ends"),
            Self::ControlCharacter => {
                f.write_str("expected `\\u` and four digits for the control character")
            }
            Self::BadEscape => f.write_str("expected one of JSON's escapes"),
            Self::BadNumber => f.write_str("expected a number as JSON writes it"),
            Self::BadUtf8 => f.write_str("expected UTF-8"),
            Self::TooDeep => {
                write!(
                    f,
                    "expected at most {} levels of nesting, but one more begins",
                    smt_abi::limit::NESTING
                )
            }
            Self::Trailing => {
                f.write_str("expected nothing after the value, but something follows")
            }
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "a value",
            Self::ValueOrEnd => "a value or `]`",
            Self::Key => "a key in quotes",
            Self::KeyOrEnd => "a key in quotes or `}`",
            Self::Colon => "`:`",
            Self::CommaOrBracket => "`,` or `]`",
            Self::CommaOrBrace => "`,` or `}`",
        })
    }
}
