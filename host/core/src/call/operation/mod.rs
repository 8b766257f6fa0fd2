//! Operations: the edits that an answer carries, one after the other.
//!
//! | file | what |
//! |---|---|
//! | `place` | where an operation works: declared paths, and such that are spelt out |
//! | `transfer` | copy and move |
//! | `header` | operations on headers |

mod header;
mod place;
mod transfer;

pub(super) use place::Spelt;

use super::{
    Limits,
    answer::Fault,
    contract::{Contract, Known},
};
use crate::{
    batch::{Batch, narrow},
    document::{At, Documents, EditError, Hint, Mode, Root},
    envelope,
    json::Span,
    metadata,
    path::{Key, Path},
    record::RecordId,
};
use smt_abi::{
    code,
    operation::{self, HEADER_BYTES, Op, Operation, PathRef, Root as RootKind, Selection},
};
use std::borrow::Cow;

/// Applies the operations of one record.
pub(super) struct Interpreter<'c> {
    pub(super) batch: &'c mut Batch,
    pub(super) record: RecordId,
    pub(super) contract: &'c Contract,
    pub(super) limits: &'c Limits,
    pub(super) hints: &'c mut [Hint],
    pub(super) spelt: &'c mut Spelt,
    /// Where the arena holds the static operations.
    pub(super) statics: u32,
    pub(super) operations: usize,
    /// Length of the arena before the first operation.
    pub(super) before: usize,
}

/// An operation, where its value stands in the arena, and what was known of it before any record was.
struct Given<'a> {
    operation: &'a Operation<'a>,
    value: Span,
    known: Option<&'a Known>,
}

