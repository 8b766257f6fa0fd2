//! What an SMT declares when it is configured: slots it reads, paths it edits, edits that are always the same.

use crate::edit::Edits;
use crate::json::Json;
use crate::output::Output;
use crate::place::{Path, Slot, quoted};
use smt_abi::operation::Root;
use smt_abi::slot::Slot as Named;
use smt_abi::{limit, path};

/// What an SMT declares; handed to [`Smt::configure`](crate::Smt::configure).
///
/// A slot that is declared arrives with each record; a declared path is only for edits, and shortens the answer. The
/// same declaration twice gives the same handle.
#[derive(Debug, Default)]
pub struct Slots {
    pub(crate) names: Vec<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) operations: Output,
}

impl Slots {
    /// Nothing declared yet.
    pub const fn new() -> Self {
        Self { names: Vec::new(), paths: Vec::new(), operations: Output::new() }
    }

    /// A place in the value, in path syntax; the empty path is the whole value.
    pub fn value(&mut self, path: &str) -> Slot {
        self.slot(value_name(path), Root::Value)
    }

    /// A place in the key; the empty path is the whole key.
    pub fn key(&mut self, path: &str) -> Slot {
        self.slot(key_name(path), Root::Key)
    }

    /// The value of the last header with this name.
    pub fn header(&mut self, name: &str) -> Slot {
        self.slot(format!("@header.{name}"), Root::Header)
    }

    /// The topic, a string.
    pub fn topic(&mut self) -> Metadata {
        self.metadata("@topic")
    }

    /// The partition, a number; absent for a source record that chose none.
    pub fn partition(&mut self) -> Metadata {
        self.metadata("@partition")
    }

    /// The offset, a number; absent for a source record.
    pub fn offset(&mut self) -> Metadata {
        self.metadata("@offset")
    }

    /// The timestamp in milliseconds since 1970; absent where there is none.
    pub fn timestamp(&mut self) -> Metadata {
        self.metadata("@timestamp")
    }

    /// All headers: an array of `{"key": …, "value": …}`.
    pub fn headers(&mut self) -> Metadata {
        self.metadata("@headers")
    }

    /// The whole record as one object.
    pub fn record(&mut self) -> Metadata {
        self.metadata("@record")
    }

    /// A place in the value that is edited and not read.
    pub fn value_path(&mut self, path: &str) -> Path {
        self.path(value_name(path), Root::Value)
    }

    /// A place in the key that is edited and not read.
    pub fn key_path(&mut self, path: &str) -> Path {
        self.path(key_name(path), Root::Key)
    }

    /// A header that is edited and not read.
    pub fn header_path(&mut self, name: &str) -> Path {
        self.path(format!("@header.{name}"), Root::Header)
    }

    /// Edits that are the same for each record: they cross once, and
    /// [`Edits::apply_static`] applies them.
    ///
    pub fn static_edits(&mut self) -> Edits<'_> {
        Edits::open(&mut self.operations, &self.paths)
    }

    /// The description that `smt_init` answers.
    pub(crate) fn describe(&self) -> String {
        let list = |names: &[String]| {
            Json::Array(names.iter().map(|name| Json::String(name.clone())).collect())
        };
        Json::Object(vec![
            ("slots".to_owned(), list(&self.names)),
            ("paths".to_owned(), list(&self.paths)),
            ("flags".to_owned(), Json::Array(Vec::new())),
        ])
        .to_string()
    }

    /// What the host would refuse, said before it does.
    pub(crate) fn problem(&self) -> Option<String> {
        let declared = self.names.len() + self.paths.len();
        if declared > limit::SLOTS {
            let most = limit::SLOTS;
            return Some(format!("{declared} places are declared, at most {most} are possible"));
        }
        self.names.iter().chain(&self.paths).find_map(|name| {
            let (Named::Value(text) | Named::Key(text)) = Named::parse(name).ok()? else {
                return None;
            };
            let error = path::steps(text).find_map(Result::err)?;
            Some(format!("`{text}` is no path: {error}"))
        })
    }

    fn metadata(&mut self, name: &str) -> Metadata {
        Metadata(self.slot(name.to_owned(), Root::Value).index)
    }

    fn slot(&mut self, name: String, root: Root) -> Slot {
        Slot { index: position(&mut self.names, name), root }
    }

    fn path(&mut self, name: String, root: Root) -> Path {
        Path { index: position(&mut self.paths, name), root }
    }
}

/// Handle of a slot that is read and not edited: topic, partition, offset, timestamp, all headers, the whole record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata(pub(crate) u16);

fn value_name(path: &str) -> String {
    if path.is_empty() { "$".to_owned() } else { quoted(path) }
}

fn key_name(path: &str) -> String {
    match path {
        "" => "@key".to_owned(),
        _ if path.starts_with('[') => format!("@key{}", quoted_bracket(path)),
        _ => format!("@key.{path}"),
    }
}

/// A name that begins with a bracket and is no index needs the dot after `@key`.
fn quoted_bracket(text: &str) -> String {
    match path::steps(text).next() {
        Some(Ok(path::Step::Index(_))) => text.to_owned(),
        _ => format!(".{text}"),
    }
}

fn position(names: &mut Vec<String>, name: String) -> u16 {
    let known = names.iter().position(|known| *known == name);
    let index = known.unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    });
    u16::try_from(index).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_abi() {
        let mut slots = Slots::new();
        slots.value("");
        slots.value("a.b[0]");
        slots.value("@type.x");
        slots.value("$");
        slots.value("$.a");
        slots.value("$date");
        slots.value("@a[0]");
        slots.key("");
        slots.key("id");
        slots.key("[0].x");
        slots.key("[x]");
        slots.header("trace id");
        slots.topic();
        assert_eq!(
            slots.names,
            [
                "$",
                "a.b[0]",
                "`@type`.x",
                "`$`",
                "`$`.a",
                "$date",
                "`@a`[0]",
                "@key",
                "@key.id",
                "@key[0].x",
                "@key.[x]",
                "@header.trace id",
                "@topic",
            ]
        );
        assert!(slots.names.iter().all(|name| Named::parse(name).is_ok()));
    }

    #[test]
    fn the_same_place_has_one_slot() {
        let mut slots = Slots::new();
        let first = slots.value("a");
        assert_ne!(first, slots.value("b"));
        assert_eq!(first, slots.value("a"));
        assert_eq!(slots.describe(), r#"{"slots":["a","b"],"paths":[],"flags":[]}"#);
        assert_eq!(slots.problem(), None);
    }

    #[test]
    fn a_bad_path_is_named() {
        let mut slots = Slots::new();
        slots.key("`a");
        let problem = slots.problem().unwrap();
        assert!(
            problem.starts_with("`` `a` is no path") || problem.contains("backtick"),
            "{problem}"
        );
    }
}
