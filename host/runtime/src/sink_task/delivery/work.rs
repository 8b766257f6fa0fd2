//! What is left of a load to be put, in order.

use crate::{
    dead_letters::Cause,
    failure::Failure,
    load::{Generations, Load},
};
use transom_core::{batch::Batch, record::RecordId};

/// Parts of a load that are still to be put, and what was refused so far.
#[derive(Debug)]
pub(super) struct Work {
    /// The next part is the last one.
    parts: Vec<Vec<RecordId>>,
    /// Behind the last input that is decided.
    end: usize,
    /// Records at first.
    pub(super) total: usize,
    /// What was open when the records were last looked at.
    pub(super) open: Generations,
    /// What the sink refused, in order.
    pub(super) refused: Vec<Cause>,
    /// How many of those are in the dead letter topic.
    written: usize,
    /// Why the task stops once this is done.
    pub(super) stop: Option<Failure>,
}

impl Work {
    pub(super) fn new(records: Vec<RecordId>, end: usize, open: Generations) -> Self {
        let total = records.len();
        let mut work = Self {
            parts: Vec::new(),
            end,
            total,
            open,
            refused: Vec::new(),
            written: 0,
            stop: None,
        };
        work.push(records);
        work
    }

    /// The part to put next.
    pub(super) fn next(&mut self) -> Option<Vec<RecordId>> {
        self.parts.pop()
    }

    /// Puts a part before what is left.
    pub(super) fn push(&mut self, part: Vec<RecordId>) {
        if !part.is_empty() {
            self.parts.push(part);
        }
    }

    /// Behind the last input that is through once the part that was taken is: the next part may begin with another
    /// child of the same input (invariant 11).
    pub(super) fn bound(&self, batch: &Batch) -> usize {
        let next = self.parts.last().and_then(|part| part.first());
        next.map_or(self.end, |record| batch.input(*record))
    }

    /// Behind the last input that is decided when all is done.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Notes what of a part was not refused: an atomic sink must be given it again, another has it.
    pub(super) fn passed(
        &mut self,
        load: &mut Load,
        part: Vec<RecordId>,
        until: usize,
        is_atomic: bool,
    ) {
        if is_atomic {
            self.push(part);
        } else {
            load.note_put(part.len(), until);
        }
    }

    /// Puts the halves of a part before what is left, the left one first (invariant 2). An atomic sink gets all children
    /// of a record in one call, so the line is drawn between records of different inputs.
    ///
    /// # Errors
    /// The part, if it cannot be divided.
    pub(super) fn divide(
        &mut self,
        mut part: Vec<RecordId>,
        batch: &Batch,
        is_atomic: bool,
    ) -> Result<(), Vec<RecordId>> {
        let is_line =
            |at: &usize| !is_atomic || batch.input(part[at - 1]) != batch.input(part[*at]);
        let middle = part.len() / 2;
        let line = (middle..part.len()).chain((1..middle).rev()).filter(|at| *at > 0).find(is_line);
        let Some(line) = line else { return Err(part) };
        let right = part.split_off(line);
        self.push(right);
        self.push(part);
        Ok(())
    }

    /// Leaves out everything from an input on, which the task stops at.
    pub(super) fn stop_at(&mut self, input: usize, failure: Failure) {
        self.parts.clear();
        self.end = input;
        self.stop = Some(failure);
    }

    /// True if a partition of the load was given back since the records were last looked at.
    pub(super) fn is_stale(&self, load: &Load, now: &Generations) -> bool {
        load.open_runs(now) != load.open_runs(&self.open)
    }

    /// Takes out what belongs to generations that are over (invariant 10). What is left is one part again.
    pub(super) fn retain(&mut self, load: &Load, now: Generations) {
        self.open = now;
        let mut left: Vec<RecordId> = self.parts.drain(..).rev().flatten().collect();
        load.retain_open(&mut left, &self.open);
        self.push(left);
    }

    /// Forgets what was refused and is not in the dead letter topic yet, and returns the first input of it.
    pub(super) fn forget_unwritten(&mut self) -> Option<usize> {
        let first = self.refused.get(self.written).map(|cause| cause.input);
        self.refused.truncate(self.written);
        first
    }

    /// What was refused and is not in the dead letter topic yet; taken to be there from now on.
    pub(super) fn take_unwritten(&mut self) -> &[Cause] {
        let from = std::mem::replace(&mut self.written, self.refused.len());
        &self.refused[from..]
    }
}
