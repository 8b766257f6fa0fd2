//! How a place inside a JSON document is written: Kafka Connect's V2 field syntax, and `[n]` for array elements.
//!
//! Steps are separated by dots: `customer.address.city`. A step that begins with a backtick runs to the backtick
//! before a dot, an index or the end, so that a name may hold dots: `` `a.b`.c ``; ``\` `` inside it is a backtick.
//! `[n]` after a step, or at the very beginning, is the element n of an array, counted from 0: `legs[0].id`. A bracket
//! that is not digits between brackets before a dot, a bracket or the end is part of the name, as in Connect. A
//! trailing dot adds a step with the empty name. The empty path is the document itself. (KIP-821 is the source of the
//! syntax; the index is ours.)
//!
//! ```
//! use smt_abi::path::{Step, steps};
//!
//! let steps: Result<Vec<_>, _> = steps("legs[2].`venue.mic`").collect();
//! let steps = steps?;
//! assert!(matches!(&steps[0], Step::Key(key) if key.is("legs")));
//! assert!(matches!(steps[1], Step::Index(2)));
//! assert!(matches!(&steps[2], Step::Key(key) if key.is("venue.mic")));
//! # Ok::<(), smt_abi::path::PathError>(())
//! ```

use core::fmt;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The member of an object.
    Key(Key<'a>),
    /// The element of an array, counted from 0.
    Index(u32),
}

/// A member's name as it is written in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    spelt: &'a str,
    escaped: bool,
}

impl<'a> Key<'a> {
    /// The bytes of the name that the step means, one slice after the other: ``\` `` is a backtick.
    pub fn parts(self) -> impl Iterator<Item = &'a str> {
        self.spelt.split_inclusive('`').flat_map(move |piece| match piece.strip_suffix("\\`") {
            Some(text) if self.escaped => [text, "`"],
            _ => [piece, ""],
        })
    }

    /// True if the step means the member with this name.
    pub fn is(self, name: &str) -> bool {
        let mut rest = name;
        for part in self.parts() {
            let Some(after) = rest.strip_prefix(part) else { return false };
            rest = after;
        }
        rest.is_empty()
    }
}

/// Why a text is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// A step begins with a backtick, and no backtick before a dot, an index or the end follows.
    Backtick {
        /// Byte offset of the step.
        at: usize,
    },
    /// An index that does not fit 32 bits.
    Index {
        /// Byte offset of the bracket.
        at: usize,
    },
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backtick { at } => {
                write!(f, "the backtick at byte {at} of the path is never closed")
            }
            Self::Index { at } => write!(f, "the index at byte {at} of the path is too large"),
        }
    }
}

impl core::error::Error for PathError {}

/// The steps of `path`, from the outermost in. The empty path has none.
pub fn steps(path: &str) -> Steps<'_> {
    Steps { path, at: 0, state: if path.is_empty() { State::Done } else { State::First } }
}

/// Iterator over the steps of a path; see [`steps`]. It ends after an error.
#[derive(Debug, Clone)]
pub struct Steps<'a> {
    path: &'a str,
    at: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    First,
    AfterStep,
    Done,
}

impl<'a> Iterator for Steps<'a> {
    type Item = Result<Step<'a>, PathError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.path.as_bytes();
        match self.state {
            State::Done => return None,
            State::First => self.state = State::AfterStep,
            State::AfterStep if self.at == bytes.len() => return None,
            State::AfterStep if bytes[self.at] == b'.' => {
                self.at += 1;
                return Some(self.key());
            }
            State::AfterStep => {}
        }
        match index(bytes, self.at) {
            Some(found) => Some(self.index(found)),
            None => Some(self.key()),
        }
    }
}

