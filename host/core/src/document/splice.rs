//! Writing a document with its edits: what no edit touched is copied as it came (invariant 5).

use super::{Documents, Node, Root};
use crate::json::{Kind, Span};

impl Documents {
    /// Appends the text of a root with all edits to `out`; nothing for an absent one.
    #[inline]
    pub(crate) fn write(&self, root: &Root, out: &mut Vec<u8>) {
        if root.is_absent() {
            return;
        }
        match root.container.get() {
            Some(container) if self.containers[container].edited => {
                // Blanks around the document are no part of its outermost container.
                let inner = self.containers[container].text;
                self.copy(root.text.start, inner.start, out);
                self.splice(container, out);
                self.copy(inner.end, root.text.end, out);
            }
            _ => out.extend_from_slice(self.arena.get(root.text)),
        }
    }

    /// True if the root would be written exactly as it was given: the text itself, all of it.
    pub(crate) fn is_untouched(&self, root: &Root, text: Option<Span>) -> bool {
        let edited =
            root.container.get().is_some_and(|container| self.containers[container].edited);
        match text {
            Some(text) => !root.is_absent() && !edited && root.text == text,
            None => root.is_absent(),
        }
    }

    /// The text of an edited container, made part of the arena.
    pub(super) fn splice_to_arena(&mut self, container: usize) -> Span {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        self.splice(container, &mut out);
        let text = self.arena.push(&out);
        self.scratch = out;
        text
    }

    /// Appends an edited container. Recursion follows edits, so it is no deeper than paths are long.
    pub(super) fn splice(&self, container: usize, out: &mut Vec<u8>) {
        let at = self.containers[container];
        let nodes = at.first as usize..(at.first + at.count) as usize;
        // Behind the last member that stays, separators go with the members that leave.
        let last = if at.restructured {
            nodes.clone().rev().find(|node| !self.is_removed(*node))
        } else {
            nodes.clone().last()
        };
        let mut from = at.text.start;
        for node in nodes.clone().take_while(|node| last.is_some_and(|last| *node <= last)) {
            let Some(overlay) = self.nodes[node].overlay.get() else { continue };
            let overlay = self.overlays[overlay];
            let source = self.nodes[node];
            if overlay.removed {
                // The separator behind it goes too: a member that stays follows.
                self.copy(from, self.start(node, at.kind), out);
                from = self.start(node + 1, at.kind);
                continue;
            }
            if overlay.key != source.key {
                self.copy(from, source.key.start, out);
                out.extend_from_slice(self.arena.get(overlay.key));
                from = source.key.end;
            }
            let child = overlay.child.get().filter(|child| self.containers[*child].edited);
            if child.is_some() || overlay.value != source.value {
                self.copy(from, source.value.start, out);
                self.splice_value(child, overlay.value, out);
                from = source.value.end;
            }
        }
        let end = last.map_or(at.text.start + 1, |last| self.nodes[last].value.end);
        self.copy(from, end, out);
        self.splice_appended(container, last.is_none(), out);
        let after = nodes.last().map_or(at.text.start + 1, |last| self.nodes[last].value.end);
        self.copy(after, at.text.end, out);
    }

    fn splice_appended(&self, container: usize, mut first: bool, out: &mut Vec<u8>) {
        for node in self.appended(container) {
            let overlay =
                self.nodes[node].overlay.get().expect("an appended node is made with an overlay");
            let overlay = self.overlays[overlay];
            if overlay.removed {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            if self.containers[container].kind == Kind::Object {
                out.push(b'"');
                out.extend_from_slice(self.arena.get(overlay.key));
                out.extend_from_slice(b"\":");
            }
            let child = overlay.child.get().filter(|child| self.containers[*child].edited);
            self.splice_value(child, overlay.value, out);
        }
    }

    fn splice_value(&self, child: Option<usize>, text: Span, out: &mut Vec<u8>) {
        match child {
            Some(child) => self.splice(child, out),
            None => out.extend_from_slice(self.arena.get(text)),
        }
    }

    /// Where a member begins in the source: at the quote of its key, or where an element's value does.
    fn start(&self, node: usize, kind: Kind) -> u32 {
        let Node { key, value, .. } = self.nodes[node];
        if kind == Kind::Object { key.start - 1 } else { value.start }
    }

    #[inline]
    fn copy(&self, from: u32, to: u32, out: &mut Vec<u8>) {
        if from < to {
            out.extend_from_slice(self.arena.get(Span { start: from, end: to }));
        }
    }
}
