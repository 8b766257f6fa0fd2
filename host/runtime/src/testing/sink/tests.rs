//! The suite against toys: one keeps every rule, each of the others breaks one, and is found out.

use super::*;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use transom_core::{
    connector::{Class, Delivery, Put, Rejection},
    topic::{StoredOffset, TopicIdentity, TopicPartition},
};

const BAD: &str = "{\"bad\":true}";

/// What a toy does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    ChangesItsMind,
    DeliversForNothing,
    RejectsNothing,
    Reverses,
    Doubles,
    TakesTheWholeBatch,
    SkipsTombstones,
    RejectsAllForATombstone,
    OneRecordForAnOffset,
    FlushesNothing,
    OffsetsBeforeRecords,
    BlamesRecords,
    BlamesRecordsByClass,
    HidesTheOutage,
    KeepsHalfOfAnOutage,
    CountsInTheBatch,
    DeliversBesideARejection,
    ForgetsAtClose,
    AnswersForNothing,
    AnswersForOne,
    BeginsAnew,
    StoresTheLastRecord,
    IgnoresEmptyPuts,
    LetsBothWrite,
    FailsAsFatal,
}
use Fault::*;

#[derive(Debug, Default)]
struct Store {
    durable: Vec<String>,
    offsets: BTreeMap<TopicPartition, (i64, Option<i64>)>,
    broken: bool,
}

#[derive(Clone)]
struct Toy {
    store: Arc<Mutex<Store>>,
    delivery: Delivery,
    fault: Option<Fault>,
    waiting: Vec<String>,
    epochs: BTreeMap<TopicPartition, i64>,
    puts: usize,
}

impl Toy {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn texts(&self, put: &Put<'_>) -> Vec<String> {
        let batch = put.batch;
        let chosen = if self.has(TakesTheWholeBatch) { batch.survivors() } else { put.records };
        let mut origins = Vec::new();
        let mut texts = Vec::new();
        for record in chosen {
            let origin = batch.origin(*record);
            let seen = origins.contains(&(origin.partition, origin.offset));
            origins.push((origin.partition, origin.offset));
            let skipped = (self.has(SkipsTombstones) && batch.is_tombstone(*record))
                || (seen && self.has(OneRecordForAnOffset));
            if !skipped {
                let mut text = Vec::new();
                batch.write_value(*record, &mut text);
                texts.push(String::from_utf8(text).unwrap());
            }
        }
        texts
    }

    fn rejections(&self, put: &Put<'_>, texts: &[String]) -> Vec<Rejection> {
        let mut places: Vec<usize> =
            (0..texts.len()).filter(|place| texts[*place] == BAD).collect();
        if self.has(CountsInTheBatch) {
            let batch = |place: &usize| put.batch.input(put.records[*place]);
            places = places.iter().map(batch).collect();
        }
        if self.has(RejectsAllForATombstone) && texts.iter().any(String::is_empty) {
            places = (0..texts.len()).collect();
        }
        if self.has(RejectsNothing) && texts.is_empty() {
            places = vec![0];
        }
        places.into_iter().map(rejection).collect()
    }

    /// Checks that the partitions are this sink's, and moves their offsets on.
    fn store(&self, put: &Put<'_>, texts: &[String]) -> Result<(), ConnectorError> {
        if !self.delivery.stores_offsets || (texts.is_empty() && self.has(IgnoresEmptyPuts)) {
            return Ok(());
        }
        let mut store = self.store.lock().unwrap();
        for (partition, through) in put.through {
            let (epoch, offset) = store.offsets.entry(partition.clone()).or_default();
            if *epoch != self.epochs[partition] && !self.has(LetsBothWrite) {
                return Err(ConnectorError::new(Class::Superseded, "epoch", "taken over"));
            }
            let last = put.records.iter().rev().find_map(|record| put.batch.origin(*record).offset);
            let shortened = last.map(|last| last + 1).filter(|_| self.has(StoresTheLastRecord));
            *offset = Some(shortened.unwrap_or(*through));
        }
        drop(store);
        Ok(())
    }
}

fn rejection(index: usize) -> Rejection {
    Rejection { index, code: "toy".to_owned(), message: "it is bad".to_owned() }
}

#[async_trait]
impl Sink for Toy {
    fn delivery(&self) -> Delivery {
        let atomic = self.delivery.atomic != (self.has(ChangesItsMind) && self.puts > 0);
        Delivery { atomic, ..self.delivery }
    }

