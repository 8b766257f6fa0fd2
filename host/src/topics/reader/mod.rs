//! A member of a consumer group.
//!
//! Events (rebalances, errors, the log) come through the consumer's own queue, records through a queue apart
//! ([`RecordQueue`]). Serving the former counts as polling for `max.poll.interval.ms`, whether records are taken or not;
//! heartbeats are sent by librdkafka's own thread. While a rebalance is unanswered librdkafka pauses all partitions of
//! the member, and the group waits for it at most `max.poll.interval.ms`.

mod discovery;
mod failure;
pub(super) mod requests;
#[cfg(test)]
mod tests;

use super::context::{Change, Events, told_error};
use super::error::{TopicsError, of_client, of_reader};
use super::native::{self, Commits, RecordQueue};
use discovery::Discovery;
use rdkafka::consumer::{BaseConsumer, Consumer, RebalanceProtocol};
use rdkafka::{ClientConfig, Offset};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tracing::debug;
use transom_core::predicate::TopicPattern;
use transom_core::record::NewRecord;
use transom_core::topic::{
    CommitMode, Offsets, PollLimits, Polled, StartAt, StoredOffset, TopicError, TopicIdentity,
    TopicPartition, TopicReader, Watermarks,
};

/// Longest wait for records between two looks at the events: what a rebalance may be late by.
const SLICE: Duration = Duration::from_millis(50);

/// Longest wait for the group to hear that a member leaves. Without a broker it hears nothing, and gives the partitions away
/// once the session is over.
const LEAVING: Duration = Duration::from_secs(3);

/// Records that are taken from librdkafka at once. Those that did not fit into a poll are held for the next.
const CHUNK: usize = 256;

/// Reads what a group gives to one task.
pub struct Reader {
    records: RecordQueue<Events>,
    commits: Commits<Events>,
    consumer: Arc<BaseConsumer<Events>>,
    discovery: Discovery,
    assigned: BTreeMap<TopicPartition, Assigned>,
    eager: Eager,
    /// What the group asked for and was not answered: librdkafka waits for it.
    unanswered: Option<Unanswered>,
    /// Which topics names mean now; asked anew for each assignment.
    identities: BTreeMap<String, TopicIdentity>,
    /// What the next poll tells.
    failed: Option<TopicError>,
    closed: bool,
}

/// A partition that is read.
#[derive(Debug)]
struct Assigned {
    /// Where it began: its position until a record was taken.
    start: Option<i64>,
    /// Where it ended, if records of it were thrown away that nobody had been given.
    end: Option<i64>,
    /// Which topic it was when it was assigned, if somebody asked: what its offsets are committed for, though the name
    /// may mean another by then.
    identity: Option<TopicIdentity>,
}

/// An assignment of an eager group, which librdkafka takes as a whole alone: a second one stops whatever the first has
/// begun. So nothing of it is read before it is known of all partitions where they begin.
#[derive(Debug, Default)]
struct Eager {
    given: usize,
    starts: Vec<(TopicPartition, Offset)>,
}

impl Eager {
    /// The group gives so many partitions.
    fn begin(&mut self, given: usize) {
        *self = Self { given, starts: Vec::new() };
    }

    /// Adds where some begin. All of them come back once the last is known.
    fn complete(&mut self, starts: Vec<(TopicPartition, Offset)>) -> Vec<(TopicPartition, Offset)> {
        self.starts.extend(starts);
        let is_complete = self.starts.len() >= self.given;
        if is_complete { std::mem::take(&mut self.starts) } else { Vec::new() }
    }
}

