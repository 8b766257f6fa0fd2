//! A record as the harness holds it: its shape as JSON, its slots, its operations.

use super::edits::{self, Fault, steps};
use super::tree::{Step, Tree};
use smt_abi::operation::{Op, Operation, PathRef, Root, Selection, Target};
use smt_abi::slot::Slot;
use smt_abi::{code, limit};

/// One record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    topic: String,
    partition: Option<i32>,
    offset: Option<i64>,
    timestamp: Option<i64>,
    key: Option<Tree>,
    value: Option<Tree>,
    headers: Vec<(String, Option<Tree>)>,
}

/// Where an operation happens, its path read.
#[derive(Debug, PartialEq, Eq)]
enum Spot {
    Value(Vec<Step>),
    Key(Vec<Step>),
    Header(String),
}

impl Model {
    /// Reads a record in the shape of `@record`; what it leaves open is as in `before`.
    pub(crate) fn read(tree: &Tree, before: Option<&Self>) -> Result<Self, Fault> {
        if !matches!(tree, Tree::Object(_)) {
            return Err(code::BAD_RECORD);
        }
        let mut record = Self::default();
        if let Some(before) = before {
            record.topic.clone_from(&before.topic);
            record.offset = before.offset;
        }
        let known = ["topic", "partition", "offset", "timestamp", "key", "value", "headers"];
        let mut seen = Vec::new();
        for (name, value) in tree.members() {
            let name = known.into_iter().find(|known| name.is(known)).ok_or(code::BAD_RECORD)?;
            if seen.contains(&name) {
                return Err(code::BAD_RECORD);
            }
            seen.push(name);
            match name {
                "topic" => record.topic = topic(value)?,
                "partition" => record.partition = optional_number(value)?,
                "offset" if before.is_none() => record.offset = optional_number(value)?,
                "timestamp" => record.timestamp = optional_number(value)?,
                "key" => record.key = Some(value.clone()),
                "value" => record.value = Some(value.clone()),
                "headers" => record.headers = headers(value)?,
                _ => {}
            }
        }
        Ok(record)
    }

    /// The record with another value.
    pub(crate) fn with_value(&self, value: Tree) -> Self {
        Self { value: Some(value), ..self.clone() }
    }

    /// The record in the shape of `@record`.
    pub(crate) fn json(&self) -> String {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let headers = (!self.headers.is_empty()).then(|| self.header_list());
        let members = [
            ("topic", Some(Tree::text(&self.topic).to_string())),
            ("partition", number(self.partition.map(i64::from))),
            ("offset", number(self.offset)),
            ("timestamp", number(self.timestamp)),
            ("key", self.key.as_ref().map(Tree::to_string)),
            ("value", self.value.as_ref().map(Tree::to_string)),
            ("headers", headers),
        ];
        let there =
            members.into_iter().filter_map(|(name, text)| Some(format!("\"{name}\":{}", text?)));
        format!("{{{}}}", there.collect::<Vec<_>>().join(","))
    }

    fn header_list(&self) -> String {
        let header = |(name, value): &(String, Option<Tree>)| {
            let value = value.as_ref().map_or(String::new(), |value| format!(",\"value\":{value}"));
            format!("{{\"key\":{}{value}}}", Tree::text(name))
        };
        format!("[{}]", self.headers.iter().map(header).collect::<Vec<_>>().join(","))
    }

    /// The JSON text of a slot, or nothing where it is absent.
    pub(crate) fn slot(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let find = |root: &mut Option<Tree>, path: &str| {
            let path = steps(path)?;
            Ok(root.as_mut().and_then(|root| root.find_mut(&path)).map(|tree| tree.to_string()))
        };
        match Slot::parse(name).map_err(|_| code::BAD_GET)? {
            Slot::Value(path) => find(&mut self.value, path),
            Slot::Key(path) => find(&mut self.key, path),
            Slot::Topic => Ok(Some(Tree::text(&self.topic).to_string())),
            Slot::Partition => Ok(self.partition.map(|number| number.to_string())),
            Slot::Offset => Ok(self.offset.map(|number| number.to_string())),
            Slot::Timestamp => Ok(self.timestamp.map(|number| number.to_string())),
            Slot::Header(name) => Ok(self.header(name).map(Tree::to_string)),
            Slot::Headers => Ok(Some(self.header_list())),
            Slot::Record => Ok(Some(self.json())),
        }
    }

