//! Topics and groups in memory.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard},
};
use tokio::sync::{Notify, Semaphore};
use transom_core::{
    connector::ConnectorError,
    topic::{
        EncodedRecord, Offsets, Polled, Refused, TopicCreation, TopicIdentity, TopicPartition,
        TopicWriter, Watermarks, Written,
    },
};

use crate::life::Life;

/// A cluster that all parts of a test share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cluster(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    told: Notify,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) topics: BTreeMap<String, Topic>,
    pub(crate) groups: BTreeMap<String, Group>,
    /// Answers of the next writes that fail as a whole.
    pub(crate) write_errors: VecDeque<ConnectorError>,
    /// How many of the next polls, commits and questions fail.
    pub(crate) reader_errors: [usize; 3],
    /// Code of a refusal of each record to this topic.
    pub(crate) refused: Option<(String, String)>,
    /// While it is set, writes wait for it.
    pub(crate) write_gate: Option<Arc<Semaphore>>,
    members: u64,
    /// Partitions whose bounds nobody knows.
    pub(crate) leaderless: BTreeSet<TopicPartition>,
    /// Whose bounds were asked for together.
    pub(crate) asked: Vec<Vec<TopicPartition>>,
    pub(crate) paused: BTreeSet<TopicPartition>,
    /// Polls of all readers.
    pub(crate) polls: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Topic {
    pub(crate) partitions: Vec<Log>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Log {
    pub(crate) earliest: i64,
    pub(crate) end: i64,
    pub(crate) records: Vec<(i64, EncodedRecord)>,
}

#[derive(Debug, Default)]
pub(crate) struct Group {
    topics: BTreeSet<String>,
    members: BTreeSet<u64>,
    owners: BTreeMap<TopicPartition, u64>,
    leaving: BTreeSet<TopicPartition>,
    pub(crate) events: BTreeMap<u64, VecDeque<Polled>>,
    pub(crate) committed: Offsets,
    /// What the offsets were committed for, where it is not the topic as it is.
    pub(crate) identity: Option<TopicIdentity>,
    shift: usize,
}

pub(crate) fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: topic.into(), partition }
}

pub(crate) fn index(partition: i32) -> usize {
    usize::try_from(partition).unwrap()
}

impl Cluster {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Changes something and tells whoever waits.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut self.lock());
        self.0.changed.notify_all();
        self.0.told.notify_waiters();
        result
    }

    /// Waits on a thread until something changes or the time is over.
    pub(crate) fn wait(&self, time: std::time::Duration) {
        drop(self.0.changed.wait_timeout(self.lock(), time).unwrap());
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, holds: impl Fn(&State) -> bool) {
        loop {
            let told = self.0.told.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if holds(&self.lock()) {
                return;
            }
            told.await;
        }
    }

    pub(crate) fn create(&self, topic: &str, partitions: usize) {
        self.change(|state| {
            let topic = state.topics.entry(topic.to_owned()).or_default();
            topic.partitions.resize(partitions, Log::default());
            for group in state.groups.values_mut() {
                group.rebalance(&state.topics);
            }
        });
    }

    /// Appends a record and returns its offset.
    pub(crate) fn produce(&self, topic: &str, partition: i32, value: &str) -> i64 {
        let record = EncodedRecord {
            topic: topic.to_owned(),
            partition: Some(partition),
            timestamp: Some(1_700_000_000_000),
            key: Some(b"\"k\"".to_vec()),
            value: Some(value.as_bytes().to_vec()),
            headers: vec![("h".to_owned(), Some(b"\"v\"".to_vec()))],
        };
        self.change(|state| state.log(topic, partition).append(record))
    }

    /// Leaves a gap, as compaction and transaction markers do.
    pub(crate) fn gap(&self, topic: &str, partition: i32) {
        self.change(|state| state.log(topic, partition).end += 1);
    }

    pub(crate) fn records(&self, topic: &str) -> Vec<EncodedRecord> {
        let state = self.lock();
        let topic = state.topics.get(topic);
        let logs = topic.into_iter().flat_map(|topic| &topic.partitions);
        logs.flat_map(|log| log.records.iter().map(|(_, record)| record.clone())).collect()
    }

    /// Stores an offset as if somebody had committed it.
    pub(crate) fn commit(
        &self,
        group: &str,
        partition: &TopicPartition,
        offset: i64,
        identity: Option<TopicIdentity>,
    ) {
        self.change(|state| {
            let group = state.groups.entry(group.to_owned()).or_default();
            group.committed.insert(partition.clone(), offset);
            group.identity = identity;
        });
    }

    pub(crate) fn committed(&self, group: &str, partition: &TopicPartition) -> Option<i64> {
        self.lock().groups.get(group)?.committed.get(partition).copied()
    }
}

