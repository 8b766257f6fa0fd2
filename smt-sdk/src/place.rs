//! Where an edit happens: a declared slot or path, or a path written out.

use smt_abi::operation::Root;
use smt_abi::path::{Step, steps};

/// Handle of a declared slot: a place in the value or the key, or a header, that is read and may be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub(crate) index: u16,
    pub(crate) root: Root,
}

/// Handle of a declared path: a place that is edited and not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    pub(crate) index: u16,
    pub(crate) root: Root,
}

/// Where an edit happens. A text alone is a path in the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub(crate) root: Root,
    pub(crate) at: At<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At<'a> {
    Slot(u16),
    Path(u16),
    Text(&'a str),
}

impl<'a> Place<'a> {
    /// The whole value.
    pub const VALUE: Self = Self::value("");
    /// The whole key.
    pub const KEY: Self = Self::key("");

    /// A place in the value, in path syntax.
    pub const fn value(path: &'a str) -> Self {
        Self { root: Root::Value, at: At::Text(path) }
    }

    /// A place in the key, in path syntax.
    pub const fn key(path: &'a str) -> Self {
        Self { root: Root::Key, at: At::Text(path) }
    }

    /// The headers with this name.
    pub const fn header(name: &'a str) -> Self {
        Self { root: Root::Header, at: At::Text(name) }
    }
}

impl<'a> From<&'a str> for Place<'a> {
    #[inline]
    fn from(path: &'a str) -> Self {
        Self::value(path)
    }
}

impl<'a> From<&'a String> for Place<'a> {
    #[inline]
    fn from(path: &'a String) -> Self {
        Self::value(path)
    }
}

impl From<Slot> for Place<'_> {
    #[inline]
    fn from(slot: Slot) -> Self {
        Self { root: slot.root, at: At::Slot(slot.index) }
    }
}

impl From<Path> for Place<'_> {
    #[inline]
    fn from(path: Path) -> Self {
        Self { root: path.root, at: At::Path(path.index) }
    }
}

/// The path, its first step in backticks where a slot's name would mean something else by it.
pub(crate) fn quoted(path: &str) -> String {
    let dollar = path == "$" || path.starts_with("$.") || path.starts_with("$[");
    if !path.starts_with('@') && !dollar {
        return path.to_owned();
    }
    let ends = |at: &usize| begins_step(path.get(*at..).unwrap_or_default());
    let end = (1..path.len()).find(ends).unwrap_or(path.len());
    let (first, rest) = (path.get(..end).unwrap_or(path), path.get(end..).unwrap_or_default());
    format!("`{first}`{rest}")
}

/// True for a dot, and for a bracket that is read as an index.
fn begins_step(rest: &str) -> bool {
    match rest.as_bytes() {
        [b'.', ..] => true,
        [b'[', ..] => matches!(steps(rest).next(), Some(Ok(Step::Index(_)))),
        _ => false,
    }
}

/// The path of the member with exactly this name: in backticks where a path would read it otherwise.
///
/// ```
/// assert_eq!(smt_sdk::member("price"), "price");
/// assert_eq!(smt_sdk::member("price.eur"), "`price.eur`");
/// ```
pub fn member(name: &str) -> String {
    let odd = |byte: u8| matches!(byte, b'.' | b'[' | b'`');
    if !name.is_empty() && !name.bytes().any(odd) && !name.starts_with(['@', '$']) {
        return name.to_owned();
    }
    let mut path = String::from("`");
    for (at, piece) in name.split('`').enumerate() {
        path.push_str(if at == 0 { "" } else { "\\`" });
        path.push_str(piece);
    }
    path.push('`');
    path
}
