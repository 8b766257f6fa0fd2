//! Copy and move.

use super::{Interpreter, malformed};
use crate::{call::Fault, document::Mode, envelope, json::Span};
use smt_abi::operation::{Op, Operation, Root as RootKind, Target};

impl Interpreter<'_> {
    pub(super) fn transfer(&mut self, operation: &Operation<'_>) -> Result<(), Fault> {
        let Some(target) = Target::read(operation.value) else {
            return Err(malformed("its target is malformed"));
        };
        let levels = self.check_apart(operation, target)?;
        let Some((text, bound)) = self.source(operation)? else { return Ok(()) };
        let text = self.batch.documents.trim(text);
        if target.root == RootKind::Header {
            let name = self.header_name(target.path)?;
            self.batch.add_header(self.record, name, Some(text));
        } else {
            let value = self.batch.documents.measure(text, bound, levels);
            let set = Operation::new(Op::Set, target.root, target.path, b"");
            self.with_path(&set, |documents, root, at| {
                documents.set(root, at, value, Mode::Replace)
            })?;
        }
        if operation.op == Op::Move { self.remove_source(operation) } else { Ok(()) }
    }

    /// Refuses a target that is the source, or lies inside it or around it; answers how deep the target lies.
    fn check_apart(
        &mut self,
        operation: &Operation<'_>,
        target: Target<'_>,
    ) -> Result<usize, Fault> {
        let same_root = operation.root == target.root;
        let (overlap, levels) = if target.root == RootKind::Header {
            let to = self.header_name(target.path)?;
            (same_root && self.header_name(operation.path)? == to, 0)
        } else {
            let to = self.path(target.root, target.path)?.clone();
            let overlap = same_root && self.path(operation.root, operation.path)?.overlaps(&to);
            (overlap, to.steps().len())
        };
        if overlap {
            return Err(malformed("source and target are the same, or lie inside each other"));
        }
        Ok(levels)
    }

    /// What a copy or move takes, and how deeply it nests at most.
    fn source(&mut self, operation: &Operation<'_>) -> Result<Option<(Span, usize)>, Fault> {
        if operation.root == RootKind::Header {
            let name = self.header_name(operation.path)?;
            let named = |name_of: Span| self.batch.name(name_of).as_bytes() == name;
            let last =
                self.batch.header_run(self.record).iter().rev().find(|header| named(header.name));
            let Some(text) = last.and_then(|header| header.value) else { return Ok(None) };
            let root = self.batch.documents.validate(text).map_err(envelope::not_json)?;
            return Ok(Some((text, root.depth())));
        }
        let mut found = None;
        self.with_path(operation, |documents, root, at| {
            let depth = root.depth().saturating_sub(at.path.steps().len());
            found = documents.read(root, at).map(|text| (text, depth));
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