impl State {
    pub(crate) fn log(&mut self, topic: &str, partition: i32) -> &mut Log {
        &mut self.topics.get_mut(topic).unwrap().partitions[index(partition)]
    }

    /// True if the next poll (0), commit (1) or question (2) is to fail.
    pub(crate) fn fails(&mut self, what: usize) -> bool {
        let left = &mut self.reader_errors[what];
        let fails = *left > 0;
        *left = left.saturating_sub(1);
        fails
    }

    pub(crate) fn watermarks(&self, partition: &TopicPartition) -> Watermarks {
        let log = &self.topics[&*partition.topic].partitions[index(partition.partition)];
        Watermarks { earliest: log.earliest, latest: log.end }
    }

    /// True if a group has committed everything that is there.
    pub(crate) fn is_read(&self, group: &str) -> bool {
        let Some(group) = self.groups.get(group) else { return false };
        group.all(&self.topics).iter().all(|partition| {
            let end = self.watermarks(partition).latest;
            group.committed.get(partition).is_some_and(|committed| *committed == end)
        })
    }

    pub(crate) fn join(&mut self, group: &str, topics: &[String]) -> u64 {
        self.members += 1;
        let group = self.groups.entry(group.to_owned()).or_default();
        group.topics.extend(topics.iter().cloned());
        group.members.insert(self.members);
        group.rebalance(&self.topics);
        self.members
    }

    pub(crate) fn leave(&mut self, group: &str, member: u64) {
        let group = self.groups.get_mut(group).unwrap();
        group.members.remove(&member);
        group.events.remove(&member);
        group.leaving.retain(|partition| group.owners.get(partition) != Some(&member));
        group.owners.retain(|_, owner| *owner != member);
        group.rebalance(&self.topics);
    }

    pub(crate) fn release(&mut self, group: &str, member: u64, partitions: &[TopicPartition]) {
        let group = self.groups.get_mut(group).unwrap();
        for partition in partitions {
            if group.owners.get(partition) == Some(&member) && group.leaving.remove(partition) {
                group.owners.remove(partition);
            }
        }
        group.rebalance(&self.topics);
    }

    /// Gives each partition to another member, if there are several.
    pub(crate) fn shuffle(&mut self, group: &str) {
        let Some(group) = self.groups.get_mut(group) else { return };
        group.shift += 1;
        group.rebalance(&self.topics);
    }

    /// Takes all partitions from all members without asking, as if their sessions were over.
    pub(crate) fn lose(&mut self, group: &str) {
        let Some(group) = self.groups.get_mut(group) else { return };
        for member in group.members.clone() {
            let is_mine = |(_, owner): &(&TopicPartition, &u64)| **owner == member;
            let mine: Vec<_> =
                group.owners.iter().filter(is_mine).map(|(mine, _)| mine.clone()).collect();
            if !mine.is_empty() {
                group.events.entry(member).or_default().push_back(Polled::Lost(mine));
            }
        }
        group.owners.clear();
        group.leaving.clear();
        group.rebalance(&self.topics);
    }
}

