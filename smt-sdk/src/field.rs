//! One slot of one record, as it came.

use crate::exports;
use crate::text;
use std::borrow::Cow;
use std::fmt;

/// What a slot holds in one record. Absent, `null` and empty are three things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    raw: Option<&'a [u8]>,
}

/// What kind of JSON a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The field is not there.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// What a JSON text is, by its first byte.
    #[inline]
    pub(crate) const fn of(first: u8) -> Self {
        match first {
            b'"' => Self::Text,
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'n' => Self::Null,
            b't' | b'f' => Self::Boolean,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "nothing",
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

impl<'a> Field<'a> {
    #[inline]
    pub(crate) const fn new(raw: Option<&'a [u8]>) -> Self {
        Self { raw }
    }

    #[inline]
    pub(crate) const fn bytes(self) -> Option<&'a [u8]> {
        self.raw
    }

    /// The JSON text exactly as it came, or nothing where the field is absent.
    #[inline]
    pub fn raw(self) -> Option<&'a str> {
        self.raw.map(exports::json_text)
    }

    /// What kind of JSON it is.
    #[inline]
    pub fn kind(self) -> Kind {
        match self.raw {
            Some([first, ..]) => Kind::of(*first),
            _ => Kind::Absent,
        }
    }

    /// True if the field is not there.
    #[inline]
    pub const fn is_absent(self) -> bool {
        self.raw.is_none()
    }

    /// True if the field is there and `null`.
    #[inline]
    pub const fn is_null(self) -> bool {
        matches!(self.raw, Some([b'n', ..]))
    }

    /// True if the field is absent, `null` or the empty string.
    #[inline]
    pub const fn is_blank(self) -> bool {
        matches!(self.raw, None | Some([b'n', ..] | b"\"\""))
    }

    /// The text of a string; nothing for all else, and for half of a surrogate pair. Allocates only for escapes.
    #[inline]
    pub fn as_text(self) -> Option<Cow<'a, str>> {
        let spelt = self.spelt()?;
        if text::has_backslash(spelt) {
            return text::unescape(exports::json_text(spelt)).map(Cow::Owned);
        }
        Some(Cow::Borrowed(exports::json_text(spelt)))
    }

    /// What stands between the quotes of a string.
    #[inline]
    pub(crate) fn spelt(self) -> Option<&'a [u8]> {
        match self.raw {
            Some([b'"', spelt @ .., b'"']) => Some(spelt),
            _ => None,
        }
    }
}
