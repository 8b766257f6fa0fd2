//! Set, insert, remove, rename: edits at a path.

use super::{At, Documents, Hint, Link, Node, Overlay, Root, State};
use crate::{
    json::{Kind, Span},
    path::{Key, Path, PathStep},
};
use smt_abi::{code, limit};

/// Why an edit cannot be made. The document may have been changed in part; its record fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditError {
    /// The path leads through, or into, what holds no members.
    Scalar,
    /// The path asks an object for an element, an array for a member, or an array for an element beyond its end.
    Step,
    /// An insert of what is there.
    Exists,
    /// The result would nest too deeply.
    Nesting,
    /// The operation cannot work on this path.
    Path,
}

impl EditError {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Scalar | Self::Step => code::BAD_PATH,
            Self::Exists => code::EXISTS,
            Self::Nesting => code::NESTING_LIMIT,
            Self::Path => code::BAD_OPERATION,
        }
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Scalar => "leads through a value that is neither object nor array",
            Self::Step => {
                "asks for a member of an array, an element of an object, or one beyond the end"
            }
            Self::Exists => "is there already",
            Self::Nesting => "would nest deeper than 128",
            Self::Path => "is not one that this operation can work on",
        }
    }
}

/// What an edit does where something is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Replace,
    Refuse,
}

impl Documents {
    /// Puts a validated text, nested `depth` deep, at `path`; missing objects on the way are made.
    #[inline]
    pub(crate) fn set(
        &mut self,
        root: &mut Root,
        at: At<'_>,
        value: Root,
        mode: Mode,
    ) -> Result<(), EditError> {
        if mode == Mode::Replace
            && value.depth < root.depth
            && let Some((container, node)) = self.known(root, &at)
        {
            let overlay = self.overlay(node);
            (overlay.value, overlay.child) = (value.text, Link::default());
            self.containers[container].edited = true;
            return Ok(());
        }
        let At { path, hint } = at;
        let Some((last, way)) = path.steps().split_last() else {
            if mode == Mode::Refuse && !root.is_absent() {
                return Err(EditError::Exists);
            }
            *root = value;
            return Ok(());
        };
        deepen(root, path.steps().len() + usize::from(value.depth))?;
        if root.is_absent() {
            *root = Root { depth: root.depth, ..Root::text(self.arena.push(b"{}"), 1) };
        }
        let mut container = self.open_root(root).ok_or(EditError::Scalar)?;
        for (position, step) in way.iter().enumerate() {
            self.containers[container].edited = true;
            let hint = if position == 0 { &mut *hint } else { &mut Hint::default() };
            let Some(node) = self.find(container, step, hint) else {
                let made = self.nest(&path.steps()[position + 1..], value.text)?;
                return self.append(container, step, made);
            };
            self.keep_only(container, node, step);
            container = self.open_node(node).ok_or(EditError::Scalar)?;
        }
        let hint = if way.is_empty() { hint } else { &mut Hint::default() };
        match self.find(container, last, hint) {
            Some(_) if mode == Mode::Refuse => return Err(EditError::Exists),
            Some(node) => self.replace(container, node, last, value.text),
            None => self.append(container, last, value.text)?,
        }
        self.containers[container].edited = true;
        Ok(())
    }

    /// Removes what is at `path`, all members of one name; nothing happens if nothing is there.
    pub(crate) fn remove(&mut self, root: &mut Root, path: &Path) {
        let Some((last, way)) = path.steps().split_last() else {
            *root = Root::default();
            return;
        };
        let Some(container) = self.walk(root, way) else { return };
        let Some(node) = self.find(container, last, &mut Hint::default()) else { return };
        self.keep_only(container, node, last);
        self.overlay(node).removed = true;
        self.containers[container].restructured = true;
        self.mark(root, way);
    }

    /// Gives the member at `path` another name, in its place; a member that has the name already is removed.
    pub(crate) fn rename(
        &mut self,
        root: &mut Root,
        at: At<'_>,
        to: &Key,
    ) -> Result<(), EditError> {
        let At { path, hint } = at;
        let Some((PathStep::Key(from), way)) = path.steps().split_last() else {
            return Err(EditError::Path);
        };
        let Some(container) = self.walk(root, way) else { return Ok(()) };
        let hint = if way.is_empty() { hint } else { &mut Hint::default() };
        let Some(node) = self.find(container, &path.steps()[way.len()], hint) else {
            return Ok(());
        };
        if from == to {
            return Ok(());
        }
        let name = self.arena.push(&to.spelt);
        self.containers[container].edited = true;
        if self.containers[container].duplicates {
            self.rename_all(container, from, to, name);
        } else {
            if let Some(other) = self.find_key(container, to, &mut Hint::default()) {
                self.overlay(other).removed = true;
            }
            self.rename_node(node, to, name);
        }
        self.containers[container].restructured = true;
        self.mark(root, way);
        Ok(())
    }

