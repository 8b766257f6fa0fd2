//! How many records a task takes at a time, so that it is heard of in time.

use std::time::Duration;
use transom_core::policy;

/// Longest time that a chain is to take for a load: a thread that runs one does not poll.
const TIME: Duration = Duration::from_secs(1);

/// The limit of the next load.
#[derive(Debug)]
pub(crate) struct Pace {
    limit: usize,
    max: usize,
}

impl Pace {
    /// Begins with `max` records a load, and never exceeds it.
    pub(crate) const fn new(max: usize) -> Self {
        Self { limit: max, max }
    }

    pub(crate) const fn records(&self) -> usize {
        self.limit
    }

    /// Notes how long the chain took for so many records.
    pub(crate) fn note(&mut self, records: usize, took: Duration) {
        self.limit = policy::load_limit(self.limit, records, took, TIME, self.max);
    }
}
