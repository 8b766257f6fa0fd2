//! A chain: transforms in configured order.

use crate::{
    batch::Batch,
    predicate::Predicate,
    record::State,
    transform::{Transform, TransformError},
};
use std::{fmt, mem};

/// One transform of a chain.
pub struct Stage {
    /// The name that the operator gave it.
    pub name: String,
    /// Which records it works on; nothing for all.
    pub predicate: Option<Predicate>,
    /// What it does.
    pub transform: Box<dyn Transform>,
}

/// What a stage made of the records that it was given: those that its predicate selects, children of split ones counted
/// each. A record that was split has passed; one whose sibling failed has failed with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passage {
    /// Records that it was given.
    pub records: u64,
    /// Those of them that it dropped.
    pub dropped: u64,
    /// Those of them that it failed on.
    pub failed: u64,
}

/// Transforms in the order they are applied.
#[derive(Debug, Default)]
pub struct Chain {
    stages: Vec<Stage>,
}

/// A transform that cannot go on, and which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("transform `{transform}`")]
pub struct ChainError {
    /// The name that the operator gave it.
    pub transform: String,
    /// What happened.
    pub source: TransformError,
}

impl Chain {
    /// A chain of these stages.
    pub fn new(stages: Vec<Stage>) -> Self {
        Self { stages }
    }

    /// The name of a stage, as failures number them.
    pub fn stage(&self, stage: usize) -> Option<&str> {
        self.stages.get(stage).map(|stage| stage.name.as_str())
    }

    /// Puts another transform into a stage, whose name and predicate stay, and returns the one before; nothing, and nothing
    /// is changed, if there is no such stage.
    pub fn replace(
        &mut self,
        stage: usize,
        transform: Box<dyn Transform>,
    ) -> Option<Box<dyn Transform>> {
        let stage = self.stages.get_mut(stage)?;
        Some(mem::replace(&mut stage.transform, transform))
    }

    /// Runs a batch through all stages. Each stage sees the records as the one before left them; what it drops or
    /// fails reaches no later one, and children take their parent's place (invariant 2).
    ///
    /// # Errors
    /// [`ChainError`] if a transform cannot go on. The batch is in no defined state then; its payloads are intact.
    pub fn run(&mut self, batch: &mut Batch) -> Result<(), ChainError> {
        self.run_watched(batch, |_, _, _| ())
    }

    /// Runs a batch through all stages, and says behind each what it made of its records: those of
    /// [`Batch::selected`] still. Whoever wants to know how long it took looks at a clock then (invariant 6).
    ///
    /// # Errors
    /// As for [`run`](Self::run); nothing is said of the stage that cannot go on.
    pub fn run_watched(
        &mut self,
        batch: &mut Batch,
        mut told: impl FnMut(usize, &Batch, Passage),
    ) -> Result<(), ChainError> {
        for (number, stage) in self.stages.iter_mut().enumerate() {
            batch.enter(number, stage.predicate.as_ref());
            let mut passage = Passage::default();
            if !batch.selected().is_empty() {
                let applied = stage.transform.apply(batch);
                applied.map_err(|source| ChainError { transform: stage.name.clone(), source })?;
                passage = batch.leave();
            }
            told(number, batch, passage);
        }
        Ok(())
    }
}

impl Passage {
    /// Records that went on.
    pub const fn passed(self) -> u64 {
        self.records.saturating_sub(self.dropped + self.failed)
    }

    /// Counts a record by what it is behind the stage; false if it goes no further.
    #[inline]
    pub(crate) fn note(&mut self, state: State) -> bool {
        match state {
            State::Live | State::Split { .. } => return true,
            State::Dropped { .. } => self.dropped += 1,
            State::Failed { .. } => self.failed += 1,
        }
        false
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.name)
            .field("predicate", &self.predicate)
            .finish_non_exhaustive()
    }
}
