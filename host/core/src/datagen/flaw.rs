//! What does not hold in the settings, where, and the way out.

use crate::config::Place;

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where it is.
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
#[derive(Debug)]
pub(super) struct Flaws {
    /// Where the settings stand.
    at: Place,
    pub(super) found: Vec<Flaw>,
}

impl Flaws {
    pub(super) fn of(at: &Place) -> Self {
        Self { at: at.clone(), found: Vec::new() }
    }

    /// Adds one, at the value that these keys lead to.
    pub(super) fn push(&mut self, keys: &[&str], flaw: Flaw) {
        let place = keys.iter().fold(self.at.clone(), |place, key| place.key(key));
        self.found.push(Flaw { place, ..flaw });
    }
}