    fn header(&self, name: &str) -> Option<&Tree> {
        self.headers.iter().rev().find(|(known, _)| known == name)?.1.as_ref()
    }

    /// Applies one operation, not a static one.
    pub(crate) fn apply(
        &mut self,
        operation: &Operation<'_>,
        names: &[String],
    ) -> Result<(), Fault> {
        let Operation { op, root, path, value, .. } = *operation;
        let pathless = matches!(op, Op::Retain | Op::Wrap) || op as u8 >= Op::SetTopic as u8;
        let valueless = matches!(op, Op::Remove | Op::Extract | Op::Static);
        let rootless = op as u8 >= Op::SetTopic as u8;
        if (pathless && path != PathRef::ROOT)
            || (valueless && !value.is_empty())
            || (rootless && root != Root::Value)
        {
            return Err(code::BAD_OPERATION);
        }
        match op {
            Op::SetTopic => self.topic = topic(&json(value)?)?,
            Op::SetPartition => self.partition = optional_number(&json(value)?)?,
            Op::SetTimestamp => self.timestamp = optional_number(&json(value)?)?,
            Op::Static => return Err(code::BAD_OPERATION),
            Op::Copy | Op::Move => {
                let target = Target::read(value).ok_or(code::BAD_OPERATION)?;
                let from = spot(root, path, names)?;
                self.transfer(&from, spot(target.root, target.path, names)?, op == Op::Move)?;
            }
            _ => {
                let spot = spot(root, path, names)?;
                self.edit(operation, &spot, names)?;
            }
        }
        let depth = |root: &Option<Tree>| root.as_ref().map_or(0, Tree::depth);
        let deepest = depth(&self.value).max(depth(&self.key));
        if deepest > limit::NESTING { Err(code::NESTING_LIMIT) } else { Ok(()) }
    }

    fn edit(
        &mut self,
        operation: &Operation<'_>,
        spot: &Spot,
        names: &[String],
    ) -> Result<(), Fault> {
        let Operation { op, overwrite, value, .. } = *operation;
        let (root, path, kind) = match spot {
            Spot::Value(path) => (&mut self.value, path, Root::Value),
            Spot::Key(path) => (&mut self.key, path, Root::Key),
            Spot::Header(name) => return self.edit_header(operation, name),
        };
        let name = || str::from_utf8(value).map_err(|_| code::BAD_OPERATION);
        match op {
            Op::Set => edits::set(root, path, json(value)?),
            Op::Insert => edits::insert(root, path, json(value)?, overwrite),
            Op::Rename => edits::rename(root, path, name()?),
            Op::Retain => edits::retain(root, &selection(kind, value, names)?),
            Op::Wrap => {
                edits::wrap(root, name()?);
                Ok(())
            }
            Op::Extract => {
                edits::extract(root, path);
                Ok(())
            }
            _ => {
                edits::remove(root, path);
                Ok(())
            }
        }
    }

    fn edit_header(&mut self, operation: &Operation<'_>, name: &str) -> Result<(), Fault> {
        let Operation { op, overwrite, value, .. } = *operation;
        match op {
            Op::Insert if !overwrite => self.headers.push((name.to_owned(), Some(json(value)?))),
            Op::Remove => self.headers.retain(|(known, _)| known != name),
            Op::Set | Op::Insert => {
                let value = json(value)?;
                let at = self.headers.iter().position(|(known, _)| known == name);
                self.headers.retain(|(known, _)| known != name);
                let at = at.unwrap_or(self.headers.len());
                self.headers.insert(at, (name.to_owned(), Some(value)));
            }
            _ => return Err(code::BAD_OPERATION),
        }
        Ok(())
    }

