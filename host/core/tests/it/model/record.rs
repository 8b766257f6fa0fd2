//! A record as the model has it: its parts in plain types, its slots, and the shape of `@record`.

use super::{
    edit::{self, Root},
    script::Slot,
    tree::{Container, Document, Node},
};
use smt_abi::code;

/// A record as it is put into a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    pub(crate) topic: String,
    pub(crate) partition: Option<i32>,
    pub(crate) offset: Option<i64>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) headers: Vec<(String, Option<String>)>,
}

/// A record on its way.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) topic: String,
    pub(crate) partition: Option<i32>,
    pub(crate) offset: Option<i64>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Root,
    pub(crate) value: Root,
    pub(crate) headers: Vec<Header>,
    /// Position among the children of its parent.
    pub(crate) child: Option<u32>,
}

/// A header; its value may be missing.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: Root,
}

impl Record {
    /// Reads an input; nothing if a part of it is not JSON.
    pub(crate) fn of(input: &Input) -> Option<Self> {
        let parse = |text: &Option<String>| match text {
            Some(text) => Document::parse(text.as_bytes()).ok().map(Some),
            None => Some(None),
        };
        let header = |(name, value): &(String, Option<String>)| {
            Some(Header { name: name.clone(), value: parse(value)? })
        };
        Some(Self {
            topic: input.topic.clone(),
            partition: input.partition,
            offset: input.offset,
            timestamp: input.timestamp,
            key: parse(&input.key)?,
            value: parse(&input.value)?,
            headers: input.headers.iter().map(header).collect::<Option<_>>()?,
            child: None,
        })
    }

    /// A slot as a call carries it.
    pub(crate) fn slot(&mut self, slot: &Slot) -> Root {
        self.see(slot);
        self.text_of(slot).map(Document::bare)
    }

    /// What reading a slot removes.
    pub(crate) fn see(&mut self, slot: &Slot) {
        match slot {
            Slot::Value(path) => edit::see(&mut self.value, path.steps().unwrap_or_default()),
            Slot::Key(path) => edit::see(&mut self.key, path.steps().unwrap_or_default()),
            _ => {}
        }
    }

    fn text_of(&self, slot: &Slot) -> Root {
        let number = |number: i64| Document::of(Node::Scalar(number.to_string()));
        match slot {
            Slot::Value(path) => read(&self.value, path.steps()?),
            Slot::Key(path) => read(&self.key, path.steps()?),
            Slot::Topic => Some(Document::of(Node::Text(self.topic.clone()))),
            Slot::Partition => self.partition.map(i64::from).map(number),
            Slot::Offset => self.offset.map(number),
            Slot::Timestamp => self.timestamp.map(number),
            Slot::Header(name) => self.header(name)?.value.clone(),
            Slot::Headers => Some(Document::of(self.headers())),
            Slot::Record => Some(Document::of(self.envelope())),
        }
    }

    /// The last header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&Header> {
        self.headers.iter().rfind(|header| header.name == name)
    }

    /// The record as one object.
    pub(crate) fn envelope(&self) -> Node {
        let mut members = vec![("topic", Node::Text(self.topic.clone()))];
        let numbers = [
            ("partition", self.partition.map(i64::from)),
            ("offset", self.offset),
            ("timestamp", self.timestamp),
        ];
        for (name, number) in numbers {
            members.extend(number.map(|number| (name, Node::Scalar(number.to_string()))));
        }
        for (name, root) in [("key", &self.key), ("value", &self.value)] {
            members.extend(root.clone().map(|document| (name, document.node)));
        }
        if !self.headers.is_empty() {
            members.push(("headers", self.headers()));
        }
        Node::object(members)
    }

    fn headers(&self) -> Node {
        let header = |Header { name, value }: &Header| {
            let mut members = vec![("key", Node::Text(name.clone()))];
            members.extend(value.clone().map(|value| ("value", value.node)));
            Node::object(members)
        };
        Node::array(self.headers.iter().map(header).collect())
    }

    /// The record that a text in `@record`'s shape puts in this one's place.
    pub(crate) fn replaced(&self, text: &[u8]) -> Result<Self, &'static str> {
        let document = Document::parse(text)?;
        let mut new = Self {
            partition: None,
            timestamp: None,
            key: None,
            value: None,
            headers: Vec::new(),
            ..self.clone()
        };
        for (name, value) in members(&document.node)? {
            match name {
                "topic" => new.topic = topic(spelling(value))?,
                "partition" => new.partition = number(spelling(value))?,
                "timestamp" => new.timestamp = number(spelling(value))?,
                "offset" => {}
                "key" => new.key = Some(Document::of(value.clone())),
                "value" => new.value = Some(Document::of(value.clone())),
                "headers" => new.headers = read_headers(value)?,
                _ => return Err(code::BAD_RECORD),
            }
        }
        Ok(new)
    }
}

fn read(root: &Root, path: &[super::tree::Step]) -> Root {
    if path.is_empty() { root.clone() } else { edit::get(root, path).cloned().map(Document::of) }
}

/// The members of an object up to the one that may not be there.
fn members(node: &Node) -> Result<Vec<(&str, &Node)>, &'static str> {
    let Node::Container(Container { is_object: true, items, .. }) = node else {
        return Err(code::BAD_RECORD);
    };
    let mut members: Vec<(&str, &Node)> = Vec::new();
    for item in items {
        let name = item.name().unwrap_or("not text");
        // A member that is there twice is like one that does not exist.
        let twice = members.iter().any(|(other, _)| *other == name);
        members.push((if twice { "twice" } else { name }, &item.value));
    }
    Ok(members)
}

fn read_headers(node: &Node) -> Result<Vec<Header>, &'static str> {
    let Node::Container(Container { is_object: false, items, .. }) = node else {
        return Err(code::BAD_RECORD);
    };
    let mut headers = Vec::new();
    for item in items {
        let (mut header_name, mut header_value) = (None, None);
        for (name, value) in members(&item.value)? {
            match name {
                "key" => {
                    let name = serde_json::from_str::<String>(spelling(value));
                    header_name = Some(name.map_err(|_error| code::BAD_METADATA)?);
                }
                "value" => header_value = Some(Document::of(value.clone())),
                _ => return Err(code::BAD_RECORD),
            }
        }
        headers.push(Header { name: header_name.ok_or(code::BAD_RECORD)?, value: header_value });
    }
    Ok(headers)
}

fn spelling(node: &Node) -> &str {
    match node {
        Node::Scalar(text) => text,
        _ => "{}",
    }
}

/// A topic's name, by Kafka's rule.
pub(crate) fn topic(text: &str) -> Result<String, &'static str> {
    let name: String = serde_json::from_str(text).map_err(|_error| code::BAD_METADATA)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let named = (1..=249).contains(&name.len()) && name != "." && name != "..";
    if named && name.chars().all(legal) { Ok(name) } else { Err(code::BAD_METADATA) }
}

/// A whole number from 0, as JSON writes it, or none from `null`.
pub(crate) fn number<N: std::str::FromStr + ToString>(
    text: &str,
) -> Result<Option<N>, &'static str> {
    if text == "null" {
        return Ok(None);
    }
    let number: N = text.parse().map_err(|_error| code::BAD_METADATA)?;
    let plain = number.to_string() == text && !text.starts_with('-');
    if plain { Ok(Some(number)) } else { Err(code::BAD_METADATA) }
}
