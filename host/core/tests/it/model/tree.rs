//! A JSON document as a tree that remembers how each part of it was spelt.
//!
//! Every scalar keeps its exact text, every key its spelling, and every gap between two neighbours its bytes. Edits of
//! the tree forget only what they touch, so [`Document::check`] can ask for everything else byte for byte.

use serde::de::IgnoredAny;
use serde_json::Value;
use smt_abi::{code, limit::NESTING};
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers the items of all documents, so that neighbours are known again after edits.
static ITEMS: AtomicU64 = AtomicU64::new(1);

/// The neighbour of the last item of a container.
const END: u64 = 0;

/// A whole text: a value and the blanks around it.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) node: Node,
    blanks: [String; 2],
}

/// A JSON value.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// The exact text of a string, a number, or one of the three words.
    Scalar(String),
    /// A string that is compared by what it means.
    Text(String),
    Container(Container),
}

/// An object or an array.
#[derive(Debug, Clone, Default)]
pub(crate) struct Container {
    pub(crate) is_object: bool,
    pub(crate) items: Vec<Item>,
    /// What stands between the brackets of a container that came empty.
    empty: Option<String>,
}

/// A member of an object or an element of an array, and the bytes beside it as far as they are known.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    id: u64,
    /// Nothing for an element.
    pub(crate) key: Option<Key>,
    pub(crate) value: Node,
    /// Between the open bracket and this item, if it came first.
    before: Option<String>,
    /// Between key and value.
    colon: Option<String>,
    /// The neighbour, and everything between the two.
    after: Option<(u64, String)>,
}

/// A member's name.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// What it means; nothing for a name that no text can mean.
    pub(crate) name: Option<String>,
    /// Its exact text, quotes included, as it came.
    spelt: Option<String>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(u32),
}

impl Document {
    /// Reads a text.
    ///
    /// # Errors
    /// The code that a guest's text is refused with.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        serde_json::from_slice::<IgnoredAny>(text).map_err(|_error| code::BAD_JSON)?;
        let text = std::str::from_utf8(text).map_err(|_error| code::BAD_JSON)?;
        let mut reader = Reader { text, at: 0 };
        let before = reader.blanks().to_owned();
        let node = reader.value();
        let blanks = [before, reader.blanks().to_owned()];
        if node.depth() > NESTING { Err(code::NESTING_LIMIT) } else { Ok(Self { node, blanks }) }
    }

    /// A document made of a value: what did not come as a document has no blanks around it.
    pub(crate) fn of(node: Node) -> Self {
        Self { node, blanks: Default::default() }
    }

    /// The same without blanks around it, as all crosses to a module.
    pub(crate) fn bare(self) -> Self {
        Self { blanks: Default::default(), ..self }
    }

    /// What is wrong with a text that should be this document: same meaning, and all bytes that are known the same.
    pub(crate) fn check(&self, text: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
        let mut reader = Reader { text, at: 0 };
        let [before, behind] = self.blanks.each_ref().map(|blanks| Some(blanks.as_str()));
        reader
            .gap(before, None)
            .and_then(|()| reader.expect_node(&self.node))
            .and_then(|()| reader.gap(behind, None))
            .and_then(|()| if reader.rest().is_empty() { Ok(()) } else { Err("the end".into()) })
            .map_err(|wanted| format!("{text}\nat byte {}: expected {wanted}", reader.at))?;
        // serde_json itself reads no deeper than 127.
        if self.node.depth() < NESTING
            && let Some(meaning) = self.node.meaning()
        {
            let read: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
            if read != meaning {
                return Err(format!("{text}\nmeans {read}, expected {meaning}"));
            }
        }
        Ok(())
    }
}

impl Node {
    /// An object whose keys the host spells.
    pub(crate) fn object(members: Vec<(&str, Self)>) -> Self {
        let items = members.into_iter().map(|(name, value)| Item::new(Some(name), value)).collect();
        Self::Container(Container { is_object: true, items, empty: None })
    }

    /// An array.
    pub(crate) fn array(elements: Vec<Self>) -> Self {
        let items = elements.into_iter().map(|value| Item::new(None, value)).collect();
        Self::Container(Container { is_object: false, items, empty: None })
    }

    /// Nesting: 0 for a scalar, `[[1]]` has 2.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Scalar(_) | Self::Text(_) => 0,
            Self::Container(container) => {
                1 + container.items.iter().map(|item| item.value.depth()).max().unwrap_or(0)
            }
        }
    }

    /// What it means to `serde_json`; nothing where that knows no meaning (a lone surrogate).
    pub(crate) fn meaning(&self) -> Option<Value> {
        match self {
            Self::Scalar(text) => serde_json::from_str(text).ok(),
            Self::Text(text) => Some(Value::String(text.clone())),
            Self::Container(container) if container.is_object => container
                .items
                .iter()
                .map(|item| Some((item.name()?.to_owned(), item.value.meaning()?)))
                .collect::<Option<_>>()
                .map(Value::Object),
            Self::Container(container) => {
                container.items.iter().map(|item| item.value.meaning()).collect()
            }
        }
    }

    /// Every path in it, the empty one included.
    pub(crate) fn paths(&self, way: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
        out.push(way.clone());
        let Self::Container(container) = self else { return };
        for (index, item) in container.items.iter().enumerate().take(8) {
            way.push(match item.name() {
                Some(name) => Step::Key(name.to_owned()),
                None if container.is_object => continue,
                None => Step::Index(u32::try_from(index).expect("arrays are short")),
            });
            item.value.paths(way, out);
            way.pop();
        }
    }
}

