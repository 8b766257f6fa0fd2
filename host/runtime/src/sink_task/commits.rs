//! When a sink task flushes, what it commits, and what it shows of its partitions.

mod stalls;

use super::{SinkTask, worker::Command};
use crate::{failure::Failure, status::PartitionStatus};
use stalls::Stalls;
use std::time::{Duration, Instant};
use transom_core::topic::{CommitMode, Offsets, TopicError, TopicPartition};

/// Flushes that were asked for and what the group has.
#[derive(Debug)]
pub(super) struct Commits {
    asked: u64,
    done: u64,
    is_closed: bool,
    last: Instant,
    /// What the group has of the partitions that are assigned, as far as it has said so.
    offsets: Offsets,
    /// What a sink that stores offsets has of them.
    stored: Offsets,
    shown: Option<Instant>,
    stalls: Stalls,
}

impl Commits {
    pub(super) fn new() -> Self {
        Self {
            asked: 0,
            done: 0,
            is_closed: false,
            last: Instant::now(),
            offsets: Offsets::new(),
            stored: Offsets::new(),
            shown: None,
            stalls: Stalls::default(),
        }
    }

    pub(super) fn flushed(&mut self) {
        self.done += 1;
    }

    pub(super) fn closed(&mut self) {
        self.is_closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Number of the last flush that was asked for.
    pub(super) fn flushes_asked(&self) -> u64 {
        self.asked
    }

    pub(super) fn is_flushed(&self, number: u64) -> bool {
        self.done >= number
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.asked > self.done
    }

    /// Time until the next flush.
    pub(super) fn due_in(&self, interval: Duration) -> Duration {
        interval.saturating_sub(self.last.elapsed())
    }

    /// Forgets what the group has of partitions that were given back.
    pub(super) fn forget(&mut self, partitions: &[TopicPartition]) {
        self.offsets.retain(|partition, _| !partitions.contains(partition));
        self.stored.retain(|partition, _| !partitions.contains(partition));
    }

    /// Notes what a partition begins with: what the sink has, if it stores offsets, or the group.
    pub(super) fn begin(&mut self, partition: &TopicPartition, stored: i64, of_sink: bool) {
        let offsets = if of_sink { &mut self.stored } else { &mut self.offsets };
        offsets.insert(partition.clone(), stored);
    }
}

impl SinkTask {
    /// Asks the worker to flush; when it has, what is settled then is committed.
    pub(super) fn flush(&mut self, mode: CommitMode) {
        self.commits.asked += 1;
        self.commits.last = Instant::now();
        let settled = self.ledger.committable(&self.reader.positions());
        self.worker.send(Command::Flush(mode, settled));
    }

    /// Notes what the group has said of commits that were not waited for. One that failed is not among them, so it is made
    /// again when the next flush is due.
    pub(super) fn acknowledge(&mut self) {
        let mut stored = self.reader.acknowledged();
        stored.retain(|partition, _| self.partitions.is_assigned(partition));
        if !stored.is_empty() {
            self.commits.offsets.extend(stored);
            self.context.progress.committed();
        }
    }

    pub(super) fn flush_if_due(&mut self) {
        let interval = self.context.plan.flush_interval;
        let is_due = self.commits.due_in(interval).is_zero() && !self.commits.is_waiting();
        if is_due && self.committable().is_empty() {
            self.commits.last = Instant::now();
        } else if is_due {
            self.flush(CommitMode::Async);
        }
    }

    /// What may be committed and is not.
    fn committable(&self) -> Offsets {
        self.unknown_to_group(self.ledger.committable(&self.reader.positions()))
    }

    fn unknown_to_group(&self, mut offsets: Offsets) -> Offsets {
        offsets.retain(|partition, offset| self.commits.offsets.get(partition) != Some(offset));
        offsets
    }

    /// Notes how far a sink that stores offsets is.
    pub(super) fn note_stored(&mut self, mut stored: Offsets) {
        stored.retain(|partition, _| self.partitions.is_assigned(partition));
        self.commits.stored.extend(stored);
    }

    /// Commits what is settled. Called when a flush has come back: replies come in order, so what is settled by now was
    /// put before it and is durable (invariant 1).
    pub(super) fn commit(&mut self, mode: CommitMode) -> Result<(), Failure> {
        let mut offsets = self.ledger.committable(&self.reader.positions());
        if self.partitions.stores_offsets() {
            // The group must not be ahead of the sink: the next flush tells it of what was settled since, and had no put.
            let told = |(partition, now): (TopicPartition, i64)| {
                let stored = *self.commits.stored.get(&partition)?;
                Some((partition, stored.min(now)))
            };
            offsets = offsets.into_iter().filter_map(told).collect();
        }
        // One that is waited for covers those whose outcome is not known.
        if mode == CommitMode::Async {
            offsets = self.unknown_to_group(offsets);
        }
        if offsets.is_empty() {
            return Ok(());
        }
        match self.reader.commit(&offsets, mode) {
            Ok(()) if mode == CommitMode::Async => Ok(()),
            Ok(()) => {
                self.commits.offsets.extend(offsets);
                self.context.progress.committed();
                Ok(())
            }
            // Normal while the group changes; whoever has the partition then reads on from what is committed.
            Err(error @ TopicError::Rebalanced { .. }) => {
                tracing::debug!(task = %self.context.name(), %error, "offsets were not committed");
                Ok(())
            }
            Err(error) => self.endure(error),
        }
    }

    /// Shows partitions, lag and what is stalled, once a second.
    pub(super) fn show(&mut self) {
        let now = Instant::now();
        if self.commits.shown.is_some_and(|shown| now - shown < Duration::from_secs(1)) {
            return;
        }
        self.commits.shown = Some(now);
        self.show_now();
    }

    pub(super) fn show_now(&mut self) {
        let (ends, positions) = (self.reader.ends(), self.reader.positions());
        // Where a restart goes on.
        let Commits { stored, offsets, .. } = &self.commits;
        let committed = if self.partitions.stores_offsets() { stored } else { offsets };
        let show = |partition: TopicPartition| PartitionStatus {
            committed: committed.get(&partition).copied(),
            // From the position: transaction markers count as read.
            lag: ends
                .get(&partition)
                .zip(positions.get(&partition))
                .map(|(end, at)| (end - at).max(0)),
            topic: partition.topic.as_ref().to_owned(),
            partition: partition.partition,
        };
        let partitions = self.partitions.list().into_iter().map(show).collect();
        self.context.progress.set_partitions(partitions);
        let stalled = self.commits.stalls.look(&self.ledger, Instant::now());
        self.context.progress.set_stalled(stalled);
    }
}
