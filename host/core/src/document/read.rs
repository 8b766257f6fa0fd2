//! Following a path, and reading what is there.

use super::{Documents, Link, NONE, Node, Root};
use crate::{
    json::{self, Kind, Span},
    path::{Key, Path, PathStep},
};

/// Where a key was found the last time: records mostly repeat their layout.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hint {
    /// The key layout for which `position` is known without comparing, or 0.
    layout: u32,
    /// Position among the members, or [`NONE`] if a record of that layout has no such member.
    position: u32,
}

/// A path, and where its first step led the last time.
#[derive(Debug)]
pub(crate) struct At<'a> {
    pub(crate) path: &'a Path,
    pub(crate) hint: &'a mut Hint,
}

impl Documents {
    /// The text at a path, with all edits; nothing if nothing is there.
    ///
    /// Of several members with one name the last is read and the others are removed, on the way and at its end: what a
    /// module decides on, or masks, no reader behind it sees otherwise.
    #[inline]
    pub(crate) fn read(&mut self, root: &mut Root, at: At<'_>) -> Option<Span> {
        if let Some((_, node)) = self.known(root, &at)
            && self.nodes[node].overlay == Link::default()
        {
            return Some(self.nodes[node].value);
        }
        self.follow(root, at)
    }

    /// Container and node that a path of one step leads to, where the learnt layout tells without a look at any key.
    /// Such a container has no duplicates.
    #[inline]
    pub(super) fn known(&self, root: &Root, at: &At<'_>) -> Option<(usize, usize)> {
        let container = self.containers.get(root.container.0 as usize)?;
        let Hint { layout, position } = *at.hint;
        let is_known = container.layout == layout && layout != 0 && position != NONE;
        let is_plain = !container.restructured && at.path.steps().len() == 1 && !root.is_absent();
        let node = (is_known && is_plain).then(|| (container.first + position) as usize)?;
        Some((root.container.0 as usize, node))
    }

    fn follow(&mut self, root: &mut Root, at: At<'_>) -> Option<Span> {
        let At { path, hint } = at;
        let Some((first, rest)) = path.steps().split_first() else {
            let text = self.read_root(root)?;
            return Some(self.trim(text));
        };
        let mut container = self.open_root(root)?;
        let mut node = self.find(container, first, hint)?;
        for (before, step) in rest.iter().enumerate() {
            if self.keep_only(container, node, &path.steps()[before]) {
                self.mark(root, &path.steps()[..before]);
            }
            container = self.open_node(node)?;
            node = self.find(container, step, &mut Hint::default())?;
        }
        if self.keep_only(container, node, &path.steps()[rest.len()]) {
            self.mark(root, &path.steps()[..rest.len()]);
        }
        Some(self.value(node))
    }

    /// The text of a whole document, with all edits.
    #[inline]
    pub(crate) fn read_root(&mut self, root: &mut Root) -> Option<Span> {
        if root.is_absent() {
            return None;
        }
        if let Some(container) = root.container.get()
            && self.containers[container].edited
        {
            let mut out = std::mem::take(&mut self.scratch);
            out.clear();
            self.write(root, &mut out);
            *root = Root { text: self.arena.push(&out), container: Link::default(), ..*root };
            self.scratch = out;
        }
        Some(root.text)
    }

    /// The text of a node, with all edits.
    #[inline]
    pub(super) fn value(&mut self, node: usize) -> Span {
        let Node { value, overlay, .. } = self.nodes[node];
        let Some(overlay) = overlay.get() else { return value };
        let child = self.overlays[overlay].child;
        if let Some(child) = child.get()
            && self.containers[child].edited
        {
            let text = self.splice_to_arena(child);
            self.overlays[overlay].value = text;
            self.overlays[overlay].child = Link::default();
        }
        self.overlays[overlay].value
    }

    /// The container inside a node's value, indexed now if nobody looked into it before; nothing for scalars.
    pub(super) fn open_node(&mut self, node: usize) -> Option<usize> {
        let Node { value, overlay, .. } = self.nodes[node];
        let (child, value) = overlay.get().map_or((Link::default(), value), |overlay| {
            let overlay = &self.overlays[overlay];
            (overlay.child, overlay.value)
        });
        if let Some(child) = child.get() {
            return Some(child);
        }
        let child = self.open(value)?;
        self.overlay(node).child = child;
        child.get()
    }

