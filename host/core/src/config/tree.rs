//! The configuration as a tree of nodes that know where they stand. Everything is checked on it, and serde reads from it.

use super::{Place, Span, place::Step};

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
    /// It, or a part of it, came from the environment or a file: it is never shown (invariant 9).
    pub(super) resolved: bool,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Nothing that can be judged: what is wrong with it has been said.
    Broken,
    Null,
    Bool(bool),
    /// A number, spelt as JSON spells it and exactly as it was written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value. Keys may repeat in a tree that has been refused for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) node: Node,
}

impl Entry {
    /// From the key to the end of the value.
    pub(super) fn span(&self) -> Span {
        Span { start: self.key_span.start, end: self.node.span.end.max(self.key_span.end) }
    }
}

impl Node {
    pub(super) fn new(span: Span, value: Value) -> Self {
        Self { span, value, resolved: false }
    }

    /// The entries of a map; none for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// True for a list of names, as a YAML list or Connect's comma string, that has none.
    pub(super) fn names_none(&self) -> bool {
        match &self.value {
            Value::List(items) => items.is_empty(),
            _ => self.text().is_some() && self.names().is_empty(),
        }
    }

    /// True for a list of names, one at least, of which each is there.
    pub(super) fn is_all_names(&self) -> bool {
        let names = self.names().len();
        names > 0 && (self.text().is_some() || names == self.items().len())
    }

    /// True if it can be judged: nothing about it has been refused yet.
    pub(super) fn is_whole(&self) -> bool {
        self.value != Value::Broken
    }

    pub(super) fn is_true(&self) -> bool {
        self.value == Value::Bool(true)
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// The names that a list setting gives, as a YAML list or Connect's comma string, each with the node that it is in.
    pub(super) fn names(&self) -> Vec<(&str, &Self)> {
        match self.text() {
            Some(text) => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                names.map(|name| (name, self)).collect()
            }
            None => self.items().iter().filter_map(|item| Some((item.text()?, item))).collect(),
        }
    }

    /// The place that `place` leads to, or the last on the way that is there. A key stands for its value where it is the
    /// end of the way and the value is no scalar.
    pub(super) fn locate(&self, place: &Place) -> Span {
        self.way(place).last().map_or(self.span, |(_, span)| span)
    }

    /// The node at a place, and where a caret points for it.
    pub(super) fn at(&self, place: &Place) -> Option<(&Self, Span)> {
        let Some(last) = place.steps().len().checked_sub(1) else { return Some((self, self.span)) };
        self.way(place).nth(last)
    }

    /// Where the last key of a place is.
    pub(super) fn key_span(&self, place: &Place) -> Option<Span> {
        let (Step::Key(key), before) = place.steps().split_last()? else { return None };
        let above = before.iter().try_fold(self, |node, step| node.step(step));
        Some(above?.entry(key)?.key_span)
    }

    fn step(&self, step: &Step) -> Option<&Self> {
        match step {
            Step::Key(key) => self.get(key),
            Step::Index(index) => self.items().get(*index),
        }
    }

    /// The nodes on the way to a place, as far as they are there.
    fn way<'a>(&'a self, place: &Place) -> impl Iterator<Item = (&'a Self, Span)> {
        place.steps().iter().scan(self, |node, step| {
            let next = match step {
                Step::Key(key) => node.entry(key).map(|entry| (&entry.node, entry.anchor())),
                Step::Index(index) => node.items().get(*index).map(|item| (item, item.span)),
            }?;
            *node = next.0;
            Some(next)
        })
    }
}

impl Entry {
    /// Where a caret points for this entry: the value if it is a scalar, else the key.
    pub(super) fn anchor(&self) -> Span {
        let is_scalar =
            matches!(self.node.value, Value::Bool(_) | Value::Number(_) | Value::Text(_));
        if is_scalar { self.node.span } else { self.key_span }
    }
}

impl Value {
    /// What there is, for a message; never the content.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Broken | Self::Null => "nothing",
            Self::Bool(true) => "`true`",
            Self::Bool(false) => "`false`",
            Self::Number(text) if text.parse::<i128>().is_err() => "a number that is not whole",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "settings",
        }
    }
}
