//! What `smt_init` declared: slots, further paths, static operations.

use crate::{
    batch::narrow,
    json::{self, Span},
    path::{Key, Path},
};
use serde::Deserialize;
use smt_abi::{
    limit,
    operation::{self, Op, Operation, PathRef, Root},
    path::PathError,
    slot::{self, SlotError},
};

/// What a module asks for and says once, under one configuration.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Slots first, then further paths: operations refer to them by number.
    pub(super) declared: Vec<Slot>,
    pub(super) slots: usize,
    /// There are slots for places in a document and for a whole one.
    pub(super) mixed: bool,
    /// Static operations, each path as the number of a declared one.
    pub(super) statics: Vec<u8>,
    /// What is known of each static operation, in their order.
    pub(super) known: Vec<Known>,
}

/// What is known of a static operation before any record is.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Nesting of its value.
    pub(super) depth: u32,
    /// Its value as a name.
    pub(super) name: Option<Key>,
}

/// A slot with its path read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    Value(Path),
    Key(Path),
    Topic,
    Partition,
    Offset,
    Timestamp,
    Header(Box<str>),
    Headers,
    Record,
}

/// Why a slot cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SlotProblem {
    #[error(transparent)]
    Slot(#[from] SlotError),
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Why what a module declared cannot be accepted.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// Not JSON, or not of the shape `{"slots": […], "paths": […], "flags": […]}`.
    #[error("what `smt_init` answered cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A slot or path that does not exist or does not parse.
    #[error("`smt_init` declares `{name}`: {reason}")]
    Slot {
        /// As it was declared.
        name: String,
        /// Why not.
        reason: String,
    },
    /// More slots and paths than [`limit::SLOTS`].
    #[error("`smt_init` declares {count} slots and paths; at most {} are allowed", limit::SLOTS)]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A flag that this version does not know.
    #[error("`smt_init` sets the flag `{flag}`, which ABI 1.0 does not have")]
    Flag {
        /// The flag.
        flag: String,
    },
    /// A static operation that could never be applied.
    #[error("static operation {number} of `smt_init`: {reason}")]
    Static {
        /// Counted from 0.
        number: usize,
        /// Why not.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Descriptor {
    #[serde(default)]
    slots: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    flags: Vec<String>,
}

impl Contract {
    /// Reads the two parts of `smt_init`'s output.
    ///
    /// # Errors
    /// [`ContractError`], which names what cannot be accepted.
    pub fn parse(descriptor: &[u8], statics: &[u8]) -> Result<Self, ContractError> {
        let Descriptor { slots, paths, flags } = serde_json::from_slice(descriptor)?;
        if let Some(flag) = flags.into_iter().next() {
            return Err(ContractError::Flag { flag });
        }
        let count = slots.len() + paths.len();
        if count > limit::SLOTS {
            return Err(ContractError::TooMany { count });
        }
        let mut declared = Vec::with_capacity(count);
        for (number, name) in slots.iter().chain(&paths).enumerate() {
            let error = |reason: String| ContractError::Slot { name: name.clone(), reason };
            let slot = Slot::parse(name).map_err(|problem| error(problem.to_string()))?;
            if number >= slots.len()
                && !matches!(slot, Slot::Value(_) | Slot::Key(_) | Slot::Header(_))
            {
                return Err(error(
                    "only places in key, value and headers can be declared as paths".to_owned(),
                ));
            }
            declared.push(slot);
        }
        let read = &declared[..slots.len()];
        let mixed = read.iter().any(Slot::is_place) && read.iter().any(Slot::is_whole);
        let mut contract =
            Self { declared, slots: slots.len(), mixed, statics: Vec::new(), known: Vec::new() };
        contract.prepare(statics)?;
        Ok(contract)
    }

    /// Number of slots of each record.
    pub const fn slots(&self) -> usize {
        self.slots
    }

    /// Slots and further paths.
    pub(super) fn declared(&self) -> usize {
        self.declared.len()
    }

    /// Checks the static operations and reads all of them that does not depend on a record.
    fn prepare(&mut self, statics: &[u8]) -> Result<(), ContractError> {
        for (number, operation) in operation::operations(statics).enumerate() {
            let error = |reason: String| ContractError::Static { number, reason };
            let Ok(mut operation) = operation else {
                return Err(error("it is malformed".to_owned()));
            };
            if number == limit::OPERATIONS {
                return Err(error("there are more operations than a record may have".to_owned()));
            }
            let known = Known {
                depth: depth(&operation).map_err(error)?,
                name: name_of(&operation).map_err(error)?,
            };
            if matches!(operation.op, Op::Set | Op::Insert) {
                // As all that a guest gives is: a value stands in a document without the blanks around it.
                operation.value = operation.value.trim_ascii();
            }
            let pathless =
                matches!(operation.op, Op::SetTopic | Op::SetPartition | Op::SetTimestamp);
            operation.path = match operation.path {
                path if pathless && (path, operation.root) == (PathRef::ROOT, Root::Value) => path,
                _ if pathless => return Err(error("it has neither path nor root".to_owned())),
                PathRef::Id(id) => self
                    .place(id, operation.root)
                    .and(Some(PathRef::Id(id)))
                    .ok_or_else(|| error("its path is not declared".to_owned()))?,
                PathRef::Text(text) => {
                    PathRef::Id(self.declare(operation.root, text).map_err(error)?)
                }
            };
            self.known.push(known);
            operation.write(&mut self.statics);
        }
        Ok(())
    }

    /// Numbers a path that a static operation spells out.
    fn declare(&mut self, root: Root, path: &[u8]) -> Result<u16, String> {
        let text =
            std::str::from_utf8(path).map_err(|error| format!("its path is not UTF-8: {error}"))?;
        let read = || Path::parse(text).map_err(|error| format!("its path `{text}`: {error}"));
        let slot = match root {
            Root::Value => Slot::Value(read()?),
            Root::Key => Slot::Key(read()?),
            Root::Header => Slot::Header(text.into()),
        };
        let number = self
            .declared
            .iter()
            .position(|declared| *declared == slot)
            .unwrap_or(self.declared.len());
        if number == self.declared.len() {
            self.declared.push(slot);
        }
        u16::try_from(number)
            .map_err(|error| format!("there are more paths than can be numbered: {error}"))
    }

    /// A declared path into key or value.
    #[inline]
    pub(super) fn path(&self, id: u16, root: Root) -> Option<&Path> {
        match self.place(id, root)? {
            Slot::Value(path) | Slot::Key(path) => Some(path),
            _ => None,
        }
    }

    /// What was declared under a number, if it lies in this root.
    #[inline]
    pub(super) fn place(&self, id: u16, root: Root) -> Option<&Slot> {
        let slot = self.declared.get(usize::from(id))?;
        let fits = match root {
            Root::Value => matches!(slot, Slot::Value(_)),
            Root::Key => matches!(slot, Slot::Key(_)),
            Root::Header => matches!(slot, Slot::Header(_)),
        };
        fits.then_some(slot)
    }
}

impl Slot {
    /// True for a key or value, or a place in it.
    pub(super) fn is_in_document(&self) -> bool {
        matches!(self, Self::Value(_) | Self::Key(_))
    }

    /// True for a place inside a key or value.
    pub(super) fn is_place(&self) -> bool {
        matches!(self, Self::Value(path) | Self::Key(path) if !path.is_root())
    }

    /// True for a whole key or value, or what holds one.
    fn is_whole(&self) -> bool {
        matches!(self, Self::Value(path) | Self::Key(path) if path.is_root())
            || *self == Self::Record
    }

    pub(super) fn parse(name: &str) -> Result<Self, SlotProblem> {
        Ok(match slot::Slot::parse(name)? {
            slot::Slot::Value(path) => Self::Value(Path::parse(path)?),
            slot::Slot::Key(path) => Self::Key(Path::parse(path)?),
            slot::Slot::Topic => Self::Topic,
            slot::Slot::Partition => Self::Partition,
            slot::Slot::Offset => Self::Offset,
            slot::Slot::Timestamp => Self::Timestamp,
            slot::Slot::Header(name) => Self::Header(name.into()),
            slot::Slot::Headers => Self::Headers,
            slot::Slot::Record => Self::Record,
        })
    }
}

/// The nesting of a static operation's value, where that is JSON.
fn depth(operation: &Operation<'_>) -> Result<u32, String> {
    match operation.op {
        Op::Static => Err("static operations cannot apply static operations".to_owned()),
        Op::Set | Op::Insert => {
            let mut padded = operation.value.to_vec();
            padded.resize(operation.value.len() + smt_abi::SLACK, 0);
            let text = Span { start: 0, end: narrow(operation.value.len()) };
            json::validate(&padded, text)
                .map(|valid| valid.depth)
                .map_err(|error| format!("its value is not JSON: {error}"))
        }
        _ => Ok(0),
    }
}

/// The name that a static operation gives, where it gives one.
fn name_of(operation: &Operation<'_>) -> Result<Option<Key>, String> {
    if !matches!(operation.op, Op::Rename | Op::Wrap) {
        return Ok(None);
    }
    std::str::from_utf8(operation.value)
        .map(|name| Some(Key::new(name)))
        .map_err(|error| format!("its name is not UTF-8: {error}"))
}
