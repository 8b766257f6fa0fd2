//! What the group gives a sink task and takes from it.

use super::{SinkTask, worker::Command};
use crate::failure::Failure;
use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};
use transom_core::{
    policy,
    topic::{
        CommitMode, Offsets, Polled, StartAt, StoredOffset, TopicError, TopicIdentity,
        TopicPartition, Watermarks,
    },
};

/// A partition with what was stored for it, and which topic it is now.
type Placing = (StoredOffset, TopicIdentity);

/// Partitions on their way into a task, and those that it has.
#[derive(Debug)]
pub(super) struct Partitions {
    stores_offsets: bool,
    /// Given by the group; nobody was asked yet where they go on.
    arriving: Vec<TopicPartition>,
    /// Asked of the sink, in order.
    claims: VecDeque<Vec<(TopicPartition, TopicIdentity)>>,
    /// What was stored is known; the bounds of the log are not.
    placing: Vec<Placing>,
    /// Those that are read.
    assigned: BTreeSet<TopicPartition>,
    /// When it is asked again who leads those that had no leader.
    again: Option<Instant>,
}

/// Why a task has no partitions that it had.
const LOST: &str = "the group took its partitions away, for it had not heard of it within `session.timeout.ms`; it joins anew, and the \
     broker may wait as long again for its earlier membership to end";

/// Pause before it is asked again who leads a partition that has no leader: the answer comes at once.
const PAUSE: Duration = Duration::from_millis(500);

impl Partitions {
    pub(super) fn new(stores_offsets: bool) -> Self {
        Self {
            stores_offsets,
            arriving: Vec::new(),
            claims: VecDeque::new(),
            placing: Vec::new(),
            assigned: BTreeSet::new(),
            again: None,
        }
    }

    /// Those that are read.
    pub(super) fn list(&self) -> Vec<TopicPartition> {
        self.assigned.iter().cloned().collect()
    }

    /// True if the sink stores offsets, and the group's are for information.
    pub(super) fn stores_offsets(&self) -> bool {
        self.stores_offsets
    }

    pub(super) fn is_assigned(&self, partition: &TopicPartition) -> bool {
        self.assigned.contains(partition)
    }

    /// True while some of them are on their way in.
    pub(super) fn is_waiting(&self) -> bool {
        !(self.arriving.is_empty() && self.claims.is_empty() && self.placing.is_empty())
    }

    /// Forgets partitions that are not read yet.
    fn forget(&mut self, gone: &[TopicPartition]) {
        self.arriving.retain(|partition| !gone.contains(partition));
        self.placing.retain(|(stored, _)| !gone.contains(&stored.partition));
        for claim in &mut self.claims {
            claim.retain(|(partition, _)| !gone.contains(partition));
        }
    }
}

impl SinkTask {
    /// Does what the group says.
    pub(super) fn obey(&mut self, event: Polled) -> Result<(), Failure> {
        match event {
            Polled::Assigned(partitions) => {
                self.context.progress.metrics.rebalanced();
                self.partitions.arriving.extend(partitions);
                Ok(())
            }
            Polled::Revoked(partitions) => {
                self.context.progress.metrics.rebalanced();
                self.revoke(&partitions)
            }
            Polled::Lost(partitions) => {
                self.context.progress.metrics.rebalanced();
                self.context.progress.set_away(LOST);
                self.lose(&partitions)
            }
            Polled::Records(_) | Polled::Idle => Ok(()),
        }
    }

    /// Takes partitions a step further towards being read. What may pass is tried again at the next call.
    pub(super) fn begin_partitions(&mut self) -> Result<(), Failure> {
        if self.partitions.again.is_some_and(|again| Instant::now() < again) {
            return Ok(());
        }
        self.partitions.again = None;
        if !self.partitions.arriving.is_empty() {
            let result = self.ask_stored();
            result.or_else(|error| self.endure(error))?;
        }
        if self.partitions.placing.is_empty() {
            return Ok(());
        }
        let placing = std::mem::take(&mut self.partitions.placing);
        let placed = self.bounds(placing)?;
        self.begin(&placed)
    }

    /// The bounds of the logs of partitions. All are asked for before one is read: a question behind a fetch waits as long
    /// as that. Those that nobody knows are asked for again later, and keep no other waiting.
    fn bounds(&mut self, placing: Vec<Placing>) -> Result<Vec<(Placing, Watermarks)>, Failure> {
        let partitions: Vec<_> = placing.iter().map(|(of, _)| of.partition.clone()).collect();
        let logs = match self.reader.watermarks(&partitions) {
            Ok(logs) => logs,
            Err(error) => {
                self.partitions.placing.extend(placing);
                self.endure(error)?;
                return Ok(Vec::new());
            }
        };
        let mut known = Vec::new();
        for (one, log) in placing.into_iter().zip(logs) {
            match log {
                Some(log) => known.push((one, log)),
                None => self.partitions.placing.push(one),
            }
        }
        if let Some((leaderless, _)) = self.partitions.placing.first() {
            let message = format!("{} has no leader", leaderless.partition);
            self.partitions.again = Some(Instant::now() + PAUSE);
            self.endure(TopicError::Transient { message })?;
        }
        Ok(known)
    }

    /// Asks the sink, or the group, where the partitions go on that have arrived.
    fn ask_stored(&mut self) -> Result<(), TopicError> {
        let mut arrived = Vec::new();
        for partition in &self.partitions.arriving {
            arrived.push((partition.clone(), self.reader.identity(&partition.topic)?));
        }
        if self.partitions.stores_offsets {
            // Claims take their locks in one order everywhere.
            arrived.sort_by(|one, other| one.0.cmp(&other.0));
            self.worker.send(Command::Claim(arrived.clone()));
            self.partitions.claims.push_back(arrived);
        } else {
            let stored = self.reader.committed(&self.partitions.arriving)?;
            self.place(arrived, &stored);
        }
        self.partitions.arriving.clear();
        Ok(())
    }

