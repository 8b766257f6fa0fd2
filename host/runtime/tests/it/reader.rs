//! A member of a group that reads topics in memory.

use crate::{
    cluster::{Cluster, State, index},
    life::Life,
};
use std::collections::BTreeSet;
use transom_core::{
    record::NewRecord,
    topic::{
        CommitMode, EncodedRecord, Offsets, PollLimits, Polled, StartAt, StoredOffset, TopicError,
        TopicIdentity, TopicPartition, TopicReader, Watermarks,
    },
};

#[derive(Debug)]
pub(crate) struct Reader {
    cluster: Cluster,
    group: String,
    topics: Vec<String>,
    member: u64,
    positions: Offsets,
    paused: BTreeSet<TopicPartition>,
    life: Life,
    /// Takes turns among partitions.
    turn: usize,
    acknowledged: Offsets,
}

impl Reader {
    pub(crate) fn join(cluster: &Cluster, group: &str, topics: &[String], life: Life) -> Self {
        let member = cluster.change(|state| state.join(group, topics));
        Self {
            cluster: cluster.clone(),
            group: group.to_owned(),
            topics: topics.to_vec(),
            member,
            positions: Offsets::new(),
            paused: BTreeSet::new(),
            life,
            turn: 0,
            acknowledged: Offsets::new(),
        }
    }

    fn dead() -> TopicError {
        TopicError::Fatal { message: "the process is dead".to_owned() }
    }

    /// Fails if a test wants this call to.
    fn may_fail(&self, what: usize) -> Result<(), TopicError> {
        if self.cluster.lock().fails(what) {
            return Err(TopicError::Transient { message: "the broker is away".to_owned() });
        }
        Ok(())
    }

    /// The next records of one partition.
    fn fetch(&mut self, limits: PollLimits) -> Vec<(TopicPartition, i64, EncodedRecord)> {
        let active: Vec<TopicPartition> = self
            .positions
            .keys()
            .filter(|partition| !self.paused.contains(*partition))
            .cloned()
            .collect();
        let mut found = Vec::new();
        let state = self.cluster.lock();
        for number in 0..active.len() {
            let partition = &active[(number + self.turn) % active.len()];
            let log = &state.topics[&*partition.topic].partitions[index(partition.partition)];
            let from = self.positions[partition];
            let room = limits.records - found.len();
            let records = log.records.iter().filter(|(offset, _)| *offset >= from).take(room);
            found.extend(records.map(|(offset, r)| (partition.clone(), *offset, r.clone())));
            let next = found.last().filter(|(of, ..)| of == partition).map(|(_, at, _)| at + 1);
            // Behind the last record the position passes gaps at once.
            let is_through = next.unwrap_or(from) > log.records.last().map_or(-1, |last| last.0);
            let position = if is_through { log.end.max(from) } else { next.unwrap_or(from) };
            self.positions.insert(partition.clone(), position);
        }
        self.turn += 1;
        found
    }
}

