//! What does not hold in the settings, where, and the way out.

use crate::config::Place;

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where it is, seen from the settings of the source.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
}

impl Flaw {
    /// A flaw whose place is not known yet.
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place: Place::default(), message: message.into(), help: help.into() }
    }
}

/// All that does not hold.
#[derive(Debug, Default)]
pub(super) struct Flaws(pub(super) Vec<Flaw>);

impl Flaws {
    /// Adds one, at the value that these keys lead to.
    pub(super) fn push(&mut self, keys: &[&str], flaw: Flaw) {
        let place = keys.iter().fold(Place::default(), |place, key| place.key(key));
        self.0.push(Flaw { place, ..flaw });
    }
}
