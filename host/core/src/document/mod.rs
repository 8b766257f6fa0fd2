//! Documents: JSON texts in an arena, indexed where somebody looked, with edits laid over them.
//!
//! A document is never a tree of values. Its text stays in the [`Arena`] as it came; a [`Container`] lists the members
//! of one object or array, the outermost when the record is decoded and inner ones when a path first leads through
//! them. An edit changes no text: it gives a [`Node`] an [`Overlay`] that says what stands in the place of the
//! source. Reading looks through the overlay, so each transform sees what its predecessors did, and
//! [`splice`](Documents::splice) writes the result once: source bytes between the edits are copied as they came
//! (invariant 5).
//!
//! | file | what |
//! |---|---|
//! | `read` | following a path, reading what is there |
//! | `look` | the same for who may change nothing: a sink |
//! | `edit` | set, insert, remove, rename |
//! | `reshape` | retain, extract, wrap: operations on a whole root |
//! | `splice` | writing a document with its edits |

mod edit;
mod layouts;
mod look;
mod read;
mod reshape;
mod splice;
#[cfg(test)]
mod tests;

pub(crate) use edit::{EditError, Mode};
pub(crate) use read::{At, Hint};

use crate::{
    arena::Arena,
    json::{self, JsonError, Kind, Member, Span},
};
use layouts::Layouts;
use smt_abi::limit;

/// No container, overlay or node.
const NONE: u32 = u32::MAX;

/// A key or value of a record: a JSON text, or nothing at all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Root {
    /// The text without the edits of `container`. Meaningless where `absent`.
    text: Span,
    state: State,
    /// Upper bound of the nesting.
    depth: u16,
    container: Link,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// There is no document: a tombstone, or a record without a key.
    #[default]
    Absent,
    Present,
}

/// Index into a table, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link(u32);

impl Default for Link {
    fn default() -> Self {
        Self(NONE)
    }
}

impl Link {
    #[inline]
    fn get(self) -> Option<usize> {
        (self.0 != NONE).then_some(self.0 as usize)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "each entry stands for at least one byte of a 4 GiB arena"
    )]
    fn new(index: usize) -> Self {
        Self(index as u32)
    }
}

/// A member of an object or an element of an array, as the source spells it.
#[derive(Debug, Clone, Copy)]
struct Node {
    key: Span,
    value: Span,
    overlay: Link,
    escaped: bool,
}

/// What stands in the place of a node's source.
#[derive(Debug, Clone, Copy)]
struct Overlay {
    key: Span,
    value: Span,
    /// The index of the value, where somebody looked into it.
    child: Link,
    /// The next node that was appended to the same container.
    next: Link,
    escaped: bool,
    removed: bool,
}

/// The members of one object, or the elements of one array.
#[derive(Debug, Clone, Copy)]
struct Container {
    /// From bracket to bracket.
    text: Span,
    first: u32,
    count: u32,
    /// Nodes that were appended, first and last.
    appended: Link,
    last: Link,
    /// The node that was found by its name last: what is read is often what is edited next.
    found: Link,
    /// Id of the learnt key layout that the source matches whole, or 0.
    layout: u32,
    kind: Kind,
    duplicates: bool,
    /// Something in it, or below it, is not as the source has it.
    edited: bool,
    /// Members were removed, renamed or appended.
    restructured: bool,
}

/// The documents of a batch.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) arena: Arena,
    nodes: Vec<Node>,
    overlays: Vec<Overlay>,
    containers: Vec<Container>,
    layouts: Layouts,
    /// Where a document is spliced before it becomes part of the arena.
    scratch: Vec<u8>,
}

// === impl Root ===

impl Root {
    /// A text that has been validated already, nested `depth` deep.
    pub(crate) fn text(text: Span, depth: u32) -> Self {
        Self {
            text,
            state: State::Present,
            depth: u16::try_from(depth).unwrap_or(u16::MAX),
            container: Link::default(),
        }
    }

    /// The text as it was before any edit, where there is one.
    pub(crate) fn source(&self) -> Option<Span> {
        (!self.is_absent()).then_some(self.text)
    }

    /// True for a tombstone, or where there is no key.
    pub(crate) fn is_absent(&self) -> bool {
        self.state == State::Absent
    }
}

// === impl Documents ===

impl Documents {
    /// Forgets all documents, keeps the memory and the learnt key layout.
    pub(crate) fn clear(&mut self) {
        self.arena.clear();
        self.nodes.clear();
        self.overlays.clear();
        self.containers.clear();
    }

    /// Chooses the learnt key layout for the values that are indexed next: there is one for each topic.
    #[inline]
    pub(crate) fn choose_layout_of(&mut self, topic: Span) {
        self.layouts.choose(self.arena.get(topic));
    }

