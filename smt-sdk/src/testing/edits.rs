//! What each operation does to a document, as `smt-sdk/ABI.md` says it.

use super::tree::{Name, Step, Tree};
use smt_abi::code;

/// Why an operation fails: a code of the ABI.
pub(crate) type Fault = &'static str;

/// The steps of a path.
pub(crate) fn steps(path: &str) -> Result<Vec<Step>, Fault> {
    let step = |step| match step {
        Ok(smt_abi::path::Step::Key(key)) => Ok(Step::Key(key.parts().collect())),
        Ok(smt_abi::path::Step::Index(index)) => Ok(Step::Index(index as usize)),
        Err(_) => Err(code::BAD_PATH),
    };
    smt_abi::path::steps(path).map(step).collect()
}

pub(crate) fn set(root: &mut Option<Tree>, path: &[Step], value: Tree) -> Result<(), Fault> {
    let Some((last, way)) = path.split_last() else {
        *root = Some(value);
        return Ok(());
    };
    let mut at = root.get_or_insert_with(|| Tree::Object(Vec::new()));
    for step in way {
        if at.find(std::slice::from_ref(step)).is_none() {
            put(at, step, Tree::Object(Vec::new()))?;
        }
        at = at.find_mut(std::slice::from_ref(step)).ok_or(code::BAD_PATH)?;
    }
    put(at, last, value)
}

/// Replaces or appends one member or element; of duplicates the last stays.
fn put(at: &mut Tree, step: &Step, value: Tree) -> Result<(), Fault> {
    match (at, step) {
        (Tree::Object(members), Step::Key(name)) => {
            let last = members.iter().rposition(|(known, _)| known.is(name));
            let Some(last) = last else {
                members.push((Name::new(name), value));
                return Ok(());
            };
            members[last].1 = value;
            let mut index = 0;
            members.retain(|(known, _)| {
                index += 1;
                index > last || !known.is(name)
            });
        }
        (Tree::Array(items), Step::Index(index)) if *index == items.len() => items.push(value),
        (Tree::Array(items), Step::Index(index)) => {
            *items.get_mut(*index).ok_or(code::BAD_PATH)? = value;
        }
        _ => return Err(code::BAD_PATH),
    }
    Ok(())
}

pub(crate) fn insert(
    root: &mut Option<Tree>,
    path: &[Step],
    value: Tree,
    overwrite: bool,
) -> Result<(), Fault> {
    let there = root.as_ref().and_then(|root| root.find(path)).is_some();
    if there && !overwrite {
        return Err(code::EXISTS);
    }
    set(root, path, value)
}

pub(crate) fn remove(root: &mut Option<Tree>, path: &[Step]) {
    let Some((last, way)) = path.split_last() else {
        *root = None;
        return;
    };
    match (root.as_mut().and_then(|root| root.find_mut(way)), last) {
        (Some(Tree::Object(members)), Step::Key(name)) => {
            members.retain(|(known, _)| !known.is(name));
        }
        (Some(Tree::Array(items)), Step::Index(index)) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

pub(crate) fn rename(root: &mut Option<Tree>, path: &[Step], name: &str) -> Result<(), Fault> {
    let Some((Step::Key(old), way)) = path.split_last() else { return Err(code::BAD_OPERATION) };
    let parent = root.as_mut().and_then(|root| root.find_mut(way));
    let Some(Tree::Object(members)) = parent else { return Ok(()) };
    if old == name || !members.iter().any(|(known, _)| known.is(old)) {
        return Ok(());
    }
    members.retain(|(known, _)| !known.is(name));
    for (known, _) in members.iter_mut().filter(|(known, _)| known.is(old)) {
        *known = Name::new(name);
    }
    Ok(())
}

pub(crate) fn retain(root: &mut Option<Tree>, kept: &[Vec<Step>]) -> Result<(), Fault> {
    if kept.iter().flatten().any(|step| matches!(step, Step::Index(_))) {
        return Err(code::BAD_OPERATION);
    }
    let Some(root) = root else { return Ok(()) };
    let Tree::Object(members) = root else { return Err(code::BAD_PATH) };
    let kept: Vec<&[Step]> = kept.iter().map(Vec::as_slice).collect();
    if !kept.iter().any(|path| path.is_empty()) {
        retain_members(members, &kept);
    }
    Ok(())
}

fn retain_members(members: &mut Vec<(Name, Tree)>, kept: &[&[Step]]) {
    members.retain_mut(|(name, value)| {
        let below: Vec<&[Step]> = kept
            .iter()
            .filter_map(|path| match path {
                [Step::Key(first), rest @ ..] if name.is(first) => Some(rest),
                _ => None,
            })
            .collect();
        match value {
            _ if below.iter().any(|path| path.is_empty()) => true,
            Tree::Object(members) if !below.is_empty() => {
                retain_members(members, &below);
                true
            }
            _ => false,
        }
    });
}

pub(crate) fn extract(root: &mut Option<Tree>, path: &[Step]) {
    *root = root.as_mut().and_then(|root| root.find_mut(path)).cloned();
}

pub(crate) fn wrap(root: &mut Option<Tree>, name: &str) {
    let old = root.take().unwrap_or_else(|| Tree::Scalar("null".to_owned()));
    *root = Some(Tree::Object(vec![(Name::new(name), old)]));
}
