//! A topic and a sink that cost nothing.

use crate::{converters, record};
use std::sync::Arc;
use tokio::sync::Notify;
use transom_core::{
    chain::Chain,
    connector::{ConnectorError, Delivery, Put, Rejection, Sink, Source, SourcePosition},
    convert::Converters,
    record::NewRecord,
    topic::{
        CommitMode, Offsets, PollLimits, Polled, StartAt, StoredOffset, TopicError, TopicIdentity,
        TopicPartition, TopicReader, TopicWriter, Watermarks,
    },
};
use transom_runtime::assembly::{Assembly, Positions};

/// What a task is made of.
pub(crate) struct Memory {
    partitions: i32,
    /// Records of all partitions.
    records: i64,
    all_read: Arc<Notify>,
}

impl Memory {
    pub(crate) fn new(partitions: i32, records: i64) -> Self {
        Self { partitions, records, all_read: Arc::default() }
    }

    /// Waits until the task has been given all records.
    pub(crate) async fn all_read(&self) {
        self.all_read.notified().await;
    }
}

#[async_trait::async_trait]
impl Assembly for Memory {
    fn reader(&self, _: usize) -> Result<Box<dyn TopicReader>, ConnectorError> {
        let topic: Arc<str> = "trades".into();
        let partition = |partition| TopicPartition { topic: Arc::clone(&topic), partition };
        Ok(Box::new(Topic {
            partitions: (0..self.partitions).map(partition).collect(),
            is_given: false,
            read: 0,
            committed: Offsets::new(),
            records: self.records,
            all_read: Arc::clone(&self.all_read),
        }))
    }

    fn writer(&self) -> Result<Arc<dyn TopicWriter>, ConnectorError> {
        Err(none())
    }

    async fn sink(&self, _: usize) -> Result<Box<dyn Sink>, ConnectorError> {
        Ok(Box::new(Nothing))
    }

    async fn source(
        &self,
        _: usize,
        _: Vec<SourcePosition>,
    ) -> Result<Box<dyn Source>, ConnectorError> {
        Err(none())
    }

    fn positions(&self) -> Result<Arc<dyn Positions>, ConnectorError> {
        Err(none())
    }

    fn chain(&self, _: usize) -> Result<Chain, ConnectorError> {
        Ok(Chain::default())
    }

    fn converters(&self) -> Result<Converters, ConnectorError> {
        Ok(converters())
    }
}

fn none() -> ConnectorError {
    ConnectorError::fatal("none", "the benchmark has none")
}

/// Takes records and keeps none.
struct Nothing;

#[async_trait::async_trait]
impl Sink for Nothing {
    fn delivery(&self) -> Delivery {
        Delivery { stores_offsets: false, atomic: false }
    }

    async fn put(&mut self, _: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        Ok(Vec::new())
    }
}

/// Gives the same record again and again, from one partition after the other, as many as a poll may bring from each.
struct Topic {
    partitions: Vec<TopicPartition>,
    is_given: bool,
    /// Records of all partitions that were given, and how many there are.
    read: i64,
    records: i64,
    committed: Offsets,
    all_read: Arc<Notify>,
}

impl Topic {
    fn count(&self) -> i64 {
        i64::try_from(self.partitions.len()).unwrap()
    }

    /// The same for each partition.
    fn all(&self, offset: i64) -> Offsets {
        self.partitions.iter().map(|partition| (partition.clone(), offset)).collect()
    }
}

impl TopicReader for Topic {
    fn poll(
        &mut self,
        limits: PollLimits,
        each: &mut dyn FnMut(&NewRecord<'_>),
    ) -> Result<Polled, TopicError> {
        if !std::mem::replace(&mut self.is_given, true) {
            return Ok(Polled::Assigned(self.partitions.clone()));
        }
        if limits.records == 0 {
            return Ok(Polled::Idle);
        }
        let count = self.count();
        let each_of = (i64::try_from(limits.records).unwrap() / count)
            .min((self.records - self.read) / count);
        if each_of == 0 {
            self.all_read.notify_one();
            return Ok(Polled::Idle);
        }
        let from = self.read / count;
        for partition in &self.partitions {
            for offset in from..from + each_of {
                each(&record(partition.partition, offset));
            }
        }
        self.read += each_of * count;
        Ok(Polled::Records(usize::try_from(each_of * count).unwrap()))
    }

    fn committed(&mut self, _: &[TopicPartition]) -> Result<Vec<StoredOffset>, TopicError> {
        Ok(Vec::new())
    }

    fn watermarks(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Watermarks>>, TopicError> {
        let log = Watermarks { earliest: 0, latest: self.records / self.count() };
        Ok(vec![Some(log); partitions.len()])
    }

    fn identity(&mut self, _: &str) -> Result<TopicIdentity, TopicError> {
        Ok(TopicIdentity::default())
    }

    fn assign(&mut self, _: &[(TopicPartition, StartAt)]) -> Result<(), TopicError> {
        Ok(())
    }

    fn release(&mut self, _: &[TopicPartition]) -> Result<(), TopicError> {
        Ok(())
    }

    fn commit(&mut self, offsets: &Offsets, _: CommitMode) -> Result<(), TopicError> {
        self.committed.extend(offsets.clone());
        Ok(())
    }

    fn acknowledged(&mut self) -> Offsets {
        std::mem::take(&mut self.committed)
    }

    fn pause(&mut self, _: &[TopicPartition]) -> Result<(), TopicError> {
        Ok(())
    }

    fn resume(&mut self, _: &[TopicPartition]) -> Result<(), TopicError> {
        Ok(())
    }

    fn ends(&self) -> Offsets {
        self.all(self.records / self.count())
    }

    fn positions(&self) -> Offsets {
        self.all(self.read / self.count())
    }

    fn close(&mut self) -> Result<(), TopicError> {
        Ok(())
    }
}
