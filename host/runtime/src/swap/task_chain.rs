//! The chain of a task, which adopts what is offered to it.

use super::versions::{Adopted, Modules, Offer};
use crate::{
    context::TaskContext,
    failure::Failure,
    metrics::{Stage, Verdict},
    way::{self, Whence},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use transom_core::{
    batch::Batch,
    chain::{Chain, ChainError, Passage},
};

/// A chain and the modules it runs. Its task alone changes it, between two batches (invariant 3).
pub(crate) struct TaskChain {
    chain: Chain,
    modules: Modules,
    /// One for each stage, since they were counted last.
    worked: Vec<Worked>,
    context: TaskContext,
}

/// What a transform did with a batch.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Worked {
    /// As its last try left it.
    pub(crate) passage: Passage,
    /// Time of all tries.
    pub(crate) time: Duration,
}

impl TaskChain {
    /// The chain of what is published: of what the assembly makes, but for the stages that were swapped. Whoever opens it
    /// adopts what is offered within a poll, for a swap waits for it.
    ///
    /// # Errors
    /// [`Failure`] if a transform cannot be made.
    pub(crate) fn open(context: &TaskContext) -> Result<Self, Failure> {
        let (modules, made) = context.versions.enter(context.task);
        let mut opened =
            Self { chain: Chain::default(), modules, worked: Vec::new(), context: context.clone() };
        opened.chain = context.assembly.chain(context.task)?;
        for (stage, make) in made {
            drop(opened.chain.replace(stage, make(context.task)?));
        }
        context.progress.set_modules(Arc::clone(&opened.modules));
        Ok(opened)
    }

    /// Puts in place what is offered, if something is. Not while a batch is in the chain.
    pub(crate) fn adopt(&mut self) {
        let at = Instant::now();
        let Some(Offer { stage, transform, modules, done }) =
            self.context.versions.take(self.context.task)
        else {
            return;
        };
        let before = self.chain.replace(stage, transform);
        self.modules = modules;
        self.context.progress.set_modules(Arc::clone(&self.modules));
        let pause = at.elapsed();
        // The swap waits for it, unless the process ends.
        drop(done.send(Adopted { at: at + pause, pause, before }));
    }

    /// Runs a batch through it, and returns what decided about the batch. `whence` is where a source had its records.
    ///
    /// # Errors
    /// [`ChainError`] if a transform cannot go on.
    pub(crate) fn run(
        &mut self,
        batch: &mut Batch,
        whence: Whence<'_>,
    ) -> Result<Modules, ChainError> {
        let Self { chain, modules, worked, context } = self;
        let mut at = Instant::now();
        chain.run_watched(batch, |stage, batch, passage| {
            if worked.len() <= stage {
                worked.resize_with(stage + 1, Worked::default);
            }
            worked[stage].passage = passage;
            worked[stage].time += at.elapsed();
            if let Some(module) = modules.get(stage) {
                way::transformed(context, &module.transform, batch, whence);
            }
            at = Instant::now();
        })?;
        Ok(Arc::clone(&self.modules))
    }

    /// Counts a batch, as its last run left it: however often something of it was tried, it is one.
    pub(crate) fn count(&mut self, batch: &Batch) {
        self.context.progress.worked(&self.modules, &self.worked);
        self.worked.fill(Worked::default());
        self.context.progress.metrics.records(
            Stage::Transform,
            Verdict::Passed,
            batch.passed() as u64,
        );
    }
}

impl Drop for TaskChain {
    fn drop(&mut self) {
        self.context.versions.leave(self.context.task);
    }
}