impl Item {
    /// An item that no source had: nothing beside it is known.
    pub(crate) fn new(name: Option<&str>, value: Node) -> Self {
        let id = ITEMS.fetch_add(1, Ordering::Relaxed);
        let mut item = Self { id, key: None, value, before: None, colon: None, after: None };
        if let Some(name) = name {
            item.rename(name);
        }
        item
    }

    pub(crate) fn rename(&mut self, name: &str) {
        self.key = Some(Key { name: Some(name.to_owned()), spelt: None });
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.key.as_ref()?.name.as_deref()
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// Reading a text that is known to be JSON.
impl<'a> Reader<'a> {
    fn value(&mut self) -> Node {
        match self.rest().chars().next() {
            Some('{') => Node::Container(self.container('}')),
            Some('[') => Node::Container(self.container(']')),
            Some('"') => Node::Scalar(self.string().to_owned()),
            _ => {
                let end = |c: char| matches!(c, ',' | ']' | '}' | ' ' | '\t' | '\n' | '\r');
                let len = self.rest().find(end).unwrap_or(self.rest().len());
                Node::Scalar(self.take(len).to_owned())
            }
        }
    }

    fn container(&mut self, close: char) -> Container {
        let mut container = Container { is_object: close == '}', ..Container::default() };
        self.take(1);
        let first = self.blanks().to_owned();
        if self.rest().starts_with(close) {
            self.take(1);
            container.empty = Some(first);
            return container;
        }
        loop {
            let mut item = Item::new(None, Node::Text(String::new()));
            if container.is_object {
                let spelt = self.string();
                let name = serde_json::from_str(spelt).ok();
                item.key = Some(Key { name, spelt: Some(spelt.to_owned()) });
                item.colon = Some(self.separator().to_owned());
            }
            item.value = self.value();
            let start = self.at;
            let more = !self.separator().contains(close);
            let between = self.since(start).trim_end_matches(close).to_owned();
            // Corrected when the neighbour is read.
            item.after = Some((END, between));
            match container.items.last_mut() {
                Some(Item { after: Some((neighbour, _)), .. }) => *neighbour = item.id,
                _ => item.before = Some(first.clone()),
            }
            container.items.push(item);
            if !more {
                return container;
            }
        }
    }

    /// Blanks, one of `:`, `,` and a close bracket, and the blanks after it unless it closes.
    fn separator(&mut self) -> &'a str {
        let start = self.at;
        self.blanks();
        if matches!(self.take(1), ":" | ",") {
            self.blanks();
        }
        self.since(start)
    }

    fn string(&mut self) -> &'a str {
        let mut escaped = false;
        let end = self.rest().char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let len = end.map_or(self.rest().len(), |(at, _)| at + 1);
        self.take(len)
    }

    fn blanks(&mut self) -> &'a str {
        let rest = self.rest();
        let len = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.take(len)
    }

    fn take(&mut self, len: usize) -> &'a str {
        let start = self.at;
        self.at += len;
        self.since(start)
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).expect("tokens end between characters")
    }

    fn rest(&self) -> &'a str {
        self.text.split_at(self.at).1
    }
}

/// Reading a text that should be a certain one; errors say what was expected.
impl Reader<'_> {
    fn expect_node(&mut self, node: &Node) -> Result<(), String> {
        match node {
            Node::Scalar(text) => self.expect(text),
            Node::Text(text) => self.expect_meaning(text),
            Node::Container(container) => self.expect_container(container),
        }
    }

    fn expect_container(&mut self, container: &Container) -> Result<(), String> {
        let [open, close] = if container.is_object { ["{", "}"] } else { ["[", "]"] };
        self.expect(open)?;
        match container.items.first() {
            None => self.gap(container.empty.as_deref(), None)?,
            Some(first) => self.gap(first.before.as_deref(), None)?,
        }
        for (number, item) in container.items.iter().enumerate() {
            if let Some(key) = &item.key {
                match (&key.spelt, &key.name) {
                    (Some(spelt), _) => self.expect(spelt)?,
                    (None, name) => self.expect_meaning(name.as_deref().unwrap_or_default())?,
                }
                self.gap(item.colon.as_deref(), Some(":"))?;
            }
            self.expect_node(&item.value)?;
            let next = container.items.get(number + 1);
            let known = item.after.as_ref().filter(|(id, _)| *id == next.map_or(END, |n| n.id));
            let known = known.map(|(_, between)| between.as_str());
            self.gap(known, next.map(|_| ","))?;
        }
        self.expect(close)
    }

    /// What stands between two parts: the known bytes, else any blanks, around `sign` if there is one.
    fn gap(&mut self, known: Option<&str>, sign: Option<&str>) -> Result<(), String> {
        if let Some(known) = known {
            return self.expect(known);
        }
        self.blanks();
        if let Some(sign) = sign {
            self.expect(sign)?;
            self.blanks();
        }
        Ok(())
    }

    fn expect_meaning(&mut self, text: &str) -> Result<(), String> {
        let start = self.at;
        let read = if self.rest().starts_with('"') { self.string() } else { "" };
        if serde_json::from_str::<String>(read).is_ok_and(|read| read == text) {
            return Ok(());
        }
        self.at = start;
        Err(format!("a string that means `{text}`"))
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.rest().starts_with(text) {
            self.at += text.len();
            return Ok(());
        }
        Err(format!("`{text}`"))
    }
}