    fn rename_all(&mut self, container: usize, from: &Key, to: &Key, name: Span) {
        let live: Vec<usize> = self.live(container).collect();
        for node in live {
            if self.is_named(node, to) {
                self.overlay(node).removed = true;
            } else if self.is_named(node, from) {
                self.rename_node(node, to, name);
            }
        }
    }

    fn rename_node(&mut self, node: usize, to: &Key, name: Span) {
        let overlay = self.overlay(node);
        (overlay.key, overlay.escaped) = (name, to.is_escaped());
    }

    /// The container that the steps of an edit lead to, if there is one.
    fn walk(&mut self, root: &mut Root, way: &[PathStep]) -> Option<usize> {
        let mut container = self.open_root(root)?;
        for (position, step) in way.iter().enumerate() {
            let node = self.find(container, step, &mut Hint::default())?;
            if self.keep_only(container, node, step) {
                self.mark(root, &way[..position]);
            }
            container = self.open_node(node)?;
        }
        Some(container)
    }

    /// Says of each container on a way that it is not as the source has it.
    pub(super) fn mark(&mut self, root: &mut Root, way: &[PathStep]) {
        let mut container = self.open_root(root);
        for step in way {
            let Some(at) = container else { return };
            self.containers[at].edited = true;
            container =
                self.find(at, step, &mut Hint::default()).and_then(|node| self.open_node(node));
        }
        if let Some(at) = container {
            self.containers[at].edited = true;
        }
    }

    #[inline]
    fn replace(&mut self, container: usize, node: usize, step: &PathStep, value: Span) {
        let overlay = self.overlay(node);
        overlay.value = value;
        overlay.child = Link::default();
        self.keep_only(container, node, step);
    }

    /// Removes the other members with the name of one that an edit leads to or through, so that no reader can see in
    /// them what was edited. True if there were any.
    #[inline]
    pub(super) fn keep_only(&mut self, container: usize, node: usize, step: &PathStep) -> bool {
        match step {
            PathStep::Key(key) if self.containers[container].duplicates => {
                self.remove_others(container, node, key)
            }
            _ => false,
        }
    }

    #[cold]
    fn remove_others(&mut self, container: usize, node: usize, key: &Key) -> bool {
        let is_other = |other: &usize| *other != node && self.is_named(*other, key);
        let others: Vec<usize> = self.live(container).filter(is_other).collect();
        for other in &others {
            self.overlay(*other).removed = true;
            self.containers[container].restructured = true;
        }
        !others.is_empty()
    }

    fn append(&mut self, container: usize, step: &PathStep, value: Span) -> Result<(), EditError> {
        let (key, escaped) = match (step, self.containers[container].kind) {
            (PathStep::Key(key), Kind::Object) => (self.arena.push(&key.spelt), key.is_escaped()),
            (PathStep::Index(index), Kind::Array)
                if self.live(container).count() == *index as usize =>
            {
                (Span::default(), false)
            }
            _ => return Err(EditError::Step),
        };
        let overlay = Link::new(self.overlays.len());
        let (child, next) = (Link::default(), Link::default());
        self.overlays.push(Overlay { key, value, child, next, escaped, removed: false });
        let node = Link::new(self.nodes.len());
        self.nodes.push(Node { key, value, overlay, escaped });
        let at = &mut self.containers[container];
        (at.edited, at.restructured) = (true, true);
        match std::mem::replace(&mut at.last, node).get() {
            Some(last) => self.overlay(last).next = node,
            None => at.appended = node,
        }
        Ok(())
    }

    /// The text of `value` inside the objects that the steps name, the outermost first.
    fn nest(&mut self, steps: &[PathStep], value: Span) -> Result<Span, EditError> {
        let mut text = value;
        for step in steps.iter().rev() {
            self.scratch.clear();
            let PathStep::Key(key) = step else { return Err(EditError::Step) };
            self.scratch.extend_from_slice(b"{\"");
            self.scratch.extend_from_slice(&key.spelt);
            self.scratch.extend_from_slice(b"\":");
            self.scratch.extend_from_slice(self.arena.get(text));
            self.scratch.push(b'}');
            text = self.arena.push(&self.scratch);
        }
        Ok(text)
    }
}

/// Refuses what would nest too deeply, and remembers how deep the root may be now.
pub(super) fn deepen(root: &mut Root, depth: usize) -> Result<(), EditError> {
    if depth > limit::NESTING {
        return Err(EditError::Nesting);
    }
    root.depth = root.depth.max(u16::try_from(depth).unwrap_or(u16::MAX));
    Ok(())
}

impl Root {
    /// Upper bound of the nesting.
    pub(crate) fn depth(&self) -> usize {
        if self.state == State::Absent { 0 } else { usize::from(self.depth) }
    }
}