impl Group {
    /// Members.
    pub(crate) fn size(&self) -> usize {
        self.members.len()
    }

    fn all(&self, topics: &BTreeMap<String, Topic>) -> Vec<TopicPartition> {
        let mut all = Vec::new();
        for name in &self.topics {
            let count = topics.get(name).map_or(0, |topic| topic.partitions.len());
            all.extend((0..i32::try_from(count).unwrap()).map(|number| partition(name, number)));
        }
        all
    }

    fn rebalance(&mut self, topics: &BTreeMap<String, Topic>) {
        let members: Vec<u64> = self.members.iter().copied().collect();
        if members.is_empty() {
            return;
        }
        let (mut given, mut taken) = (BTreeMap::new(), BTreeMap::new());
        for (number, partition) in self.all(topics).into_iter().enumerate() {
            let target = members[(number + self.shift) % members.len()];
            match self.owners.get(&partition) {
                None => {
                    self.owners.insert(partition.clone(), target);
                    given.entry(target).or_insert_with(Vec::new).push(partition);
                }
                Some(owner) if *owner != target && self.leaving.insert(partition.clone()) => {
                    taken.entry(*owner).or_insert_with(Vec::new).push(partition);
                }
                Some(_) => {}
            }
        }
        for (member, partitions) in taken {
            self.events.entry(member).or_default().push_back(Polled::Revoked(partitions));
        }
        for (member, partitions) in given {
            self.events.entry(member).or_default().push_back(Polled::Assigned(partitions));
        }
    }

    /// True if a member may commit: it has the partition, and has not just lost it.
    pub(crate) fn owns(&self, member: u64, partition: &TopicPartition) -> bool {
        let lost = self.events.get(&member).into_iter().flatten().any(
            |event| matches!(event, Polled::Lost(partitions) if partitions.contains(partition)),
        );
        self.owners.get(partition) == Some(&member) && !lost
    }
}

impl Log {
    pub(crate) fn append(&mut self, record: EncodedRecord) -> i64 {
        self.records.push((self.end, record));
        self.end += 1;
        self.end - 1
    }
}

/// Writes to topics of a cluster.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) cluster: Cluster,
    pub(crate) life: Life,
}

pub(crate) fn killed() -> ConnectorError {
    ConnectorError::fatal("killed", "the process is dead")
}

#[async_trait::async_trait]
impl TopicWriter for Writer {
    async fn write(&self, records: Vec<EncodedRecord>) -> Result<Written, ConnectorError> {
        let gate = self.cluster.lock().write_gate.clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let write = |state: &mut State| {
            if let Some(error) = state.write_errors.pop_front() {
                return Err(error);
            }
            let mut written = Written::default();
            for (index, record) in records.into_iter().enumerate() {
                match &state.refused {
                    Some((topic, code)) if *topic == record.topic => {
                        let (code, message) = (code.clone(), "too large".to_owned());
                        written.refused.push(Refused { index, code, message });
                        written.places.push(None);
                    }
                    _ => {
                        let (topic, partition) =
                            (record.topic.clone(), record.partition.unwrap_or(0));
                        let offset = state.log(&topic, partition).append(record);
                        written.places.push(Some((partition, offset)));
                    }
                }
            }
            Ok(written)
        };
        self.life.act(|| self.cluster.change(write)).ok_or_else(killed)?
    }

    async fn ensure(&self, topic: &str, creation: TopicCreation) -> Result<(), ConnectorError> {
        let is_forbidden = topic.starts_with("forbidden");
        if is_forbidden {
            return Err(ConnectorError::fatal("TOPIC_AUTHORIZATION_FAILED", "not allowed"));
        }
        if !self.cluster.lock().topics.contains_key(topic) {
            let partitions = usize::try_from(creation.partitions.unwrap_or(1)).unwrap();
            self.cluster.create(topic, partitions);
        }
        Ok(())
    }
}
