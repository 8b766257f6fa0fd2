//! Batches of the suite. A value is `{"id":N}`; N says which partition and offset it is of, and which child.

use smt_abi::verdict::{Tag, Verdict};
use std::{collections::BTreeMap, sync::Arc};
use transom_core::{
    batch::Batch,
    call::{Call, Contract, Gathered, Limits},
    chain::{Chain, Stage},
    connector::Put,
    record::{NewRecord, RecordId},
    topic::{Offsets, TopicPartition},
    transform::{Transform, TransformError},
};

pub(super) const TOPIC: &str = "suite";
/// Offsets of one partition, times ten, stay below.
const PARTITION: i64 = 1_000_000;

/// A partition of the suite's topic.
pub(super) fn partition(partition: i32) -> TopicPartition {
    TopicPartition { topic: Arc::from(TOPIC), partition }
}

/// The value of a record.
pub(super) fn value(partition: i32, offset: i64, child: i64) -> String {
    format!("{{\"id\":{}}}", i64::from(partition) * PARTITION + offset * 10 + child)
}

/// Makes batches, with offsets that go on.
#[derive(Debug, Default)]
pub(super) struct Feed {
    next: BTreeMap<i32, i64>,
}

/// A batch and what a put takes of it.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) batch: Batch,
    pub(super) records: Vec<RecordId>,
    pub(super) through: Offsets,
    /// What is to be there afterwards, record by record: partition and value.
    pub(super) values: Vec<(i32, String)>,
}

impl Sent {
    pub(super) fn put(&self) -> Put<'_> {
        Put { batch: &self.batch, records: &self.records, through: &self.through }
    }

    /// Leaves records out, by their place, as those that were dead-lettered are.
    pub(super) fn without(&mut self, places: &[usize]) {
        let keep = |place: usize| !places.contains(&place);
        let mut place = 0..;
        self.records.retain(|_| place.next().is_some_and(keep));
        let mut place = 0..;
        self.values.retain(|_| place.next().is_some_and(keep));
    }
}

impl Feed {
    /// Records of these partitions, in this order.
    pub(super) fn batch(&mut self, partitions: &[i32]) -> Sent {
        self.batch_with(partitions, |_place, value| Some(value))
    }

    /// Records whose values `replace` may change, by their place, or take away.
    pub(super) fn batch_with(
        &mut self,
        partitions: &[i32],
        replace: impl Fn(usize, String) -> Option<String>,
    ) -> Sent {
        let mut sent = Sent {
            batch: Batch::default(),
            records: Vec::new(),
            through: Offsets::new(),
            values: Vec::new(),
        };
        for (place, number) in partitions.iter().enumerate() {
            let offset = self.next.entry(*number).or_default();
            let text = replace(place, value(*number, *offset, 0));
            let record = sent.batch.push(&NewRecord {
                topic: TOPIC,
                partition: Some(*number),
                offset: Some(*offset),
                timestamp: Some(1_700_000_000_000 + *offset),
                key: Some(b"\"key\""),
                value: text.as_deref().map(str::as_bytes),
                headers: &[("suite", Some(b"\"yes\""))],
            });
            sent.records.push(record);
            sent.values.push((*number, text.unwrap_or_default()));
            *offset += 1;
            sent.through.insert(partition(*number), *offset);
        }
        sent
    }

    /// Three records of partition 0, of which the second was split into three.
    pub(super) fn split(&mut self) -> Sent {
        let mut sent = self.batch(&[0, 0, 0]);
        let parent = self.next[&0] - 2;
        let children: Vec<String> = (0..3).map(|child| value(0, parent, child)).collect();
        let stage = Stage {
            name: "split".to_owned(),
            predicate: None,
            transform: Box::new(Split::new(&children)),
        };
        Chain::new(vec![stage]).run(&mut sent.batch).expect("the suite's transform does not fail");
        sent.records = sent.batch.survivors().to_vec();
        sent.values.splice(1..2, children.into_iter().map(|child| (0, child)));
        sent
    }
}

/// Splits the second record of a batch.
struct Split {
    call: Call,
    output: Vec<u8>,
}

impl Split {
    fn new(values: &[String]) -> Self {
        let length = |text: &str| u32::try_from(text.len()).expect("a short text").to_le_bytes();
        let mut output = u32::try_from(values.len()).expect("three").to_le_bytes().to_vec();
        for value in values {
            let child = format!("{{\"key\":\"key\",\"value\":{value}}}");
            output.extend_from_slice(&length(&child));
            output.extend_from_slice(child.as_bytes());
        }
        let contract =
            Contract::parse(br#"{"slots":["@offset"]}"#, &[]).expect("a slot of the ABI");
        Self { call: Call::new(contract, Limits::default()), output }
    }
}

impl Transform for Split {
    fn apply(&mut self, batch: &mut Batch) -> Result<(), TransformError> {
        let selected = batch.selected().to_vec();
        let Gathered { n, .. } = self.call.gather(batch, &selected);
        let mut verdicts = Vec::new();
        for place in 0..n {
            let len = u32::try_from(self.output.len()).expect("a short text");
            let verdict = match place {
                1 => Verdict { tag: Tag::Split, len },
                _ => Verdict { tag: Tag::Keep, len: 0 },
            };
            verdicts.extend_from_slice(&verdict.encode().to_le_bytes());
        }
        self.call.apply(batch, &verdicts, &self.output);
        Ok(())
    }
}
