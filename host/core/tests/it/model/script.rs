//! What a module declares and answers, as data, and the bytes that say so.

use super::tree::Step;
use smt_abi::{
    answer::GuestError,
    operation::{Op, Operation, PathRef, Root, Selection, Target},
    verdict::Tag,
};

/// A module: what `smt_init` answers, and what it answers to each record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// Declared slots. The first two are `@offset` and `@partition`, by which the module finds its answer.
    pub(crate) slots: Vec<Slot>,
    /// Further declared paths.
    pub(crate) paths: Vec<Slot>,
    pub(crate) statics: Vec<Edit>,
    pub(crate) when: Option<When>,
    /// A row for each offset; in it an answer for each partition, over and over. The last row is for no offset.
    pub(crate) answers: Vec<Vec<Answer>>,
}

/// Which records a module works on.
#[derive(Debug, Clone, Default)]
pub(crate) struct When {
    /// The topic is one of these.
    pub(crate) topics: Option<Vec<String>>,
    pub(crate) header: Option<String>,
    pub(crate) tombstone: Option<bool>,
    pub(crate) negate: bool,
}

/// A slot, or a declared path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slot {
    Value(Path),
    Key(Path),
    Topic,
    Partition,
    Offset,
    Timestamp,
    Header(String),
    Headers,
    Record,
}

/// A path, and how it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    /// Nothing for a text that is no path.
    steps: Option<Vec<Step>>,
    text: String,
}

/// A root, and a place in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct At {
    pub(crate) root: Root,
    pub(crate) place: Place,
}

/// How an operation says where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    /// By a declared number.
    Id(u16),
    /// In key or value.
    Path(Path),
    /// By the name of a header.
    Name(String),
}

/// An operation. Values, topics and numbers are the texts as the module gives them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Edit {
    Set { at: At, value: String },
    Insert { at: At, value: String, overwrite: bool },
    Remove { at: At },
    Rename { at: At, name: String },
    Retain { at: At, paths: Vec<Place> },
    Extract { at: At },
    Wrap { at: At, name: String },
    Copy { from: At, to: At },
    Move { from: At, to: At },
    Topic(String),
    Partition(String),
    Timestamp(String),
    Static,
}

/// What a module answers to one record.
#[derive(Debug, Clone, Default)]
pub(crate) enum Answer {
    #[default]
    Keep,
    Drop,
    Edits(Vec<Edit>),
    Replace(String),
    ReplaceRecord(String),
    Split(Vec<String>),
    Error {
        code: String,
        message: String,
    },
    /// Bytes that the host refuses with this code.
    Bad {
        tag: u8,
        output: Vec<u8>,
        code: &'static str,
    },
}

impl Script {
    /// What the module answers to a record.
    pub(crate) fn answer(&self, offset: Option<i64>, partition: Option<i32>) -> &Answer {
        let last = self.answers.len() - 1;
        let row = offset.and_then(|offset| usize::try_from(offset).ok()).unwrap_or(last).min(last);
        let row = &self.answers[row];
        &row[usize::try_from(partition.unwrap_or(0)).expect("no partition is negative") % row.len()]
    }

    /// The JSON part of `smt_init`'s output.
    pub(crate) fn descriptor(&self) -> Vec<u8> {
        let names = |slots: &[Slot]| slots.iter().map(Slot::name).collect::<Vec<_>>();
        serde_json::json!({"slots": names(&self.slots), "paths": names(&self.paths)})
            .to_string()
            .into_bytes()
    }

    /// The static operations of `smt_init`'s output.
    pub(crate) fn static_operations(&self) -> Vec<u8> {
        encode_edits(&self.statics)
    }

    /// A declared slot or path.
    pub(crate) fn declared(&self, id: u16) -> Option<&Slot> {
        self.slots.iter().chain(&self.paths).nth(usize::from(id))
    }
}

impl Slot {
    /// The name that declares it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Value(Path { text, .. }) if text.is_empty() => "$".to_owned(),
            Self::Value(Path { text, .. }) => text.clone(),
            Self::Key(Path { text, .. }) if text.is_empty() || text.starts_with('[') => {
                format!("@key{text}")
            }
            Self::Key(Path { text, .. }) => format!("@key.{text}"),
            Self::Topic => "@topic".to_owned(),
            Self::Partition => "@partition".to_owned(),
            Self::Offset => "@offset".to_owned(),
            Self::Timestamp => "@timestamp".to_owned(),
            Self::Header(name) => format!("@header.{name}"),
            Self::Headers => "@headers".to_owned(),
            Self::Record => "@record".to_owned(),
        }
    }
}