    fn transfer(&mut self, from: &Spot, to: Spot, moves: bool) -> Result<(), Fault> {
        if from.overlaps(&to) || (moves && *from == to) {
            return Err(code::BAD_OPERATION);
        }
        let source = match from {
            Spot::Value(path) => self.value.as_mut().and_then(|root| root.find_mut(path)).cloned(),
            Spot::Key(path) => self.key.as_mut().and_then(|root| root.find_mut(path)).cloned(),
            Spot::Header(name) => self.header(name).cloned(),
        };
        let Some(source) = source else { return Ok(()) };
        match to {
            Spot::Value(path) => edits::set(&mut self.value, &path, source)?,
            Spot::Key(path) => edits::set(&mut self.key, &path, source)?,
            Spot::Header(name) => self.headers.push((name, Some(source))),
        }
        match from {
            _ if !moves => {}
            Spot::Value(path) => edits::remove(&mut self.value, path),
            Spot::Key(path) => edits::remove(&mut self.key, path),
            Spot::Header(name) => self.headers.retain(|(known, _)| known != name),
        }
        Ok(())
    }
}

impl Spot {
    /// True if one lies inside the other.
    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(two)) | (Self::Key(one), Self::Key(two)) => {
                one.starts_with(two) || two.starts_with(one)
            }
            _ => false,
        }
    }
}

/// The JSON text of an operation.
pub(crate) fn json(text: &[u8]) -> Result<Tree, Fault> {
    let text = str::from_utf8(text).map_err(|_| code::BAD_JSON)?;
    Tree::parse(text).map_err(
        |error| {
            if error.is_nesting() { code::NESTING_LIMIT } else { code::BAD_JSON }
        },
    )
}

/// A place: by its text, or by its number, whose root must be the operation's.
fn spot(root: Root, path: PathRef<'_>, names: &[String]) -> Result<Spot, Fault> {
    let text = match path {
        PathRef::Text(text) => str::from_utf8(text).map_err(|_| code::BAD_PATH)?,
        PathRef::Id(id) => {
            let name = names.get(usize::from(id)).ok_or(code::BAD_OPERATION)?;
            match (root, Slot::parse(name)) {
                (Root::Value, Ok(Slot::Value(text)))
                | (Root::Key, Ok(Slot::Key(text)))
                | (Root::Header, Ok(Slot::Header(text))) => text,
                _ => return Err(code::BAD_OPERATION),
            }
        }
    };
    Ok(match root {
        Root::Value => Spot::Value(steps(text)?),
        Root::Key => Spot::Key(steps(text)?),
        Root::Header => Spot::Header(text.to_owned()),
    })
}

fn selection(root: Root, value: &[u8], names: &[String]) -> Result<Vec<Vec<Step>>, Fault> {
    let path =
        |path: Option<PathRef<'_>>| match spot(root, path.ok_or(code::BAD_OPERATION)?, names)? {
            Spot::Value(path) | Spot::Key(path) => Ok(path),
            Spot::Header(_) => Err(code::BAD_OPERATION),
        };
    Selection::read(value).map(path).collect()
}

fn topic(value: &Tree) -> Result<String, Fault> {
    let legal = |topic: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        (1..=249).contains(&topic.len())
            && topic.bytes().all(plain)
            && topic != "."
            && topic != ".."
    };
    value.as_text().filter(legal).ok_or(code::BAD_METADATA)
}

fn optional_number<N: TryFrom<i64>>(value: &Tree) -> Result<Option<N>, Fault> {
    match value {
        Tree::Scalar(text) if text == "null" => Ok(None),
        value => number(value),
    }
}

fn number<N: TryFrom<i64>>(value: &Tree) -> Result<Option<N>, Fault> {
    let Tree::Scalar(text) = value else { return Err(code::BAD_METADATA) };
    let number = text.parse().ok().filter(|number: &i64| *number >= 0);
    number.and_then(|number| N::try_from(number).ok()).map(Some).ok_or(code::BAD_METADATA)
}

fn headers(list: &Tree) -> Result<Vec<(String, Option<Tree>)>, Fault> {
    let header = |item: &Tree| {
        let count = usize::from(item.get("value").is_some()) + 1;
        let known = item.members().iter().all(|(name, _)| name.is("key") || name.is("value"));
        let name = item.get("key").filter(|_| known && item.members().len() == count);
        let name = name.ok_or(code::BAD_RECORD)?.as_text().ok_or(code::BAD_METADATA)?;
        Ok((name, item.get("value").cloned()))
    };
    list.items().ok_or(code::BAD_RECORD)?.iter().map(header).collect()
}