impl<'a> Steps<'a> {
    fn index(&mut self, (digits, end): (u64, usize)) -> Result<Step<'a>, PathError> {
        let at = core::mem::replace(&mut self.at, end);
        u32::try_from(digits).map(Step::Index).map_err(|_| self.end(PathError::Index { at }))
    }

    fn key(&mut self) -> Result<Step<'a>, PathError> {
        let bytes = self.path.as_bytes();
        let start = self.at;
        if bytes.get(start) == Some(&b'`') {
            return self.quoted(start);
        }
        let ends = |at: usize| {
            at == bytes.len() || bytes[at] == b'.' || (at > start && index(bytes, at).is_some())
        };
        let end = (start..=bytes.len()).find(|at| ends(*at)).unwrap_or(bytes.len());
        self.at = end;
        Ok(Step::Key(Key { spelt: self.slice(start, end), escaped: false }))
    }

    fn quoted(&mut self, start: usize) -> Result<Step<'a>, PathError> {
        let bytes = self.path.as_bytes();
        let mut escaped = false;
        for at in start + 1..bytes.len() {
            if bytes[at] != b'`' {
                continue;
            }
            if bytes[at - 1] == b'\\' {
                escaped = true;
            } else if at + 1 == bytes.len()
                || bytes[at + 1] == b'.'
                || index(bytes, at + 1).is_some()
            {
                self.at = at + 1;
                return Ok(Step::Key(Key { spelt: self.slice(start + 1, at), escaped }));
            }
        }
        Err(self.end(PathError::Backtick { at: start }))
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.path.get(start..end).expect("steps begin and end beside ASCII characters")
    }

    fn end(&mut self, error: PathError) -> PathError {
        self.state = State::Done;
        error
    }
}

/// The index at `at`, if one stands there: its number (saturated) and where it ends.
fn index(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let rest = bytes.get(at..)?.strip_prefix(b"[")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = at + 1 + digits;
    let closed = digits > 0 && bytes.get(end) == Some(&b']');
    let followed = matches!(bytes.get(end + 1), None | Some(b'.' | b'['));
    let number = |digits: &[u8]| {
        digits.iter().fold(0_u64, |sum, digit| {
            sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
        })
    };
    (closed && followed).then(|| (number(&rest[..digits]), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String, vec::Vec};

    fn show(path: &str) -> String {
        let mut out = Vec::new();
        for step in steps(path) {
            out.push(match step {
                Ok(Step::Key(key)) => key.parts().collect::<String>(),
                Ok(Step::Index(index)) => format!("#{index}"),
                Err(error) => format!("{error:?}"),
            });
        }
        out.join("|")
    }

    #[test]
    fn paths_are_read_as_connect_reads_them() {
        for (path, expected) in [
            ("", ""),
            ("a", "a"),
            ("a.b.c", "a|b|c"),
            ("a.", "a|"),
            (".a", "|a"),
            ("`a.b`.c", "a.b|c"),
            ("`a`b`", "a`b"),
            ("``", ""),
            ("a`b`.c", "a`b`|c"),
            ("`a\\`.b`", "a`.b"),
            ("`a.b", "Backtick { at: 0 }"),
            ("x.`a", "x|Backtick { at: 2 }"),
        ] {
            assert_eq!(show(path), expected, "{path}");
        }
    }

    #[test]
    fn indices_are_ours() {
        for (path, expected) in [
            ("a[0]", "a|#0"),
            ("[3].a", "#3|a"),
            ("a[1][2].b", "a|#1|#2|b"),
            ("`a.b`[7]", "a.b|#7"),
            ("a[0]b", "a[0]b"),
            ("a[x]", "a[x]"),
            ("a[]", "a[]"),
            ("`a[0]`", "a[0]"),
            ("a[99999999999]", "a|Index { at: 1 }"),
        ] {
            assert_eq!(show(path), expected, "{path}");
        }
    }

    #[test]
    fn keys_compare_by_meaning() {
        let Some(Ok(Step::Key(key))) = steps("`a\\`.b`").next() else { panic!("a key") };
        assert!(key.is("a`.b"));
        assert!(!key.is("a\\`.b"));
        assert!(!key.is("a`.bc"));
    }
}
