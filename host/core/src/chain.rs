//! A chain: transforms in configured order.

use crate::{
    batch::Batch,
    predicate::Predicate,
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
        for (number, stage) in self.stages.iter_mut().enumerate() {
            batch.enter(number, stage.predicate.as_ref());
            if batch.selected().is_empty() {
                continue;
            }
            stage
                .transform
                .apply(batch)
                .map_err(|source| ChainError { transform: stage.name.clone(), source })?;
            batch.leave();
        }
        Ok(())
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