impl TopicReader for Reader {
    fn poll(
        &mut self,
        limits: PollLimits,
        each: &mut dyn FnMut(&NewRecord<'_>),
    ) -> Result<Polled, TopicError> {
        if self.life.is_dead() {
            return Err(Self::dead());
        }
        self.may_fail(0)?;
        let event = self.cluster.change(|state| {
            state.polls += 1;
            let group = state.groups.get_mut(&self.group)?;
            group.events.get_mut(&self.member)?.pop_front()
        });
        if let Some(event) = event {
            return self.life.act(|| event).ok_or_else(Self::dead);
        }
        let missing = |topic: &&String| !self.cluster.lock().topics.contains_key(*topic);
        if let Some(topic) = self.topics.iter().find(missing) {
            return Err(TopicError::Missing { topic: topic.clone() });
        }
        if limits.records == 0 {
            return Ok(Polled::Idle);
        }
        let mut found = self.fetch(limits);
        if found.is_empty() {
            self.cluster.wait(limits.wait);
            found = self.fetch(limits);
        }
        for (partition, offset, record) in &found {
            let headers: Vec<(&str, Option<&[u8]>)> = record
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_deref()))
                .collect();
            each(&NewRecord {
                topic: &partition.topic,
                partition: Some(partition.partition),
                offset: Some(*offset),
                timestamp: record.timestamp,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &headers,
            });
        }
        Ok(if found.is_empty() { Polled::Idle } else { Polled::Records(found.len()) })
    }

    fn committed(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<StoredOffset>, TopicError> {
        self.may_fail(2)?;
        let ask = || {
            let state = self.cluster.lock();
            let group = &state.groups[&self.group];
            let stored = |partition: &TopicPartition| StoredOffset {
                partition: partition.clone(),
                identity: group.identity.clone(),
                offset: group.committed.get(partition).copied(),
            };
            partitions.iter().map(stored).collect()
        };
        self.life.act(ask).ok_or_else(Self::dead)
    }

    fn watermarks(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Watermarks>>, TopicError> {
        self.may_fail(2)?;
        let ask = || {
            let mut state = self.cluster.lock();
            state.asked.push(partitions.to_vec());
            let is_led = |one: &TopicPartition| !state.leaderless.contains(one);
            partitions.iter().map(|one| is_led(one).then(|| state.watermarks(one))).collect()
        };
        self.life.act(ask).ok_or_else(Self::dead)
    }

    fn identity(&mut self, topic: &str) -> Result<TopicIdentity, TopicError> {
        Ok(TopicIdentity { cluster: "memory".to_owned(), topic: format!("id-of-{topic}") })
    }

    fn assign(&mut self, from: &[(TopicPartition, StartAt)]) -> Result<(), TopicError> {
        for (partition, at) in from {
            let log = self.cluster.lock().watermarks(partition);
            let at = match at {
                StartAt::Offset(offset) => *offset,
                StartAt::Earliest => log.earliest,
                StartAt::Latest => log.latest,
            };
            self.positions.insert(partition.clone(), at);
        }
        Ok(())
    }

    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError> {
        self.positions.retain(|partition, _| !partitions.contains(partition));
        // As librdkafka does it, what is paused stays so: it is when it comes back.
        let release = |state: &mut State| state.release(&self.group, self.member, partitions);
        self.life.act(|| self.cluster.change(release)).ok_or_else(Self::dead)
    }

    fn commit(&mut self, offsets: &Offsets, mode: CommitMode) -> Result<(), TopicError> {
        let failed = self.may_fail(1);
        if mode == CommitMode::Async && failed.is_err() {
            // Nobody waits for it, so nobody hears of it.
            return Ok(());
        }
        failed?;
        let (group, member) = (&self.group, self.member);
        let commit = || {
            self.cluster.change(|state| {
                let group = state.groups.get_mut(group).unwrap();
                if !offsets.keys().all(|partition| group.owns(member, partition)) {
                    return Err(TopicError::Rebalanced {
                        message: "no longer a member".to_owned(),
                    });
                }
                group.committed.extend(offsets.clone());
                Ok(())
            })
        };
        self.life.act(commit).ok_or_else(Self::dead)??;
        if mode == CommitMode::Async {
            self.acknowledged.extend(offsets.clone());
        }
        Ok(())
    }

    fn acknowledged(&mut self) -> Offsets {
        std::mem::take(&mut self.acknowledged)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError> {
        self.paused.extend(partitions.iter().cloned());
        self.cluster.change(|state| state.paused.extend(partitions.iter().cloned()));
        Ok(())
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError> {
        self.paused.retain(|partition| !partitions.contains(partition));
        self.cluster.change(|state| state.paused.retain(|paused| !partitions.contains(paused)));
        Ok(())
    }

    fn ends(&self) -> Offsets {
        let state = self.cluster.lock();
        self.positions
            .keys()
            .map(|partition| (partition.clone(), state.watermarks(partition).latest))
            .collect()
    }

    fn positions(&self) -> Offsets {
        self.positions.clone()
    }

    fn close(&mut self) -> Result<(), TopicError> {
        Ok(())
    }
}

impl Drop for Reader {
    /// A dead member is noticed by the group as well, only later.
    fn drop(&mut self) {
        self.cluster.change(|state| state.leave(&self.group, self.member));
    }
}