    /// Notes what the sink has stored for the partitions of the oldest claim.
    pub(super) fn claimed(&mut self, stored: &[StoredOffset]) {
        let claim = self.partitions.claims.pop_front().unwrap_or_default();
        self.place(claim, stored);
    }

    fn place(&mut self, arrived: Vec<(TopicPartition, TopicIdentity)>, stored: &[StoredOffset]) {
        for (partition, identity) in arrived {
            let found = stored.iter().find(|stored| stored.partition == partition);
            let nothing =
                || StoredOffset { partition: partition.clone(), identity: None, offset: None };
            self.partitions.placing.push((found.cloned().unwrap_or_else(nothing), identity));
        }
    }

    /// Begins to read partitions.
    fn begin(&mut self, placed: &[(Placing, Watermarks)]) -> Result<(), Failure> {
        let mut from = Vec::new();
        for ((stored, now), log) in placed {
            let plan = &self.context.plan;
            let at = policy::start(stored, now, *log, plan.reset)
                .map_err(|error| Failure::of_offset(&error, &plan.name))?;
            tracing::info!(
                task = %self.context.name(), partition = %stored.partition, at,
                stored = stored.offset, earliest = log.earliest, latest = log.latest, "reading begins"
            );
            from.push((stored.partition.clone(), at));
        }
        for ((partition, at), ((stored, _), _)) in from.iter().zip(placed) {
            self.ledger.open(partition, *at);
            self.partitions.assigned.insert(partition.clone());
            if let Some(stored) = stored.offset {
                self.commits.begin(partition, stored, self.partitions.stores_offsets);
            }
        }
        self.open.publish(&self.ledger);
        let begun: Vec<_> = from.iter().map(|(partition, _)| partition.clone()).collect();
        let from: Vec<_> =
            from.into_iter().map(|(partition, at)| (partition, StartAt::Offset(at))).collect();
        self.store_starts(placed)?;
        // The group is answered if none of them can be read yet, too: it waits for that.
        self.steer(|task| task.reader.assign(&from))?;
        self.begin_flow(&begun)?;
        if !self.partitions.is_waiting() {
            self.forget_complaint(true);
        }
        self.show_now();
        Ok(())
    }

    /// Has it stored where partitions begin of which nothing was: that is chosen once, and whoever reads them next goes on from
    /// there, though nothing may have come by then.
    fn store_starts(&mut self, placed: &[(Placing, Watermarks)]) -> Result<(), Failure> {
        let chosen = placed.iter().filter(|((stored, _), _)| stored.offset.is_none());
        let chosen: BTreeSet<_> = chosen.map(|((stored, _), _)| &stored.partition).collect();
        if chosen.is_empty() {
            return Ok(());
        }
        if self.partitions.stores_offsets {
            self.flush(CommitMode::Async);
            return Ok(());
        }
        let mut starts = self.ledger.committable(&Offsets::new());
        starts.retain(|partition, _| chosen.contains(partition));
        self.steer(|task| {
            task.reader.commit(&starts, CommitMode::Sync)?;
            for (partition, at) in &starts {
                task.commits.begin(partition, *at, false);
            }
            Ok(())
        })
    }

    /// Gives partitions back: what is in flight is delivered and committed, or given up when the time is over. Polling
    /// goes on meanwhile.
    fn revoke(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        self.partitions.forget(partitions);
        if partitions.iter().any(|partition| self.partitions.assigned.contains(partition)) {
            let deadline = Instant::now() + self.context.plan.flush_timeout;
            let is_in_time = |task: &Self| !task.is_lost(partitions) && Instant::now() < deadline;
            self.serve_while(|task| task.worker.is_delivering() && is_in_time(task))?;
            // Of what is over or late nothing is to be committed.
            if is_in_time(self) {
                self.flush(CommitMode::Sync);
                let flush = self.commits.flushes_asked();
                self.serve_while(|task| !task.commits.is_flushed(flush) && is_in_time(task))?;
            }
        }
        self.lose(partitions)
    }

    /// Serves the worker, and polls, while something holds. What the group says is only noted.
    fn serve_while(&mut self, holds: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        while holds(self) {
            if let Some(reply) = self.worker.reply(super::POLL)? {
                self.receive(reply)?;
            }
            self.poll_events()?;
        }
        Ok(())
    }

    /// True if partitions that are being given back are gone already: nothing is to be committed.
    fn is_lost(&self, partitions: &[TopicPartition]) -> bool {
        self.events.iter().any(|event| {
            matches!(event, Polled::Lost(lost) if lost.iter().any(|lost| partitions.contains(lost)))
        })
    }

    /// Forgets partitions. What is in flight of them changes nothing any more (invariant 10).
    pub(super) fn lose(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        self.partitions.forget(partitions);
        let mut unsettled = 0;
        for partition in partitions {
            unsettled += self.ledger.close(partition) as u64;
            self.partitions.assigned.remove(partition);
        }
        self.open.publish(&self.ledger);
        self.commits.forget(partitions);
        self.context.progress.count(|counts| counts.give_back(unsettled));
        self.worker.send(Command::Release(partitions.to_vec()));
        self.steer(|task| task.reader.release(partitions))?;
        self.show_now();
        Ok(())
    }
}
