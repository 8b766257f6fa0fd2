//! The walk along the top level of a text: token by token, with what lies deeper checked by [`super::nested`].

#![expect(clippy::inline_always, reason = "these functions are the body of one loop")]

use super::blocks::Blocks;
use super::keys::Key;
use super::layout::{Cursor, Layout};
use super::nested::container;
use super::reader::{Reader, ends_scalar};
use super::{Member, Span};

/// What a walk saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen {
    /// The place after the value.
    pub(super) end: usize,
    pub(super) duplicates: bool,
    pub(super) escaped: bool,
    pub(super) layout: u32,
    /// Nesting, the value itself included.
    pub(super) depth: u32,
}

/// Walks along the container at `at`, and hands members to `push`. Nothing if that is not the whole text, or the text
/// is wrong.
#[inline(always)]
pub(super) fn walk<B: Blocks>(
    reader: &mut Reader<'_, B>,
    at: usize,
    layout: &mut Layout,
    push: impl FnMut(Member),
) -> Option<Seen> {
    match reader.byte(at)? {
        b'{' => object(reader, at + 1, layout, push),
        b'[' => array(reader, at + 1, push),
        _ => None,
    }
}

#[inline(always)]
fn object<B: Blocks>(
    reader: &mut Reader<'_, B>,
    at: usize,
    layout: &mut Layout,
    mut push: impl FnMut(Member),
) -> Option<Seen> {
    let mut cursor = layout.begin();
    let mut depth = 1;
    let mut at = reader.skip_blanks(at)?;
    if reader.byte(at)? != b'}' {
        loop {
            let (key, after, escaped) = match layout.learnt(&mut cursor, reader, at) {
                Some(end) => (Span::new(at + 1, end - 2), end, false),
                None => other_key(reader, at, layout, &mut cursor)?,
            };
            let start = reader.skip_blanks(after)?;
            let end = value(reader, start, &mut depth)?;
            push(Member { key, value: Span::new(start, end), escaped });
            at = reader.skip_blanks(end)?;
            match reader.byte(at)? {
                b',' => at = reader.skip_blanks(at + 1)?,
                b'}' => break,
                _ => return None,
            }
        }
    }
    // Before anything is learnt: a learnt key is not looked into again.
    if !reader.is_all(at + 1) {
        return None;
    }
    let layout = layout.end(&mut cursor, reader.bytes);
    let Cursor { duplicates, escaped, .. } = cursor;
    Some(Seen { end: at + 1, duplicates, escaped, layout, depth })
}

/// Reads the key at `at` up to its colon: the key, the place after the colon, and whether it has an escape.
#[inline(never)]
fn other_key<B: Blocks>(
    reader: &mut Reader<'_, B>,
    at: usize,
    layout: &mut Layout,
    cursor: &mut Cursor,
) -> Option<(Span, usize, bool)> {
    if reader.byte(at)? != b'"' {
        return None;
    }
    let (end, plain) = reader.string(at + 1)?;
    let spelt = Span::new(at + 1, end - 1);
    let escaped = !plain && spelt.of(reader.bytes).contains(&b'\\');
    let colon = reader.skip_blanks(end)?;
    if reader.byte(colon)? != b':' {
        return None;
    }
    layout.meet(cursor, reader.bytes, Key { hash: 0, spelt, escaped }, colon);
    Some((spelt, colon + 1, escaped))
}

#[inline(always)]
fn array<B: Blocks>(
    reader: &mut Reader<'_, B>,
    at: usize,
    mut push: impl FnMut(Member),
) -> Option<Seen> {
    let mut depth = 1;
    let mut at = reader.skip_blanks(at)?;
    if reader.byte(at)? != b']' {
        loop {
            let end = value(reader, at, &mut depth)?;
            push(Member { key: Span::default(), value: Span::new(at, end), escaped: false });
            at = reader.skip_blanks(end)?;
            match reader.byte(at)? {
                b',' => at = reader.skip_blanks(at + 1)?,
                b']' => break,
                _ => return None,
            }
        }
    }
    reader.is_all(at + 1).then_some(Seen { end: at + 1, depth, ..Seen::default() })
}

/// The end of the value at `at`, one level down; `depth` becomes the deepest nesting so far.
#[inline(always)]
fn value<B: Blocks>(reader: &mut Reader<'_, B>, at: usize, depth: &mut u32) -> Option<usize> {
    match reader.byte(at)? {
        b'"' => reader.string(at + 1).map(|(end, _)| end),
        b'{' | b'[' => {
            let (end, deepest) = container(reader, at, 1)?;
            *depth = deepest.max(*depth);
            Some(end)
        }
        _ => reader.scalar(at).filter(|end| reader.byte(*end).is_some_and(ends_scalar)),
    }
}
