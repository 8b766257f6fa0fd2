//! Where an operation works: paths and names that it spells out, and messages that say which.

use crate::{
    call::Fault,
    path::{Key, Path},
};
use smt_abi::{code, operation::PathRef};
use std::collections::HashMap;

/// Paths and names that are remembered; a module that spells out more of them starts anew.
const REMEMBERED: usize = 1024;

/// Paths and names that operations spell out, as read before: modules repeat themselves.
#[derive(Debug, Default)]
pub(in crate::call) struct Spelt {
    paths: HashMap<Box<[u8]>, Path>,
    names: HashMap<Box<[u8]>, Key>,
}

impl Spelt {
    #[inline]
    pub(super) fn path(&mut self, text: &[u8]) -> Result<&Path, Fault> {
        remember(&mut self.paths, text, |text| {
            let text = utf8(text, code::BAD_PATH)?;
            Path::parse(text)
                .map_err(|error| Fault::new(code::BAD_PATH, format!("path `{text}`: {error}")))
        })
    }

    pub(super) fn name(&mut self, text: &[u8]) -> Result<&Key, Fault> {
        remember(&mut self.names, text, |text| utf8(text, code::BAD_OPERATION).map(Key::new))
    }
}

#[inline]
fn remember<'a, T>(
    known: &'a mut HashMap<Box<[u8]>, T>,
    text: &[u8],
    read: impl FnOnce(&[u8]) -> Result<T, Fault>,
) -> Result<&'a T, Fault> {
    if !known.contains_key(text) {
        let new = read(text)?;
        if known.len() == REMEMBERED {
            known.clear();
        }
        known.insert(text.into(), new);
    }
    Ok(known.get(text).expect("what was not known was put in above"))
}

pub(super) fn utf8<'a>(text: &'a [u8], code: &'static str) -> Result<&'a str, Fault> {
    std::str::from_utf8(text)
        .map_err(|error| Fault::new(code, format!("a path or name is not UTF-8: {error}")))
}

pub(super) fn undeclared(id: u16) -> Fault {
    Fault::new(code::BAD_OPERATION, format!("path {id} is not declared, or not for this root"))
}

pub(super) fn spell(path: PathRef<'_>) -> String {
    match path {
        PathRef::Id(id) => format!("declared path {id}"),
        PathRef::Text(text) => format!("`{}`", String::from_utf8_lossy(text)),
    }
}
