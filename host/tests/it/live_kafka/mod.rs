//! Readers and writers on a real Apache Kafka.
#![expect(clippy::unwrap_used, reason = "all of it is test code")]

pub(crate) mod broker;
mod offsets;
mod readers;
mod rebalances;
mod writers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::Kafka;
use tokio::runtime::{Builder, Runtime};
use transom::topics::{Cluster, Reader, ReaderSettings, Subscription};
use transom_core::config::Properties;
use transom_core::record::NewRecord;
use transom_core::topic::{
    EncodedRecord, PollLimits, Polled, StartAt, TopicCreation, TopicPartition, TopicReader,
    TopicWriter,
};

use crate::live;

/// Longest wait for something to come about; the machine may be busy.
const EVENTUALLY: Duration = Duration::from_mins(1);

/// What a task polls with.
const LIMITS: PollLimits =
    PollLimits { records: 4096, bytes: 16 << 20, wait: Duration::from_millis(100) };

/// Serves events and leaves records where they are.
const EVENTS: PollLimits = PollLimits { records: 0, ..LIMITS };

/// Returns the broker that tests share.
pub(crate) fn kafka(suite: &str) -> Option<&'static Kafka> {
    live::needs(suite, Kafka::shared())
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn creation(partitions: i32) -> TopicCreation {
    TopicCreation { partitions: Some(partitions), ..TopicCreation::default() }
}

fn properties(of: &[(&str, &str)]) -> Properties {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Creates a topic and fills each partition with as many records, whose values are their offsets.
fn filled(runtime: &Runtime, cluster: &Cluster, topic: &str, partitions: i32, records: usize) {
    let writer = cluster.writer(&Properties::default()).unwrap();
    runtime.block_on(writer.ensure(topic, creation(partitions))).unwrap();
    write_numbers(runtime, cluster, topic, partitions, 0..records);
}

fn write_numbers(
    runtime: &Runtime,
    cluster: &Cluster,
    topic: &str,
    partitions: i32,
    numbers: std::ops::Range<usize>,
) {
    let record = |partition, number: usize| EncodedRecord {
        topic: topic.to_owned(),
        partition: Some(partition),
        value: Some(number.to_string().into_bytes()),
        ..EncodedRecord::default()
    };
    let records: Vec<_> = numbers
        .flat_map(|number| (0..partitions).map(move |partition| record(partition, number)))
        .collect();
    let writer = cluster.writer(&Properties::default()).unwrap();
    let refused = runtime.block_on(writer.write(records)).unwrap().refused;
    assert_eq!(refused, []);
}

fn settings(group: &str, topic: &str, overrides: &[(&str, &str)]) -> ReaderSettings {
    let mut overrides = properties(overrides);
    if !overrides.contains_key("group.protocol") {
        // A member hears of a rebalance by its next heartbeat.
        overrides.entry("heartbeat.interval.ms".to_owned()).or_insert_with(|| "300".to_owned());
    }
    ReaderSettings {
        subscription: Subscription::Topics(vec![topic.to_owned()]),
        group: group.to_owned(),
        task: 0,
        buffer_bytes: 16 << 20,
        overrides,
    }
}

/// A member of a group, as a task drives it, that remembers what it was told.
struct Member {
    reader: Reader,
    told: Vec<Polled>,
    /// Partition and offset of each record that came.
    read: Vec<(i32, i64)>,
}

impl Member {
    fn of(cluster: &Cluster, group: &str, topic: &str) -> Self {
        Self::with(cluster, settings(group, topic, &[]))
    }

    fn with(cluster: &Cluster, settings: ReaderSettings) -> Self {
        Self { reader: cluster.reader(settings).unwrap(), told: Vec::new(), read: Vec::new() }
    }

    /// Polls once and remembers.
    fn poll(&mut self, limits: PollLimits) -> Polled {
        let read = &mut self.read;
        let mut each = |record: &NewRecord<'_>| {
            read.push((record.partition.unwrap(), record.offset.unwrap()));
        };
        let polled = self.reader.poll(limits, &mut each).unwrap();
        if !matches!(polled, Polled::Idle | Polled::Records(_)) {
            self.told.push(polled.clone());
        }
        polled
    }

    /// Polls until a change comes.
    fn change(&mut self) -> Polled {
        let begun = Instant::now();
        loop {
            match self.poll(LIMITS) {
                Polled::Idle | Polled::Records(_) => (),
                change => return change,
            }
            assert!(begun.elapsed() < EVENTUALLY, "no change came");
        }
    }

    /// Polls, as a task that begins at the oldest record and gives back at once, until what is waited for holds.
    fn run_until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            let polled = self.poll(LIMITS);
            self.answer(polled);
            assert!(begun.elapsed() < EVENTUALLY, "{what} did not come about");
        }
    }

    fn answer(&mut self, polled: Polled) {
        match polled {
            Polled::Assigned(partitions) => self.assign(&partitions, StartAt::Earliest),
            Polled::Revoked(partitions) | Polled::Lost(partitions) => {
                self.reader.release(&partitions).unwrap();
            }
            Polled::Records(_) | Polled::Idle => (),
        }
    }

    fn assign(&mut self, partitions: &[TopicPartition], start: StartAt) {
        let from: Vec<_> = partitions.iter().map(|partition| (partition.clone(), start)).collect();
        self.reader.assign(&from).unwrap();
    }
}

/// A partition by name and number.
fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition { topic: Arc::from(topic), partition }
}
