//! Sinks in memory. They refuse what says `"do": "reject"`.

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
    /// Answers of the next claims.
    pub(crate) claim_answers: VecDeque<ConnectorError>,
    /// Sizes of the puts.
    pub(crate) sizes: Vec<usize>,
    /// What was delivered although the group had it committed: never to happen.
    pub(crate) below_committed: Vec<Row>,
    /// The next put refuses a record that it does not have.
    pub(crate) nonsense: Option<usize>,
    /// The child with this number is refused.
    pub(crate) refused_child: Option<u32>,
    /// Puts that have waited at the gate.
    pub(crate) waiting: usize,
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

/// Each refusal has a code of its own, but for those that ask for the same: a batch refused with one code is no matter
/// of its records.
fn refusal(row: &Row) -> Option<(String, String)> {
    let code = match &row.value {
        value if value.contains("reject-same") => "same".to_owned(),
        value if value.contains("reject") => {
            format!("refused-{}-{}", row.partition.partition, row.offset)
        }
        _ => return None,
    };
    Some((code, "the record says so".to_owned()))
}

impl Memory {
    fn deliver(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        // Asked first: a test may look at the table while it holds the cluster.
        let committed: Vec<Option<i64>> = put
            .records
            .iter()
            .map(|record| self.cluster.committed(&self.group, &row(put.batch, *record).partition))
            .collect();
        let mut table = self.table.lock().unwrap();
        table.sizes.push(put.records.len());
        if let Some(error) = table.answers.pop_front() {
            return Err(error);
        }
        if let Some(index) = table.nonsense.take() {
            let (code, message) = ("nonsense".to_owned(), String::new());
            return Ok(vec![Rejection { index, code, message }]);
        }
        let rows: Vec<Row> = put.records.iter().map(|record| row(put.batch, *record)).collect();
        let mut rejections = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let is_refused = table.refused_child.is_some() && row.child == table.refused_child;
            let of_child = is_refused.then(|| ("child".to_owned(), "not this one".to_owned()));
            if let Some((code, message)) = of_child.or_else(|| refusal(row)) {
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
            let is_mine = |partition| self.mine.get(partition) == table.stored.get(partition);
            if !put.through.keys().all(is_mine) {
                return Err(ConnectorError::new(Class::Superseded, "superseded", "taken over"));
            }
            let has_offset = |row: &Row| put.through.contains_key(&row.partition);
            assert!(rows.iter().all(has_offset), "a put has the offsets of all its records");
            for (partition, next) in put.through {
                let epoch = self.mine[partition].1;
                let before = self.mine.insert(partition.clone(), (Some(*next), epoch)).unwrap();
                assert!(before.0.is_none_or(|before| before <= *next), "offsets only grow");
                table.stored.insert(partition.clone(), (Some(*next), epoch));
            }
        }
        let is_refused = |index| rejections.iter().any(|rejection| rejection.index == index);
        for (index, row) in rows.into_iter().enumerate().filter(|(index, _)| !is_refused(*index)) {
            if committed[index].is_some_and(|committed| row.offset < committed) {
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
            if let Some(error) = table.claim_answers.pop_front() {
                return Err(error);
            }
            let claim = |(partition, identity): &(TopicPartition, TopicIdentity)| {
                let stored = table.stored.entry(partition.clone()).or_default();
                stored.1 += 1;
                self.mine.insert(partition.clone(), *stored);
                let identity = Some(identity.clone());
                StoredOffset { partition: partition.clone(), identity, offset: stored.0 }
            };
            Ok(assigned.iter().map(claim).collect())
        })
        .ok_or_else(killed)?
    }

    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        let gate = self.table.lock().unwrap().gate.clone();
        if let Some(gate) = gate {
            self.table.lock().unwrap().waiting += 1;
            self.cluster.change(|_| ());
            gate.acquire().await.unwrap().forget();
        }
        let life = self.life.clone();
        let cluster = self.cluster.clone();
        let result = life.act(|| self.deliver(put)).ok_or_else(killed)?;
        cluster.change(|_| ());
        result
    }

    async fn flush(&mut self) -> Result<(), ConnectorError> {
        self.life.act(|| ()).ok_or_else(killed)
    }

    fn destination(&self, _: &Batch, _: RecordId) -> Option<String> {
        Some("table `rows`".to_owned())
    }

    fn release(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.mine.remove(partition);
        }
    }
}
