//! Places in the configuration, for problems that are found after it was read.

use smt_abi::path::{PathError, Step as PathStep, steps};
use std::fmt;

/// The way from the top of the configuration to a value: `connectors.orders.transforms[0].config.fields[1]`.
///
/// ```
/// use transom_core::config::Place;
///
/// let transform = Place::of_connector("orders").key("transforms").index(0);
/// assert_eq!(transform.key("keep.last").to_string(), "connectors.orders.transforms[0].`keep.last`");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Place {
    /// A connector.
    pub fn of_connector(name: &str) -> Self {
        Self::default().key("connectors").key(name)
    }

    /// The value of a key below this place.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        self.with(Step::Key(name.to_owned()))
    }

    /// An item of the list at this place, counted from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// What a path in the syntax of [`smt_abi::path`] leads to from here; modules name their settings so.
    ///
    /// # Errors
    /// [`PathError`] if it is no path.
    pub fn path(&self, path: &str) -> Result<Self, PathError> {
        steps(path).try_fold(self.clone(), |place, step| {
            Ok(match step? {
                PathStep::Key(key) => place.key(&key.parts().collect::<String>()),
                PathStep::Index(index) => place.index(index as usize),
            })
        })
    }

    /// The last key with the indices behind it, for a message at the place itself; empty at the top.
    pub(super) fn short(&self) -> String {
        let last = self.0.iter().rposition(|step| matches!(step, Step::Key(_)));
        let tail = last.and_then(|at| self.0.get(at..)).unwrap_or(&self.0);
        let text = tail.iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => format!("[{index}]"),
        });
        text.collect()
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    let dot = if at > 0 { "." } else { "" };
                    let quote = if key.contains(['.', '[', '`']) { "`" } else { "" };
                    write!(f, "{dot}{quote}{key}{quote}")?;
                }
            }
        }
        Ok(())
    }
}
