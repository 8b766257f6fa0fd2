//! A batch on its way through a task: its records, what the ledger knows of them, what became of them.

use crate::{
    assembly::ModuleName,
    metrics::{self, Stage, TaskMetrics},
    status::RecordCounts,
};
use std::sync::{Arc, Mutex, PoisonError};
use transom_core::{
    batch::Batch,
    convert::Converters,
    ledger::{Admission, Generation, Ledger, Ticket},
    record::{NewRecord, Original, RecordId, Verdict},
    topic::{Offsets, TopicPartition},
};

#[cfg(test)]
mod tests;

/// A batch with its tickets. Loads go from the task's thread to its worker and back; their memory stays.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) batch: Batch,
    /// What its chain ran when it decided about the batch.
    pub(crate) modules: Arc<[ModuleName]>,
    /// One for each input.
    tickets: Vec<Ticket>,
    runs: Vec<Run>,
    /// One for each input.
    pub(crate) fates: Vec<Fate>,
    /// Records that were below what the sink has.
    pub(crate) skipped: u64,
    /// Records that the sink took, children counted each.
    pub(crate) out: u64,
}

/// Inputs that follow each other in the batch and belong to one partition.
#[derive(Debug)]
struct Run {
    partition: TopicPartition,
    generation: Generation,
    /// Behind its last input.
    end: usize,
    /// Behind its last offset.
    through: i64,
}

/// What became of an input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing yet: it is in flight.
    #[default]
    Open,
    /// All that it became was delivered.
    Delivered,
    /// The sink refused it; its dead letter is not durable yet.
    Refused,
    /// A transform dropped it.
    Dropped,
    /// It, or one of its children, is in the dead letter topic.
    DeadLettered,
    /// It failed, and there is no dead letter topic.
    Skipped,
}

/// The generations that are open, for the worker: it delivers nothing of those that are over.
#[derive(Debug, Default)]
pub(crate) struct OpenGenerations(Mutex<Generations>);

/// The generations that were open at one time. What is put and the offsets that go with it are decided by the same list:
/// a put that has a partition's records and not its offset would deliver them twice.
pub(crate) type Generations = Arc<[Generation]>;