    async fn claim(
        &mut self,
        assigned: &[(TopicPartition, TopicIdentity)],
    ) -> Result<Vec<StoredOffset>, ConnectorError> {
        let mut answer = Vec::new();
        for (partition, identity) in assigned {
            let mut store = self.store.lock().unwrap();
            let (epoch, offset) = store.offsets.entry(partition.clone()).or_default();
            *epoch += 1;
            self.epochs.insert(partition.clone(), *epoch);
            let offset = if self.has(BeginsAnew) { None } else { *offset };
            let identity = Some(identity.clone());
            answer.push(StoredOffset { partition: partition.clone(), identity, offset });
        }
        if !self.delivery.stores_offsets && !self.has(AnswersForNothing) {
            answer.clear();
        }
        if self.has(AnswersForOne) {
            answer.truncate(1);
        }
        Ok(answer)
    }

    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        self.puts += 1;
        let mut texts = self.texts(&put);
        let broken = self.store.lock().unwrap().broken;
        if broken {
            match self.fault {
                Some(BlamesRecords) => return Ok(vec![rejection(0)]),
                Some(BlamesRecordsByClass) => {
                    return Err(ConnectorError::new(Class::BadRecord, "toy", "no room"));
                }
                Some(HidesTheOutage) => return Ok(Vec::new()),
                Some(FailsAsFatal) => return Err(ConnectorError::fatal("toy", "no room")),
                Some(KeepsHalfOfAnOutage) => {
                    let half = texts.drain(1..).rev();
                    self.waiting.extend(half);
                }
                _ if !self.delivery.atomic => self.waiting.extend(texts.into_iter().take(1)),
                _ => {}
            }
            return Err(ConnectorError::transient("toy", "no room"));
        }
        let rejected = self.rejections(&put, &texts);
        if !rejected.is_empty() && self.delivery.atomic && !self.has(DeliversBesideARejection) {
            return Ok(rejected);
        }
        self.store(&put, &texts)?;
        texts.retain(|text| text != BAD);
        match self.fault {
            Some(Reverses) => texts.reverse(),
            Some(Doubles) => texts.extend(texts.last().cloned()),
            Some(DeliversForNothing) if texts.is_empty() => texts.push("{}".to_owned()),
            _ => {}
        }
        self.waiting.extend(texts);
        if self.delivery.stores_offsets && !self.has(OffsetsBeforeRecords) {
            self.flush().await?;
        }
        Ok(rejected)
    }

    async fn flush(&mut self) -> Result<(), ConnectorError> {
        if !self.has(FlushesNothing) && !self.has(ForgetsAtClose) {
            self.store.lock().unwrap().durable.append(&mut self.waiting);
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), ConnectorError> {
        if self.has(FlushesNothing) {
            self.store.lock().unwrap().durable.append(&mut self.waiting);
        }
        Ok(())
    }
}

/// A place with a toy on it.
struct Shelf(Toy);

#[async_trait]
impl Place for Shelf {
    async fn open(&mut self) -> Result<Box<dyn Sink>, ConnectorError> {
        Ok(Box::new(self.0.clone()))
    }

    async fn delivered(&mut self) -> Option<Vec<String>> {
        Some(self.0.store.lock().unwrap().durable.clone())
    }

    fn unacceptable(&self) -> Option<&'static str> {
        Some(BAD)
    }

    async fn fail(&mut self) -> bool {
        self.0.store.lock().unwrap().broken = true;
        true
    }

    async fn mend(&mut self) {
        self.0.store.lock().unwrap().broken = false;
    }
}

const AT_LEAST_ONCE: Delivery = Delivery { stores_offsets: false, atomic: false };
const ATOMIC: Delivery = Delivery { stores_offsets: false, atomic: true };
const EXACTLY_ONCE: Delivery = Delivery { stores_offsets: true, atomic: true };

async fn run(delivery: Delivery, fault: Option<Fault>) -> Result<(), Broken> {
    let toy = |store| {
        let (waiting, epochs) = (Vec::new(), BTreeMap::new());
        Toy { store, delivery, fault, waiting, epochs, puts: 0 }
    };
    contract(|| Shelf(toy(Arc::default()))).await
}

#[tokio::test]
async fn a_sink_that_keeps_every_rule_passes() -> Result<(), Broken> {
    for delivery in [AT_LEAST_ONCE, ATOMIC, EXACTLY_ONCE] {
        run(delivery, None).await?;
        run(delivery, Some(FailsAsFatal)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_broken_rule_is_found() {
    for (fault, delivery, rule) in [
        (ChangesItsMind, ATOMIC, "delivery"),
        (DeliversForNothing, AT_LEAST_ONCE, "empty-put"),
        (RejectsNothing, AT_LEAST_ONCE, "empty-put"),
        (Reverses, AT_LEAST_ONCE, "order"),
        (Doubles, EXACTLY_ONCE, "order"),
        (TakesTheWholeBatch, AT_LEAST_ONCE, "empty-put"),
        (SkipsTombstones, AT_LEAST_ONCE, "tombstone"),
        (RejectsAllForATombstone, ATOMIC, "tombstone"),
        (OneRecordForAnOffset, EXACTLY_ONCE, "split"),
        (FlushesNothing, AT_LEAST_ONCE, "order"),
        (ForgetsAtClose, ATOMIC, "order"),
        (OffsetsBeforeRecords, EXACTLY_ONCE, "crash"),
        (BlamesRecords, AT_LEAST_ONCE, "outage"),
        (BlamesRecordsByClass, ATOMIC, "outage"),
        (HidesTheOutage, AT_LEAST_ONCE, "outage"),
        (KeepsHalfOfAnOutage, AT_LEAST_ONCE, "outage"),
        (KeepsHalfOfAnOutage, ATOMIC, "outage"),
        (CountsInTheBatch, AT_LEAST_ONCE, "rejection"),
        (DeliversBesideARejection, ATOMIC, "rejection"),
        (AnswersForNothing, AT_LEAST_ONCE, "claim"),
        (AnswersForOne, EXACTLY_ONCE, "claim"),
        (BeginsAnew, EXACTLY_ONCE, "crash"),
        (StoresTheLastRecord, EXACTLY_ONCE, "claim"),
        (IgnoresEmptyPuts, EXACTLY_ONCE, "through"),
        (LetsBothWrite, EXACTLY_ONCE, "fence"),
    ] {
        let found = run(delivery, Some(fault)).await;
        assert_eq!(found.map_err(|broken| broken.rule), Err(rule), "{fault:?}");
    }
}