    /// The node that a step leads to; of several members with one name the last.
    #[inline]
    pub(super) fn find(
        &mut self,
        container: usize,
        step: &PathStep,
        hint: &mut Hint,
    ) -> Option<usize> {
        match step {
            PathStep::Key(key) => self.find_key(container, key, hint),
            PathStep::Index(index) => self.find_element(container, *index),
        }
    }

    #[inline]
    pub(super) fn find_key(
        &mut self,
        container: usize,
        key: &Key,
        hint: &mut Hint,
    ) -> Option<usize> {
        if self.is_learnt(container, *hint) {
            return self.learnt(container, *hint);
        }
        self.find_key_slowly(container, key, hint)
    }

    /// True if the learnt layout tells where the member is that `hint` is about, or that it is not there.
    #[inline]
    pub(super) fn is_learnt(&self, container: usize, hint: Hint) -> bool {
        let at = &self.containers[container];
        at.layout != 0 && at.layout == hint.layout && !at.restructured
    }

    /// Where that member is.
    #[inline]
    pub(super) fn learnt(&self, container: usize, hint: Hint) -> Option<usize> {
        let first = self.containers[container].first;
        (hint.position != NONE).then(|| (first + hint.position) as usize)
    }

    #[inline(never)]
    fn find_key_slowly(&mut self, container: usize, key: &Key, hint: &mut Hint) -> Option<usize> {
        let node = self.search(container, key, hint);
        self.containers[container].found = node.map_or(Link::default(), Link::new);
        node
    }

    /// Looks for a member by its name, and remembers in `hint` where it was.
    pub(super) fn search(&self, container: usize, key: &Key, hint: &mut Hint) -> Option<usize> {
        let at = self.containers[container];
        if at.kind != Kind::Object {
            return None;
        }
        let first = at.first as usize;
        if !at.duplicates {
            let guess = (hint.position < at.count).then_some(first + hint.position as usize);
            let likely = [at.found.get(), guess].into_iter().flatten();
            if let Some(node) = likely.into_iter().find(|node| self.is_named(*node, key)) {
                if !at.restructured {
                    (hint.layout, hint.position) = (at.layout, Link::new(node - first).0);
                }
                return Some(node);
            }
        }
        let mut node =
            (first..first + at.count as usize).rev().find(|node| self.is_named(*node, key));
        if at.restructured {
            // What was appended stands behind the source, so it is the last of its name.
            let appended = self.appended(container).filter(|node| self.is_named(*node, key)).last();
            node = appended.or(node);
        } else {
            hint.layout = at.layout;
            hint.position = node.map_or(NONE, |node| Link::new(node - first).0);
        }
        node
    }

    pub(super) fn find_element(&self, container: usize, index: u32) -> Option<usize> {
        let at = &self.containers[container];
        if at.kind != Kind::Array {
            return None;
        }
        if !at.restructured {
            return (index < at.count).then_some((at.first + index) as usize);
        }
        self.live(container).nth(index as usize)
    }

    /// True if the node is there and has this name.
    #[inline]
    pub(super) fn is_named(&self, node: usize, key: &Key) -> bool {
        let Node { key: mut spelt, overlay, mut escaped, .. } = self.nodes[node];
        if let Some(overlay) = overlay.get() {
            let overlay = &self.overlays[overlay];
            if overlay.removed {
                return false;
            }
            (spelt, escaped) = (overlay.key, overlay.escaped);
        }
        let spelt = self.arena.get(spelt);
        if escaped {
            json::key_is(spelt, true, key.name.as_bytes())
        } else {
            spelt == key.name.as_bytes()
        }
    }

    /// Nodes that were appended to a container, in order.
    pub(super) fn appended(&self, container: usize) -> impl Iterator<Item = usize> {
        let next = |node: &usize| {
            self.nodes[*node].overlay.get().and_then(|overlay| self.overlays[overlay].next.get())
        };
        std::iter::successors(self.containers[container].appended.get(), next)
    }

    /// Nodes of a container that are there, in order.
    pub(super) fn live(&self, container: usize) -> impl Iterator<Item = usize> {
        let at = &self.containers[container];
        let source = at.first as usize..(at.first + at.count) as usize;
        source.chain(self.appended(container)).filter(|node| !self.is_removed(*node))
    }

    pub(super) fn is_removed(&self, node: usize) -> bool {
        self.nodes[node].overlay.get().is_some_and(|overlay| self.overlays[overlay].removed)
    }
}