/// A rebalance that [`Reader::poll`] has told and that nobody has answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unanswered {
    Assigned,
    Revoked,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("assigned", &self.assigned).finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn of_topics(config: &ClientConfig, topics: &[String]) -> Result<Self, TopicsError> {
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        let reader = Self::new(config, Discovery::fixed(topics.to_vec()))?;
        reader.consumer.subscribe(&names)?;
        Ok(reader)
    }

    pub(super) fn of_pattern(
        config: &ClientConfig,
        pattern: TopicPattern,
    ) -> Result<Self, TopicsError> {
        Self::new(config, Discovery::of(pattern))
    }

    fn new(config: &ClientConfig, discovery: Discovery) -> Result<Self, TopicsError> {
        let consumer: Arc<BaseConsumer<Events>> =
            Arc::new(config.create_with_context(Events::default())?);
        let no_memory = || TopicsError::Client { message: "out of memory".to_owned() };
        let records = RecordQueue::new(Arc::clone(&consumer)).ok_or_else(no_memory)?;
        let commits = Commits::new(Arc::clone(&consumer)).ok_or_else(no_memory)?;
        Ok(Self {
            records,
            commits,
            consumer,
            discovery,
            assigned: BTreeMap::new(),
            eager: Eager::default(),
            unanswered: None,
            identities: BTreeMap::new(),
            failed: None,
            closed: false,
        })
    }

    /// Serves events for up to `wait`, and tells what they brought.
    fn serve(&mut self, wait: Duration) -> Result<Option<Polled>, TopicError> {
        // What it answers is told to the context as well, with its reason.
        if let Some(Ok(_)) = self.consumer.poll(wait) {
            return Err(TopicError::Fatal {
                message: "a record came through the queue of events".to_owned(),
            });
        }
        let consumer = Arc::clone(&self.consumer);
        let mut told = consumer.context().told();
        if self.unanswered.is_none()
            && let Some(change) = told.changes.pop_front()
        {
            drop(told);
            return self.tell(change);
        }
        if let Some((code, reason)) = told.errors.pop_front() {
            drop(told);
            return Err(told_error(code, &reason, self.discovery.topics()));
        }
        let stalled = told.stalled.pop_first();
        drop(told);
        match stalled.filter(|stalled| self.assigned.contains_key(stalled)) {
            Some(partition) => Err(self.stalled(&partition)),
            None => Ok(None),
        }
    }

    /// Tells a change. One of no partitions is answered here: a task has nothing to do for it.
    fn tell(&mut self, change: Change) -> Result<Option<Polled>, TopicError> {
        let (kind, polled) = match change {
            Change::Assigned(partitions) => {
                self.eager.begin(partitions.len());
                self.identities.retain(|topic, _| partitions.iter().all(|p| &*p.topic != topic));
                (Unanswered::Assigned, Polled::Assigned(partitions))
            }
            Change::Revoked(partitions) => {
                self.end(&partitions);
                (Unanswered::Revoked, Polled::Revoked(partitions))
            }
            Change::Lost(partitions) => {
                self.end(&partitions);
                (Unanswered::Revoked, Polled::Lost(partitions))
            }
        };
        self.unanswered = Some(kind);
        match &polled {
            Polled::Assigned(none) if none.is_empty() => self.assign(&[]).map(|()| None),
            Polled::Revoked(none) | Polled::Lost(none) if none.is_empty() => {
                self.release(&[]).map(|()| None)
            }
            _ => Ok(Some(polled)),
        }
    }

    /// Gives nothing more of partitions that the group takes.
    fn end(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            if let Some(of) = self.assigned.get_mut(partition) {
                of.end = self.records.first_held(partition);
            }
        }
        self.records.discard(partitions);
    }

    /// Gives records that are there, or come within `wait`, to `each`.
    fn give(
        &mut self,
        limits: PollLimits,
        wait: Duration,
        each: &mut dyn FnMut(&NewRecord<'_>),
    ) -> Result<usize, TopicError> {
        let (mut records, mut bytes, mut wait) = (0, 0, wait);
        while records < limits.records && bytes < limits.bytes {
            if !self.records.fill(CHUNK.min(limits.records - records), wait) {
                break;
            }
            wait = Duration::ZERO;
            let mut failure = None;
            self.records.give(|message, headers| match message.error() {
                None => {
                    let (record, size) = message.record(headers);
                    each(&record);
                    (records, bytes) = (records + 1, bytes + size);
                }
                Some((code, text, offset)) => {
                    failure = Some((message.partition(), code, text, offset));
                }
            });
            if let Some((partition, code, text, offset)) = failure {
                let error = self.failure(&partition, code, &text, offset);
                if records == 0 {
                    return Err(error);
                }
                // What was given already is told first.
                self.failed = Some(error);
                break;
            }
        }
        Ok(records)
    }

    fn is_cooperative(&self) -> bool {
        matches!(self.consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
    }
}

impl TopicReader for Reader {
    fn poll(
        &mut self,
        limits: PollLimits,
        each: &mut dyn FnMut(&NewRecord<'_>),
    ) -> Result<Polled, TopicError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let until = Instant::now() + limits.wait;
        self.discovery.look(&self.consumer)?;
        let takes = limits.records > 0 && !self.assigned.is_empty();
        let mut wait = Duration::ZERO;
        loop {
            // Where records are waited for, events are looked at between two slices.
            if let Some(polled) = self.serve(if takes { Duration::ZERO } else { wait })? {
                return Ok(polled);
            }
            if takes {
                let records = self.give(limits, wait, each)?;
                if records > 0 {
                    return Ok(Polled::Records(records));
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Polled::Idle);
            }
            wait = if takes { left.min(SLICE) } else { left };
        }
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<StoredOffset>, TopicError> {
        requests::committed(&*self.consumer, partitions)
    }

    fn watermarks(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Watermarks>>, TopicError> {
        requests::watermarks_of_led(&self.consumer, partitions)
    }

    fn identity(&mut self, topic: &str) -> Result<TopicIdentity, TopicError> {
        if let Some(known) = self.identities.get(topic) {
            return Ok(known.clone());
        }
        let identity = requests::identity(self.consumer.client(), topic)?;
        self.identities.insert(topic.to_owned(), identity.clone());
        Ok(identity)
    }

    fn assign(&mut self, from: &[(TopicPartition, StartAt)]) -> Result<(), TopicError> {
        let starts = requests::resolved(&self.consumer, from)?;
        for (partition, _) in from {
            self.records.forward(partition).ok_or_else(|| TopicError::Fatal {
                message: format!("{partition} cannot be read: its name is none"),
            })?;
        }
        let starts = if self.is_cooperative() { starts } else { self.eager.complete(starts) };
        if starts.is_empty() && self.unanswered != Some(Unanswered::Assigned) {
            return Ok(());
        }
        let list = requests::list(starts.iter().map(|(partition, offset)| (partition, *offset)))?;
        let done = if self.is_cooperative() {
            self.consumer.incremental_assign(&list)
        } else {
            self.consumer.assign(&list)
        };
        done.map_err(|error| of_client("assigning partitions", &error))?;
        self.unanswered = None;
        for (partition, offset) in starts {
            let start = if let Offset::Offset(offset) = offset { Some(offset) } else { None };
            let identity = self.identities.get(&*partition.topic).cloned();
            self.assigned.insert(partition, Assigned { start, end: None, identity });
        }
        Ok(())
    }

    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError> {
        let done = if self.is_cooperative() {
            // One that was given and never assigned is unknown to librdkafka.
            let read = partitions.iter().filter(|one| self.assigned.contains_key(one));
            let list = requests::list(read.map(|one| (one, Offset::Invalid)))?;
            self.consumer.incremental_unassign(&list)
        } else {
            // The eager protocol takes all or nothing.
            self.consumer.unassign()
        };
        done.map_err(|error| of_client("giving partitions back", &error))?;
        self.unanswered = None;
        self.assigned.retain(|partition, _| !partitions.contains(partition));
        Ok(())
    }

    fn commit(&mut self, offsets: &Offsets, mode: CommitMode) -> Result<(), TopicError> {
        for partition in offsets.keys() {
            if self.assigned.get(partition).is_none_or(|of| of.identity.is_none()) {
                self.identity(&partition.topic)?;
            }
        }
        self.look_for_other_topics(offsets)?;
        let list = requests::commit_list(offsets, |partition| {
            let assigned = self.assigned.get(partition).and_then(|of| of.identity.as_ref());
            assigned.or_else(|| self.identities.get(&*partition.topic))
        })?;
        requests::commit(&self.consumer, &self.commits, &list, mode)
    }

    fn acknowledged(&mut self) -> Offsets {
        let mut stored = Offsets::new();
        let mut failed = |code| match of_reader(code, &format!("committing offsets: {code}")) {
            // Normal while the group changes.
            error @ TopicError::Rebalanced { .. } => debug!(target: "kafka", "{error}"),
            // A commit comes again, and so does its error; what else there is to tell may not.
            error => drop(self.failed.get_or_insert(error)),
        };
        while let Some(answer) = self.commits.answer() {
            match answer {
                Ok(entries) => {
                    for entry in entries {
                        match entry.error {
                            None => drop(stored.insert(entry.partition, entry.offset)),
                            Some(code) => failed(code),
                        }
                    }
                }
                Err(code) => failed(code),
            }
        }
        stored
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError> {
        let list = requests::list(partitions.iter().map(|one| (one, Offset::Invalid)))?;
        self.consumer.pause(&list).map_err(|error| of_client("pausing partitions", &error))
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError> {
        let list = requests::list(partitions.iter().map(|one| (one, Offset::Invalid)))?;
        self.consumer.resume(&list).map_err(|error| of_client("resuming partitions", &error))
    }

    fn ends(&self) -> Offsets {
        let client = self.consumer.client().native_ptr();
        let ends = self.assigned.keys().map(|one| (one.clone(), native::last_end(client, one)));
        ends.filter_map(|(partition, end)| Some((partition, end?))).collect()
    }

    fn positions(&self) -> Offsets {
        let known = self.consumer.position().ok();
        let taken = known.iter().flat_map(native::entries).filter(|entry| entry.offset >= 0);
        let mut positions: Offsets = taken.map(|entry| (entry.partition, entry.offset)).collect();
        for (partition, of) in &self.assigned {
            // librdkafka counts as read what is held here, and knows nothing before the first record.
            let known = of.end.or_else(|| self.records.first_held(partition));
            let known = known.or_else(|| of.start.filter(|_| !positions.contains_key(partition)));
            if let Some(offset) = known {
                positions.insert(partition.clone(), offset);
            }
        }
        positions
    }

    fn close(&mut self) -> Result<(), TopicError> {
        self.closed = true;
        // librdkafka cannot leave while it waits for an answer.
        match self.unanswered.take() {
            Some(Unanswered::Assigned) => self.assign(&[])?,
            Some(Unanswered::Revoked) => {
                let all: Vec<TopicPartition> = self.assigned.keys().cloned().collect();
                self.release(&all)?;
            }
            None => (),
        }
        self.consumer.context().leave();
        self.consumer.close_queue().map_err(|error| of_client("leaving the group", &error))?;
        let until = Instant::now() + LEAVING;
        while !self.consumer.closed() {
            // Partitions are given back in the callback of the rebalance, which this serves.
            let _event = self.consumer.poll(SLICE);
            if Instant::now() > until {
                return Err(TopicError::Transient {
                    message: "the group did not hear that this member leaves".to_owned(),
                });
            }
        }
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.closed
            && let Err(error) = self.close()
        {
            tracing::debug!(target: "kafka", "{error}");
        }
        if self.consumer.closed() {
            return;
        }
        // It goes on leaving until the session is over, and its own end waits for that. Nobody else does.
        let consumer = Arc::clone(&self.consumer);
        let leaving = move || {
            while !consumer.closed() {
                let _event = consumer.poll(SLICE);
            }
        };
        if let Err(error) = thread::Builder::new().name("leaving a group".to_owned()).spawn(leaving)
        {
            tracing::debug!(target: "kafka", %error, "no thread for a member that leaves");
        }
    }
}
