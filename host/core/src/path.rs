//! A path, read once and then followed many times.

use crate::json;
use smt_abi::path::{PathError, Step, steps};

/// A place inside a JSON document; its syntax is that of [`smt_abi::path`]. The empty path is the document itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    steps: Box<[PathStep]>,
}

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathStep {
    Key(Key),
    Index(u32),
}

/// A member's name, ready to be compared and to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// What the name means.
    pub(crate) name: Box<str>,
    /// How it stands between the quotes.
    pub(crate) spelt: Box<[u8]>,
}

impl Key {
    pub(crate) fn new(name: &str) -> Self {
        let mut quoted = Vec::with_capacity(name.len() + 2);
        json::escape(name, &mut quoted);
        let spelt = quoted.get(1..quoted.len() - 1).expect("an escaped text has two quotes").into();
        Self { name: name.into(), spelt }
    }

    /// True if the spelling differs from the name.
    pub(crate) fn is_escaped(&self) -> bool {
        self.spelt.len() != self.name.len()
    }
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// [`PathError`], with the byte offset of the step that cannot be read.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let step = |step| {
            Ok(match step? {
                Step::Key(key) => PathStep::Key(Key::new(&key.parts().collect::<String>())),
                Step::Index(index) => PathStep::Index(index),
            })
        };
        Ok(Self { steps: steps(text).map(step).collect::<Result<_, PathError>>()? })
    }

    /// The path of one step, a member with this name.
    pub(crate) fn field(name: &str) -> Self {
        Self { steps: [PathStep::Key(Key::new(name))].into() }
    }

    /// True for the path that is the whole document.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    pub(crate) fn steps(&self) -> &[PathStep] {
        &self.steps
    }

    /// True if one of the two lies inside the other, or both are the same.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.steps.iter().zip(&other.steps).all(|(one, other)| one == other)
    }
}