impl OpenGenerations {
    pub(crate) fn publish(&self, ledger: &Ledger) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            ledger.open_generations().collect();
    }

    pub(crate) fn now(&self) -> Generations {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Load {
    /// Forgets the records. Memory beyond `share` is given back.
    pub(crate) fn clear(&mut self, share: usize) {
        if self.batch.bytes() > share {
            self.batch = Batch::default();
        }
        self.batch.clear();
        self.tickets.clear();
        self.runs.clear();
        self.fates.clear();
        (self.skipped, self.out) = (0, 0);
    }

    /// Takes a record that was read.
    #[inline]
    pub(crate) fn admit(
        &mut self,
        record: &NewRecord<'_>,
        ledger: &mut Ledger,
        converters: &mut Converters,
    ) {
        let (Some(partition), Some(offset)) = (record.partition, record.offset) else { return };
        match ledger.admit(record.topic, partition, offset) {
            Admission::Admitted(ticket) => {
                self.batch.admit(record, converters);
                self.tickets.push(ticket);
                self.fates.push(Fate::Open);
                self.extend_run(ledger, ticket, offset);
            }
            Admission::Below => self.skipped += 1,
            Admission::Closed => {}
        }
    }

    #[inline]
    fn extend_run(&mut self, ledger: &Ledger, ticket: Ticket, offset: i64) {
        let (end, through) = (self.tickets.len(), offset + 1);
        match self.runs.last_mut() {
            Some(run) if run.generation == ticket.generation() => {
                (run.end, run.through) = (end, through);
            }
            _ => self.runs.push(Run {
                partition: ledger.partition(ticket).clone(),
                generation: ticket.generation(),
                end,
                through,
            }),
        }
    }

    /// For each partition the offset behind the last of its inputs below `bound`; of generations that are over, nothing.
    pub(crate) fn through(&self, bound: usize, open: &[Generation]) -> Offsets {
        let mut through = Offsets::new();
        let mut begin = 0;
        for run in self.runs.iter().take_while(|run| {
            let is_below = begin < bound;
            begin = run.end;
            is_below
        }) {
            let cut = || self.batch.original(bound - 1).offset.map_or(run.through, |at| at + 1);
            let offset = if run.end <= bound { run.through } else { cut() };
            if open.contains(&run.generation) {
                through.insert(run.partition.clone(), offset);
            }
        }
        through
    }

    /// How many of the runs belong to generations that are open: fewer than before if a partition was given back.
    pub(crate) fn open_runs(&self, open: &[Generation]) -> usize {
        self.runs.iter().filter(|run| open.contains(&run.generation)).count()
    }

    /// The inputs of which nothing has become yet, and whose generation is open.
    pub(crate) fn undecided(&self, open: &[Generation]) -> Vec<usize> {
        let is_undecided = |input: &usize| {
            self.fates[*input] == Fate::Open && open.contains(&self.tickets[*input].generation())
        };
        (0..self.fates.len()).filter(is_undecided).collect()
    }

    /// Takes out of `records` those whose generation is over (invariant 10).
    pub(crate) fn retain_open(&self, records: &mut Vec<RecordId>, open: &[Generation]) {
        records
            .retain(|record| open.contains(&self.tickets[self.batch.input(*record)].generation()));
    }

    /// Notes what the chain dropped.
    pub(crate) fn note_dropped(&mut self) {
        // Those that live are found by the survivors; a verdict is asked for the others alone.
        for record in self.batch.survivors() {
            self.fates[self.batch.input(*record)] = Fate::Delivered;
        }
        for (input, fate) in self.fates.iter_mut().enumerate() {
            if *fate == Fate::Delivered {
                *fate = Fate::Open;
            } else if !matches!(self.batch.verdict(input), Verdict::Failed(_)) {
                *fate = Fate::Dropped;
            }
        }
    }

    /// Notes that all records of the inputs below `bound` were delivered.
    pub(crate) fn note_delivered(&mut self, bound: usize) {
        for fate in &mut self.fates[..bound] {
            if *fate == Fate::Open {
                *fate = Fate::Delivered;
            }
        }
    }

    /// Notes that a sink took so many records, the last of the inputs below `bound`.
    pub(crate) fn note_put(&mut self, records: usize, bound: usize) {
        self.note_delivered(bound);
        self.out += records as u64;
    }

    /// Decodes the records anew, as they were read.
    pub(crate) fn decode_again(&mut self, converters: &mut Converters) {
        let before = std::mem::take(&mut self.batch);
        for input in 0..before.len() {
            let Original { topic, partition, offset, timestamp, key, value } =
                before.original(input);
            let headers: Vec<(&str, Option<&[u8]>)> = before.original_headers(input).collect();
            let headers = &*headers;
            let record = NewRecord { topic, partition, offset, timestamp, key, value, headers };
            self.batch.admit(&record, converters);
        }
    }

    /// Settles what has come to its end.
    pub(crate) fn settle(&self, ledger: &mut Ledger) -> RecordCounts {
        // Invariant 10: what belongs to a generation that is over counts for nothing.
        let mut settle = |(ticket, fate): (&Ticket, &Fate)| {
            (fate.is_final() && ledger.settle(*ticket)).then_some(*fate)
        };
        let settled = self.tickets.iter().zip(&self.fates).filter_map(&mut settle);
        RecordCounts { out: self.out, ..RecordCounts::tally(settled) }
    }
}

impl Fate {
    /// True if nothing more becomes of the input.
    const fn is_final(self) -> bool {
        !matches!(self, Self::Open | Self::Refused)
    }
}

impl RecordCounts {
    /// Counts by fates.
    pub(crate) fn tally(fates: impl Iterator<Item = Fate>) -> Self {
        let mut counts = Self::default();
        for fate in fates {
            counts.of(fate).into_iter().for_each(|count| *count += 1);
        }
        counts
    }

    /// Adds to the metrics what went well; what failed is counted where it is reported.
    pub(crate) fn report(&self, metrics: &TaskMetrics) {
        metrics.records(Stage::Transform, metrics::Verdict::Dropped, self.dropped);
        metrics.records(Stage::Deliver, metrics::Verdict::Passed, self.delivered);
    }

    /// Where records of this fate are counted; nothing for those that are in flight still.
    fn of(&mut self, fate: Fate) -> Option<&mut u64> {
        match fate {
            Fate::Open | Fate::Refused => None,
            Fate::Delivered => Some(&mut self.delivered),
            Fate::Dropped => Some(&mut self.dropped),
            Fate::DeadLettered => Some(&mut self.dead_lettered),
            Fate::Skipped => Some(&mut self.skipped),
        }
    }

    /// Moves records from what is in flight to what became of them.
    pub(crate) fn settle(&mut self, settled: Self) {
        let Self { read: _, delivered, dropped, dead_lettered, skipped, in_flight: _, out } =
            settled;
        self.delivered += delivered;
        self.dropped += dropped;
        self.dead_lettered += dead_lettered;
        self.skipped += skipped;
        self.out += out;
        self.in_flight -= delivered + dropped + dead_lettered + skipped;
    }

    /// Notes records that will be read again, by whoever has their partition then.
    pub(crate) fn give_back(&mut self, count: u64) {
        self.read -= count;
        self.in_flight -= count;
    }
}