impl Path {
    /// The path of these steps. A name that could be read otherwise is written in backticks.
    pub(crate) fn new(steps: Vec<Step>) -> Self {
        let mut text = String::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Index(index) => text.extend(["[", &index.to_string(), "]"]),
                Step::Key(name) => {
                    text += if number > 0 { "." } else { "" };
                    let plain = |c: char| c.is_alphanumeric() || "_/\\".contains(c) || c > '\u{80}';
                    if !name.is_empty() && name.chars().all(plain) {
                        text += name;
                    } else {
                        text.extend(["`", &name.replace('`', "\\`"), "`"]);
                    }
                }
            }
        }
        Self { steps: Some(steps), text }
    }

    /// A text that is no path.
    pub(crate) fn bad(text: &str) -> Self {
        Self { steps: None, text: text.to_owned() }
    }

    /// How it is spelt.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The steps; nothing for a text that is no path.
    pub(crate) fn steps(&self) -> Option<&[Step]> {
        self.steps.as_deref()
    }
}

impl At {
    /// The whole of the value.
    pub(crate) fn value() -> Self {
        Self { root: Root::Value, place: Place::Path(Path::new(Vec::new())) }
    }
}

impl Place {
    fn reference(&self) -> PathRef<'_> {
        match self {
            Self::Id(id) => PathRef::Id(*id),
            Self::Path(path) => PathRef::Text(path.text.as_bytes()),
            Self::Name(name) => PathRef::Text(name.as_bytes()),
        }
    }
}

impl Answer {
    /// The tag of the verdict, and the record's output.
    pub(crate) fn encode(&self) -> (u8, Vec<u8>) {
        let mut out = Vec::new();
        let tag = match self {
            Self::Keep => Tag::Keep,
            Self::Drop => Tag::Drop,
            Self::Edits(edits) => {
                out = encode_edits(edits);
                Tag::Ops
            }
            Self::Replace(text) => {
                out.extend_from_slice(text.as_bytes());
                Tag::Replace
            }
            Self::ReplaceRecord(text) => {
                out.extend_from_slice(text.as_bytes());
                Tag::ReplaceRecord
            }
            Self::Split(children) => {
                out.extend_from_slice(&length(children.len()));
                for child in children {
                    out.extend_from_slice(&length(child.len()));
                    out.extend_from_slice(child.as_bytes());
                }
                Tag::Split
            }
            Self::Error { code, message } => {
                GuestError { code, message }.write(&mut out);
                Tag::Error
            }
            Self::Bad { tag, output, .. } => return (*tag, output.clone()),
        };
        (tag as u8, out)
    }
}

fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).expect("a test's texts are short").to_le_bytes()
}

fn encode_edits(edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::new();
    for edit in edits {
        edit.encode(&mut out);
    }
    out
}

impl Edit {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut list = Vec::new();
        let root = At::value();
        let (op, at, value) = match self {
            Self::Set { at, value } => (Op::Set, at, value.as_bytes()),
            Self::Insert { at, value, .. } => (Op::Insert, at, value.as_bytes()),
            Self::Remove { at } => (Op::Remove, at, &[][..]),
            Self::Rename { at, name } => (Op::Rename, at, name.as_bytes()),
            Self::Extract { at } => (Op::Extract, at, &[][..]),
            Self::Wrap { at, name } => (Op::Wrap, at, name.as_bytes()),
            Self::Retain { at, paths } => {
                for path in paths {
                    Selection::write(path.reference(), &mut list);
                }
                (Op::Retain, at, &list[..])
            }
            Self::Copy { from, to } | Self::Move { from, to } => {
                Target { root: to.root, path: to.place.reference() }.write(&mut list);
                let is_copy = matches!(self, Self::Copy { .. });
                (if is_copy { Op::Copy } else { Op::Move }, from, &list[..])
            }
            Self::Topic(text) => (Op::SetTopic, &root, text.as_bytes()),
            Self::Partition(text) => (Op::SetPartition, &root, text.as_bytes()),
            Self::Timestamp(text) => (Op::SetTimestamp, &root, text.as_bytes()),
            Self::Static => (Op::Static, &root, &[][..]),
        };
        let overwrite = matches!(self, Self::Insert { overwrite: true, .. });
        let operation = Operation::new(op, at.root, at.place.reference(), value);
        Operation { overwrite, ..operation }.write(out);
    }
}
