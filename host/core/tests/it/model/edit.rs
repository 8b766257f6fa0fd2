//! Edits of a tree at a path: the naive reading of each operation.

use super::tree::{Container, Document, Item, Node, Step};
use smt_abi::{code, limit::NESTING};

/// A key or a value; nothing for a tombstone, and where a record has no key.
pub(crate) type Root = Option<Document>;

impl Container {
    /// The item that a step leads to: of several members with one name the last.
    fn find(&self, step: &Step) -> Option<usize> {
        match step {
            Step::Key(name) if self.is_object => {
                self.items.iter().rposition(|item| item.name() == Some(name))
            }
            Step::Index(index) if !self.is_object => {
                Some(*index as usize).filter(|index| *index < self.items.len())
            }
            _ => None,
        }
    }

    /// An edit that leads through a member removes the others of its name.
    fn keep_last(&mut self, step: &Step) {
        let (Some(last), Step::Key(name)) = (self.find(step), step) else { return };
        let mut number = 0;
        self.items.retain(|item| {
            number += 1;
            number > last || item.name() != Some(name)
        });
    }
}

/// Of several members with one name the last is read, and the others go.
pub(crate) fn see(root: &mut Root, path: &[Step]) {
    let mut node = root.as_mut().map(|document| &mut document.node);
    for step in path {
        let Some(Node::Container(container)) = node else { return };
        container.keep_last(step);
        node = container.find(step).map(|found| &mut container.items[found].value);
    }
}

/// What is at a path.
pub(crate) fn get<'a>(root: &'a Root, path: &[Step]) -> Option<&'a Node> {
    path.iter().try_fold(&root.as_ref()?.node, |node, step| match node {
        Node::Container(container) => Some(&container.items[container.find(step)?].value),
        _ => None,
    })
}

/// Set, and insert where `refuse`.
pub(crate) fn set(
    root: &mut Root,
    path: &[Step],
    value: Node,
    refuse: bool,
) -> Result<(), &'static str> {
    if path.len() + value.depth() > NESTING {
        return Err(code::NESTING_LIMIT);
    }
    match root {
        Some(_) if path.is_empty() && refuse => Err(code::EXISTS),
        Some(document) if !path.is_empty() => put(&mut document.node, path, value, refuse),
        _ => {
            *root = Some(Document::of(nest(path, value)?));
            Ok(())
        }
    }
}

fn put(node: &mut Node, path: &[Step], value: Node, refuse: bool) -> Result<(), &'static str> {
    let Some((step, rest)) = path.split_first() else {
        if refuse {
            return Err(code::EXISTS);
        }
        *node = value;
        return Ok(());
    };
    let Node::Container(container) = node else { return Err(code::BAD_PATH) };
    if let Some(found) = container.find(step) {
        put(&mut container.items[found].value, rest, value, refuse)?;
        container.keep_last(step);
        return Ok(());
    }
    let name = match step {
        Step::Key(name) if container.is_object => Some(name.as_str()),
        Step::Index(index) if !container.is_object && *index as usize == container.items.len() => {
            None
        }
        _ => return Err(code::BAD_PATH),
    };
    container.items.push(Item::new(name, nest(rest, value)?));
    Ok(())
}

/// `value` inside the objects that the steps name.
fn nest(path: &[Step], value: Node) -> Result<Node, &'static str> {
    path.iter().rev().try_fold(value, |value, step| match step {
        Step::Key(name) => Ok(Node::object(vec![(name, value)])),
        Step::Index(_) => Err(code::BAD_PATH),
    })
}

/// Remove.
pub(crate) fn remove(root: &mut Root, path: &[Step]) {
    match root {
        Some(document) if !path.is_empty() => cut(&mut document.node, path),
        _ => *root = None,
    }
}

fn cut(node: &mut Node, path: &[Step]) {
    let Node::Container(container) = node else { return };
    let Some((step, rest)) = path.split_first() else { return };
    if !rest.is_empty() {
        container.keep_last(step);
    }
    let Some(found) = container.find(step) else { return };
    match step {
        _ if !rest.is_empty() => cut(&mut container.items[found].value, rest),
        Step::Key(name) => container.items.retain(|item| item.name() != Some(name)),
        Step::Index(_) => drop(container.items.remove(found)),
    }
}

/// Rename.
pub(crate) fn rename(root: &mut Root, path: &[Step], to: &str) -> Result<(), &'static str> {
    let Some((Step::Key(from), way)) = path.split_last() else { return Err(code::BAD_OPERATION) };
    let mut node = root.as_mut().map(|document| &mut document.node);
    for step in way {
        let Some(Node::Container(container)) = node else { return Ok(()) };
        container.keep_last(step);
        node = container.find(step).map(|found| &mut container.items[found].value);
    }
    if let Some(Node::Container(container)) = node
        && container.find(&Step::Key(from.clone())).is_some()
        && from != to
    {
        container.items.retain(|item| item.name() != Some(to));
        for item in container.items.iter_mut().filter(|item| item.name() == Some(from)) {
            item.rename(to);
        }
    }
    Ok(())
}

/// Retain.
pub(crate) fn retain(root: &mut Root, paths: &[&[Step]]) -> Result<(), &'static str> {
    if paths.iter().any(|path| path.iter().any(|step| matches!(step, Step::Index(_)))) {
        return Err(code::BAD_OPERATION);
    }
    match root {
        None => Ok(()),
        Some(Document { node: Node::Container(container), .. }) if container.is_object => {
            keep(container, paths);
            Ok(())
        }
        Some(_) => Err(code::BAD_PATH),
    }
}

fn keep(container: &mut Container, paths: &[&[Step]]) {
    if paths.iter().any(|path| path.is_empty()) {
        return;
    }
    container.items.retain_mut(|item| {
        let is_named = |step: &Step| matches!(step, Step::Key(name) if item.name() == Some(name));
        let below: Vec<&[Step]> =
            paths.iter().filter(|path| is_named(&path[0])).map(|path| &path[1..]).collect();
        match &mut item.value {
            _ if below.iter().any(|path| path.is_empty()) => true,
            Node::Container(inner) if inner.is_object && !below.is_empty() => {
                keep(inner, &below);
                true
            }
            _ => false,
        }
    });
}

/// Extract.
pub(crate) fn extract(root: &mut Root, path: &[Step]) {
    if !path.is_empty() {
        *root = get(root, path).cloned().map(Document::of);
    }
}

/// Wrap.
pub(crate) fn wrap(root: &mut Root, name: &str) -> Result<(), &'static str> {
    let inner = root.take().map_or_else(|| Node::Scalar("null".to_owned()), |root| root.node);
    if inner.depth() == NESTING {
        return Err(code::NESTING_LIMIT);
    }
    *root = Some(Document::of(Node::object(vec![(name, inner)])));
    Ok(())
}
