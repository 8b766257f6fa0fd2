//! The chain of a task, which adopts what is offered to it.

use super::{
    Versions,
    versions::{Adopted, Modules, Offer},
};
use crate::{context::TaskContext, failure::Failure, progress::Progress};
use std::{sync::Arc, time::Instant};
use transom_core::{
    batch::Batch,
    chain::{Chain, ChainError},
};

/// A chain and the modules it runs. Its task alone changes it, between two batches (invariant 3).
pub(crate) struct TaskChain {
    chain: Chain,
    modules: Modules,
    versions: Arc<Versions>,
    task: usize,
    progress: Arc<Progress>,
}

impl TaskChain {
    /// The chain of what is published: of what the assembly makes, but for the stages that were swapped. Whoever opens it
    /// adopts what is offered within a poll, for a swap waits for it.
    ///
    /// # Errors
    /// [`Failure`] if a transform cannot be made.
    pub(crate) fn open(context: &TaskContext) -> Result<Self, Failure> {
        let (modules, made) = context.versions.enter(context.task);
        let mut opened = Self {
            chain: Chain::default(),
            modules,
            versions: Arc::clone(&context.versions),
            task: context.task,
            progress: Arc::clone(&context.progress),
        };
        opened.chain = context.assembly.chain(context.task)?;
        for (stage, make) in made {
            drop(opened.chain.replace(stage, make(context.task)?));
        }
        opened.progress.set_modules(Arc::clone(&opened.modules));
        Ok(opened)
    }

    /// Puts in place what is offered, if something is. Not while a batch is in the chain.
    pub(crate) fn adopt(&mut self) {
        let at = Instant::now();
        let Some(Offer { stage, transform, modules, done }) = self.versions.take(self.task) else {
            return;
        };
        let before = self.chain.replace(stage, transform);
        self.modules = modules;
        self.progress.set_modules(Arc::clone(&self.modules));
        let pause = at.elapsed();
        // The swap waits for it, unless the process ends.
        drop(done.send(Adopted { at: at + pause, pause, before }));
    }

    /// Runs a batch through it, and returns what decided about the batch.
    ///
    /// # Errors
    /// [`ChainError`] if a transform cannot go on.
    pub(crate) fn run(&mut self, batch: &mut Batch) -> Result<Modules, ChainError> {
        self.chain.run(batch)?;
        Ok(Arc::clone(&self.modules))
    }

    /// The chain as it is.
    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }
}

impl Drop for TaskChain {
    fn drop(&mut self) {
        self.versions.leave(self.task);
    }
}