    /// Validates a text in the arena and lists its top level, by the layout that was chosen.
    ///
    /// # Errors
    /// [`JsonError`] if the text is not JSON, or nested too deeply.
    #[inline]
    pub(crate) fn index(&mut self, text: Span) -> Result<Root, JsonError> {
        let first = self.nodes.len();
        let nodes = &mut self.nodes;
        let push = |member: Member| nodes.push(Node::new(member));
        let index = match json::index(self.arena.padded(), text, self.layouts.chosen(), push) {
            Ok(index) => index,
            Err(error) => {
                self.nodes.truncate(first);
                return Err(error);
            }
        };
        let mut root = Root::text(text, index.depth);
        if matches!(index.kind, Kind::Object | Kind::Array) {
            root.container = self.container(index.value, first, index.kind, index.duplicates);
            let layout = self.layouts.id(index.layout);
            self.containers.last_mut().expect("the container was made in the line above").layout =
                layout;
        }
        Ok(root)
    }

    /// Validates a text in the arena; what is inside is listed when somebody looks.
    ///
    /// # Errors
    /// [`JsonError`] if the text is not JSON, or nested too deeply.
    #[inline]
    pub(crate) fn validate(&mut self, text: Span) -> Result<Root, JsonError> {
        if json::is_plain_string(self.arena.padded(), text) {
            return Ok(Root::text(text, 0));
        }
        let valid = json::validate(self.arena.padded(), text)?;
        Ok(Root::text(valid.value, valid.depth))
    }

    /// Validates a text that came with a record, which leaves as it came, with the blanks around it.
    ///
    /// # Errors
    /// [`JsonError`] if the text is not JSON, or nested too deeply.
    #[inline]
    pub(crate) fn admit(&mut self, text: Span) -> Result<Root, JsonError> {
        let valid = json::validate(self.arena.padded(), text)?;
        Ok(Root::text(text, valid.depth))
    }

    /// A validated text that is to stand `levels` deep: its nesting is counted anew where the known bound leaves no
    /// room for that, so that nothing is refused for what was removed, or stood beside it.
    pub(crate) fn measure(&mut self, text: Span, bound: usize, levels: usize) -> Root {
        let known = Root::text(text, u32::try_from(bound).unwrap_or(u32::MAX));
        if bound + levels <= limit::NESTING { known } else { self.admit(text).unwrap_or(known) }
    }

    fn container(&mut self, text: Span, first: usize, kind: Kind, duplicates: bool) -> Link {
        let link = Link::new(self.containers.len());
        let count = Link::new(self.nodes.len() - first).0;
        self.containers.push(Container {
            text,
            first: Link::new(first).0,
            count,
            appended: Link::default(),
            last: Link::default(),
            found: Link::default(),
            layout: 0,
            kind,
            duplicates,
            edited: false,
            restructured: false,
        });
        link
    }

    /// The container of a root, indexed now if nobody looked into it before; nothing for scalars and absent roots.
    #[inline]
    fn open_root(&mut self, root: &mut Root) -> Option<usize> {
        if root.is_absent() {
            return None;
        }
        if root.container == Link::default() {
            root.container = self.open(root.text)?;
        }
        root.container.get()
    }

    /// Lists what is inside a validated value; nothing for scalars.
    fn open(&mut self, value: Span) -> Option<Link> {
        let value = self.trim(value);
        if !matches!(self.arena.get(value).first(), Some(b'{' | b'[')) {
            return None;
        }
        let first = self.nodes.len();
        let nodes = &mut self.nodes;
        let index =
            json::members(self.arena.padded(), value, |member| nodes.push(Node::new(member)));
        Some(self.container(value, first, index.kind, index.duplicates))
    }

    /// The text without the blanks around it; only whole documents have some.
    pub(crate) fn trim(&self, Span { start, end }: Span) -> Span {
        let text = self.arena.get(Span { start, end });
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let before = text.iter().take_while(blank).count();
        let behind = text.iter().rev().take_while(blank).count();
        Span { start: start + Link::new(before).0, end: end - Link::new(behind).0 }
    }

    /// The overlay of a node, made now if it has none.
    fn overlay(&mut self, node: usize) -> &mut Overlay {
        let Node { key, value, overlay, escaped } = self.nodes[node];
        let index = overlay.get().unwrap_or_else(|| {
            self.nodes[node].overlay = Link::new(self.overlays.len());
            let (child, next) = (Link::default(), Link::default());
            self.overlays.push(Overlay { key, value, child, next, escaped, removed: false });
            self.overlays.len() - 1
        });
        &mut self.overlays[index]
    }
}

impl Node {
    #[inline]
    fn new(member: Member) -> Self {
        Self {
            key: member.key,
            value: member.value,
            overlay: Link::default(),
            escaped: member.escaped,
        }
    }
}
