//! Retain, extract, wrap: operations on a whole root.

use super::{At, Documents, EditError, Root, edit::deepen};
use crate::{
    json::Kind,
    path::{Key, Path, PathStep},
};

impl Documents {
    /// Keeps the listed paths and the objects that lead there; an absent root stays absent.
    pub(crate) fn retain(&mut self, root: &mut Root, paths: &[&Path]) -> Result<(), EditError> {
        let is_key = |step: &PathStep| matches!(step, PathStep::Key(_));
        if !paths.iter().all(|path| path.steps().iter().all(is_key)) {
            return Err(EditError::Path);
        }
        if root.is_absent() {
            return Ok(());
        }
        let container = self
            .open_root(root)
            .filter(|container| self.containers[*container].kind == Kind::Object);
        let steps: Vec<&[PathStep]> = paths.iter().map(|path| path.steps()).collect();
        self.retain_in(container.ok_or(EditError::Scalar)?, &steps);
        Ok(())
    }

    /// Keeps what the steps lead to, seen from one object. It nests no deeper than the paths do.
    fn retain_in(&mut self, container: usize, paths: &[&[PathStep]]) {
        if paths.iter().any(|steps| steps.is_empty()) {
            return;
        }
        let live: Vec<usize> = self.live(container).collect();
        for node in live {
            let below = |steps: &&[PathStep]| match steps.split_first() {
                Some((PathStep::Key(key), below)) if self.is_named(node, key) => Some(below.len()),
                _ => None,
            };
            let named: Vec<&[PathStep]> = paths
                .iter()
                .filter_map(|steps| below(steps).map(|below| &steps[steps.len() - below..]))
                .collect();
            if named.iter().any(|below| below.is_empty()) {
                continue;
            }
            let inner = if named.is_empty() { None } else { self.open_node(node) };
            let inner = inner.filter(|inner| self.containers[*inner].kind == Kind::Object);
            if let Some(inner) = inner {
                self.retain_in(inner, &named);
            } else {
                self.overlay(node).removed = true;
                self.containers[container].restructured = true;
            }
        }
        self.containers[container].edited = true;
    }

    /// Makes what is at `path` the whole root; where nothing is, the root becomes absent.
    pub(crate) fn extract(&mut self, root: &mut Root, at: At<'_>) {
        if at.path.is_root() {
            return;
        }
        let depth = root.depth().saturating_sub(at.path.steps().len());
        *root = match self.read(root, at) {
            Some(text) => Root::text(text, u32::try_from(depth).unwrap_or(u32::MAX)),
            None => Root::default(),
        };
    }

    /// Makes the root an object with one member that holds the old root, or `null` where there was none.
    pub(crate) fn wrap(&mut self, root: &mut Root, name: &Key) -> Result<(), EditError> {
        let bound = root.depth();
        let inner = self.read_root(root).unwrap_or_else(|| self.arena.push(b"null"));
        let depth = self.measure(inner, bound, 1).depth() + 1;
        self.scratch.clear();
        self.scratch.extend_from_slice(b"{\"");
        self.scratch.extend_from_slice(&name.spelt);
        self.scratch.extend_from_slice(b"\":");
        self.scratch.extend_from_slice(self.arena.get(inner));
        self.scratch.push(b'}');
        let text = self.arena.push(&self.scratch);
        let mut wrapped = Root::text(text, 1);
        deepen(&mut wrapped, depth)?;
        *root = wrapped;
        Ok(())
    }
}