impl Interpreter<'_> {
    /// Applies the operations in `bytes`, which the arena holds at `base`.
    #[inline]
    pub(super) fn run(&mut self, bytes: &[u8], base: u32) -> Result<(), Fault> {
        let mut operations = operation::operations(bytes);
        loop {
            let at = operations.offset();
            // Looked at where it is: to move it would make the processor wait for what was just written.
            match &operations.next() {
                None => return Ok(()),
                Some(Err(_)) => {
                    let message = format!("the operation at byte {at} of the output is malformed");
                    return Err(Fault::new(code::BAD_OPERATION, message));
                }
                Some(Ok(operation)) if operation.op == Op::Static => self.run_statics(operation)?,
                Some(Ok(operation)) => {
                    let value = value_span(operation, base, at);
                    self.one(&Given { operation, value, known: None })?;
                }
            }
        }
    }

    fn run_statics(&mut self, operation: &Operation<'_>) -> Result<(), Fault> {
        if *operation != Operation::new(Op::Static, RootKind::Value, PathRef::ROOT, b"") {
            return Err(malformed("STATIC has neither path nor root nor value"));
        }
        let contract = self.contract;
        let mut operations = operation::operations(&contract.statics);
        for known in &contract.known {
            let at = operations.offset();
            let Some(Ok(operation)) = &operations.next() else { return Ok(()) };
            let value = value_span(operation, self.statics, at);
            self.one(&Given { operation, value, known: Some(known) })?;
        }
        Ok(())
    }

    #[inline]
    fn one(&mut self, given: &Given<'_>) -> Result<(), Fault> {
        let operation = given.operation;
        self.operations += 1;
        if self.operations > self.limits.operations {
            let message = format!("more than {} operations on one record", self.limits.operations);
            return Err(Fault::new(code::OPERATION_LIMIT, message));
        }
        match (operation.op, operation.root) {
            (Op::Remove | Op::Extract, _) if !operation.value.is_empty() => {
                return Err(malformed("it has no value"));
            }
            (Op::Set | Op::Insert, RootKind::Value | RootKind::Key) => self.set(given)?,
            (Op::Copy | Op::Move, _) => self.transfer(operation)?,
            (Op::SetTopic | Op::SetPartition | Op::SetTimestamp, _) => {
                self.set_metadata(operation)?;
            }
            (_, RootKind::Header) => self.header(given)?,
            _ => self.reshape(operation, given.known)?,
        }
        self.check_growth()
    }

    #[inline]
    fn check_growth(&self) -> Result<(), Fault> {
        let grown = self.batch.documents.arena.len() - self.before;
        if grown <= self.limits.growth_bytes {
            return Ok(());
        }
        let source = &self.batch.records[self.record.index()].source;
        let payload = source.key.map_or(0, Span::len) + source.value.map_or(0, Span::len);
        let allowed = self.limits.growth_bytes + self.limits.growth_factor * payload;
        if grown > allowed {
            let message =
                format!("the operations on one record make it grow by more than {allowed} bytes");
            return Err(Fault::new(code::OUTPUT_LIMIT, message));
        }
        Ok(())
    }

    #[inline]
    fn set(&mut self, given: &Given<'_>) -> Result<(), Fault> {
        let operation = given.operation;
        let value = match given.known {
            Some(Known { depth, .. }) => Root::text(given.value, *depth),
            // Invariant 12.
            None => self.batch.documents.validate(given.value).map_err(envelope::not_json)?,
        };
        let mode = if operation.op == Op::Set || operation.overwrite {
            Mode::Replace
        } else {
            Mode::Refuse
        };
        self.with_path(operation, |documents, root, at| documents.set(root, at, value, mode))
    }

    /// Operations that change places and names rather than values.
    fn reshape(&mut self, operation: &Operation<'_>, known: Option<&Known>) -> Result<(), Fault> {
        match operation.op {
            Op::Remove => self.with_path(operation, |documents, root, at| {
                documents.remove(root, at.path);
                Ok(())
            }),
            Op::Extract => self.with_path(operation, |documents, root, at| {
                documents.extract(root, at);
                Ok(())
            }),
            Op::Rename => {
                let name = self.name(operation.value, known)?;
                self.with_path(operation, |documents, root, at| documents.rename(root, at, &name))
            }
            Op::Wrap => {
                let name = self.name(operation.value, known)?;
                self.with_path(operation, |documents, root, at| {
                    if at.path.is_root() {
                        documents.wrap(root, &name)
                    } else {
                        Err(EditError::Path)
                    }
                })
            }
            Op::Retain => self.retain(operation),
            _ => Err(malformed("it cannot work on this root")),
        }
    }

    fn retain(&mut self, operation: &Operation<'_>) -> Result<(), Fault> {
        let mut paths: Vec<Path> = Vec::new();
        for path in Selection::read(operation.value) {
            let Some(path) = path else { return Err(malformed("its list of paths is malformed")) };
            paths.push(self.path(operation.root, path)?.clone());
        }
        let paths: Vec<&Path> = paths.iter().collect();
        self.with_path(operation, |documents, root, at| {
            if at.path.is_root() { documents.retain(root, &paths) } else { Err(EditError::Path) }
        })
    }

    fn set_metadata(&mut self, operation: &Operation<'_>) -> Result<(), Fault> {
        if operation.root != RootKind::Value || operation.path != PathRef::ROOT {
            return Err(malformed("it has neither path nor root"));
        }
        let record = self.record.index();
        match operation.op {
            Op::SetTopic => {
                let topic = metadata::topic(operation.value)?;
                self.batch.records[record].topic = self.batch.topic_span(&topic);
            }
            Op::SetPartition => {
                self.batch.records[record].partition = metadata::partition(operation.value)?;
            }
            _ => self.batch.records[record].timestamp = metadata::timestamp(operation.value)?,
        }
        Ok(())
    }

    /// Runs an edit of key or value at the operation's path.
    #[inline]
    fn with_path(
        &mut self,
        operation: &Operation<'_>,
        edit: impl FnOnce(&mut Documents, &mut Root, At<'_>) -> Result<(), EditError>,
    ) -> Result<(), Fault> {
        let mut unhinted = Hint::default();
        let (path, hint) = match operation.path {
            PathRef::Id(id) => {
                let path =
                    self.contract.path(id, operation.root).ok_or_else(|| place::undeclared(id))?;
                (path, &mut self.hints[usize::from(id)])
            }
            PathRef::Text(text) => (self.spelt.path(text)?, &mut unhinted),
        };
        let record = &mut self.batch.records[self.record.index()];
        let root =
            if operation.root == RootKind::Key { &mut record.key } else { &mut record.value };
        edit(&mut self.batch.documents, root, At { path, hint }).map_err(|error| {
            let place = place::spell(operation.path);
            Fault::new(
                error.code(),
                format!("{:?} at {place}: it {}", operation.op, error.reason()),
            )
        })
    }

    fn path(&mut self, root: RootKind, path: PathRef<'_>) -> Result<&Path, Fault> {
        match path {
            PathRef::Id(id) => self.contract.path(id, root).ok_or_else(|| place::undeclared(id)),
            PathRef::Text(text) => self.spelt.path(text),
        }
    }

    fn name<'k>(&mut self, value: &[u8], known: Option<&'k Known>) -> Result<Cow<'k, Key>, Fault> {
        match known.and_then(|known| known.name.as_ref()) {
            Some(name) => Ok(Cow::Borrowed(name)),
            None => self.spelt.name(value).cloned().map(Cow::Owned),
        }
    }
}

fn malformed(reason: &str) -> Fault {
    Fault::new(code::BAD_OPERATION, format!("an operation cannot be applied: {reason}"))
}

/// Where the value of the operation at `at` stands in the arena, which holds all operations at `base`.
#[inline]
fn value_span(operation: &Operation<'_>, base: u32, at: usize) -> Span {
    let path = match operation.path {
        PathRef::Id(_) => 0,
        PathRef::Text(path) => path.len(),
    };
    let start = base + narrow(at + HEADER_BYTES + path);
    Span { start, end: start + narrow(operation.value.len()) }
}
