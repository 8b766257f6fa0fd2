//! Reading without changing: following a path where nothing may be indexed, materialised or removed.

use super::{At, Documents, Hint, Node, Root};
use crate::{
    json::{self, Kind, Span},
    path::{Key, PathStep},
};

/// Where a path has led so far.
#[derive(Clone, Copy)]
enum Found {
    /// A value that somebody listed, and may have edited.
    Container(usize),
    /// A text that nobody looked into.
    Text(Span),
}

impl Documents {
    /// The text at a path, with all edits and without blanks around it; nothing if nothing is there. Of several members
    /// with one name the last is read. What edits left in pieces is put together in `scratch`.
    ///
    /// A container that nobody listed is walked along from its start, each time: sinks read few values, and most at the
    /// top level, which is listed.
    #[inline]
    pub(crate) fn look<'a>(
        &'a self,
        root: &Root,
        at: At<'_>,
        scratch: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        if let Some((_, node)) = self.known(root, &at)
            && self.nodes[node].overlay.get().is_none()
        {
            return Some(self.arena.get(self.nodes[node].value));
        }
        let mut found = self.beginning(root)?;
        let mut hint = Some(at.hint);
        for step in at.path.steps() {
            found = self.step(found, step, hint.take().unwrap_or(&mut Hint::default()))?;
        }
        match found {
            Found::Text(text) => Some(self.arena.get(text)),
            Found::Container(container) if self.containers[container].edited => {
                scratch.clear();
                self.splice(container, scratch);
                Some(scratch)
            }
            Found::Container(container) => Some(self.arena.get(self.containers[container].text)),
        }
    }

    fn beginning(&self, root: &Root) -> Option<Found> {
        let text = root.source()?;
        let listed = root.container.get().map(Found::Container);
        Some(listed.unwrap_or_else(|| Found::Text(self.trim(text))))
    }

    fn step(&self, found: Found, step: &PathStep, hint: &mut Hint) -> Option<Found> {
        match (found, step) {
            (Found::Container(container), PathStep::Key(key)) => {
                let node = if self.is_learnt(container, *hint) {
                    self.learnt(container, *hint)
                } else {
                    self.search(container, key, hint)
                };
                node.map(|node| self.inside(node))
            }
            (Found::Container(container), PathStep::Index(index)) => {
                self.find_element(container, *index).map(|node| self.inside(node))
            }
            (Found::Text(text), PathStep::Key(key)) => self.member(text, key),
            (Found::Text(text), PathStep::Index(index)) => self.element(text, *index),
        }
    }

    /// The value of a node: listed where somebody looked into it.
    fn inside(&self, node: usize) -> Found {
        let Node { value, overlay, .. } = self.nodes[node];
        let Some(overlay) = overlay.get() else { return Found::Text(value) };
        let overlay = &self.overlays[overlay];
        overlay.child.get().map_or(Found::Text(overlay.value), Found::Container)
    }

    fn member(&self, text: Span, key: &Key) -> Option<Found> {
        let bytes = self.arena.filled();
        if bytes.get(text.start as usize) != Some(&b'{') {
            return None;
        }
        let mut last = None;
        json::members(bytes, text, |member| {
            if json::key_is(member.key.of(bytes), member.escaped, key.name.as_bytes()) {
                last = Some(Found::Text(member.value));
            }
        });
        last
    }

    fn element(&self, text: Span, index: u32) -> Option<Found> {
        let (mut number, mut found) = (0, None);
        let listing = json::members(self.arena.filled(), text, |member| {
            if number == index {
                found = Some(Found::Text(member.value));
            }
            number += 1;
        });
        found.filter(|_| listing.kind == Kind::Array)
    }
}
