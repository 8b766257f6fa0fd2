//! Sinks in memory. They refuse what says `"do": "reject"`, or for the code `other`, `"do": "reject-other"`.

use crate::{
    cluster::{Cluster, killed},
    life::Life,
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};
use transom_core::{
    batch::Batch,
    connector::{Class, ConnectorError, Delivery, Put, Rejection, Sink},
    record::RecordId,
    topic::{StoredOffset, TopicIdentity, TopicPartition},
};

/// A record as a sink got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) child: Option<u32>,
    pub(crate) value: String,
}

/// What a sink has, across all its lives.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// For each partition next offset and epoch.
    pub(crate) stored: BTreeMap<TopicPartition, (Option<i64>, u64)>,
    /// Answers of the next puts, whatever they hold.
    pub(crate) answers: VecDeque<ConnectorError>,
    pub(crate) puts: usize,
    /// Sizes of the puts.
    pub(crate) sizes: Vec<usize>,
    /// What was delivered although the group had it committed: never to happen.
    pub(crate) below_committed: Vec<Row>,
    /// Rows that were put and not flushed when an offset behind them was committed are lost; see `Memory::flush`.
    pub(crate) flushes: usize,
    /// While it is set, puts wait for it.
    pub(crate) gate: Option<Arc<tokio::sync::Semaphore>>,
}

/// What kind of sink it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) stores_offsets: bool,
    pub(crate) atomic: bool,
    /// It says which records it refuses; else it says only that there is one.
    pub(crate) names: bool,
}

impl Kind {
    pub(crate) const PLAIN: Self = Self { stores_offsets: false, atomic: false, names: true };
    pub(crate) const STORING: Self = Self { stores_offsets: true, atomic: true, names: true };
}

#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) kind: Kind,
    pub(crate) table: Arc<Mutex<Table>>,
    pub(crate) cluster: Cluster,
    pub(crate) group: String,
    pub(crate) life: Life,
    /// What this one claimed: epoch and the offset that it knows to be stored.
    pub(crate) mine: BTreeMap<TopicPartition, (Option<i64>, u64)>,
}

fn row(batch: &Batch, record: RecordId) -> Row {
    let origin = batch.origin(record);
    let mut value = Vec::new();
    batch.write_value(record, &mut value);
    Row {
        partition: crate::cluster::partition(origin.topic, origin.partition.unwrap()),
        offset: origin.offset.unwrap(),
        child: origin.child,
        value: String::from_utf8(value).unwrap(),
    }
}

fn refusal(row: &Row) -> Option<(String, String)> {
    let code = ["reject-other", "reject"].into_iter().find(|code| row.value.contains(code))?;
    Some((code.to_owned(), format!("the record says `{code}`")))
}

impl Memory {
    fn deliver(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        let mut table = self.table.lock().unwrap();
        table.puts += 1;
        table.sizes.push(put.records.len());
        if let Some(error) = table.answers.pop_front() {
            return Err(error);
        }
        let rows: Vec<Row> = put.records.iter().map(|record| row(put.batch, *record)).collect();
        let mut rejections = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if let Some((code, message)) = refusal(row) {
                rejections.push(Rejection { index, code, message });
            }
        }
        if let Some(first) = rejections.first().filter(|_| !self.kind.names) {
            let message = "some record is bad";
            return Err(ConnectorError::new(Class::BadRecord, first.code.clone(), message));
        }
        if self.kind.atomic && !rejections.is_empty() {
            return Ok(rejections);
        }
        if self.kind.stores_offsets {
            for (partition, next) in put.through {
                let stored = table.stored.get_mut(partition).unwrap();
                let Some(mine) = self.mine.get_mut(partition).filter(|mine| *mine == stored) else {
                    return Err(ConnectorError::new(Class::Superseded, "superseded", "taken over"));
                };
                assert!(stored.0.is_none_or(|stored| stored <= *next), "offsets only grow");
                (stored.0, mine.0) = (Some(*next), Some(*next));
            }
        }
        for row in rows.into_iter().filter(|row| refusal(row).is_none()) {
            let committed = self.cluster.committed(&self.group, &row.partition);
            if committed.is_some_and(|committed| row.offset < committed) {
                table.below_committed.push(row.clone());
            }
            table.rows.push(row);
        }
        Ok(rejections)
    }
}

#[async_trait::async_trait]
impl Sink for Memory {
    fn delivery(&self) -> Delivery {
        Delivery { stores_offsets: self.kind.stores_offsets, atomic: self.kind.atomic }
    }

    async fn claim(
        &mut self,
        assigned: &[(TopicPartition, TopicIdentity)],
    ) -> Result<Vec<StoredOffset>, ConnectorError> {
        let life = self.life.clone();
        life.act(|| {
            let mut table = self.table.lock().unwrap();
            let claim = |(partition, identity): &(TopicPartition, TopicIdentity)| {
                let stored = table.stored.entry(partition.clone()).or_default();
                stored.1 += 1;
                self.mine.insert(partition.clone(), *stored);
                let identity = Some(identity.clone());
                StoredOffset { partition: partition.clone(), identity, offset: stored.0 }
            };
            assigned.iter().map(claim).collect()
        })
        .ok_or_else(killed)
    }

    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        let gate = self.table.lock().unwrap().gate.clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let life = self.life.clone();
        let cluster = self.cluster.clone();
        let result = life.act(|| self.deliver(put)).ok_or_else(killed)?;
        cluster.change(|_| ());
        result
    }

    async fn flush(&mut self) -> Result<(), ConnectorError> {
        self.life.act(|| self.table.lock().unwrap().flushes += 1).ok_or_else(killed)
    }

    fn release(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.mine.remove(partition);
        }
    }
}
