//! Copy and move.

use super::{Interpreter, malformed};
use crate::{
    batch::narrow,
    call::Fault,
    document::{Mode, Root},
    envelope,
    json::Span,
};
use smt_abi::operation::{Op, Operation, Root as RootKind, Target};

impl Interpreter<'_> {
    pub(super) fn transfer(&mut self, operation: &Operation<'_>) -> Result<(), Fault> {
        let Some(target) = Target::read(operation.value) else {
            return Err(malformed("its target is malformed"));
        };
        if operation.root == target.root && operation.root != RootKind::Header {
            let from = self.path(operation.root, operation.path)?.clone();
            if from.overlaps(self.path(target.root, target.path)?) {
                return Err(malformed("source and target are the same, or lie inside each other"));
            }
        }
        let Some((text, depth)) = self.source(operation)? else { return Ok(()) };
        if operation.op == Op::Move {
            self.remove_source(operation)?;
        }
        if target.root == RootKind::Header {
            let name = self.header_name(target.path)?;
            self.batch.add_header(self.record, name, Some(text));
            return Ok(());
        }
        let set = Operation::new(Op::Set, target.root, target.path, b"");
        self.with_path(&set, |documents, root, at| {
            documents.set(root, at, Root::text(text, depth), Mode::Replace)
        })
    }

    /// What a copy or move takes, and how deeply it nests at most.
    fn source(&mut self, operation: &Operation<'_>) -> Result<Option<(Span, u32)>, Fault> {
        if operation.root == RootKind::Header {
            let name = self.header_name(operation.path)?;
            let named = |name_of: Span| self.batch.name(name_of).as_bytes() == name;
            let last =
                self.batch.header_run(self.record).iter().rev().find(|header| named(header.name));
            let Some(text) = last.and_then(|header| header.value) else { return Ok(None) };
            let root = self.batch.documents.validate(text).map_err(envelope::not_json)?;
            return Ok(Some((text, narrow(root.depth()))));
        }
        let mut found = None;
        self.with_path(operation, |documents, root, at| {
            let depth = root.depth().saturating_sub(at.path.steps().len());
            found = documents.read(root, at).map(|text| (text, narrow(depth)));
            Ok(())
        })?;
        Ok(found)
    }

    fn remove_source(&mut self, operation: &Operation<'_>) -> Result<(), Fault> {
        if operation.root == RootKind::Header {
            let name = self.header_name(operation.path)?;
            self.batch.remove_header(self.record, name);
            return Ok(());
        }
        self.reshape(&Operation::new(Op::Remove, operation.root, operation.path, b""), None)
    }
}
