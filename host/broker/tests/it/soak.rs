//! Everything at once: producers of every codec, members that come and go, and a broker that is killed half way.
//!
//! Nothing that was acknowledged may be lost or doubled, order is kept per producer and partition, and what was committed
//! stays committed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use tokio::runtime::Runtime;

use crate::process::Process;
use crate::support::{Clients, SHORT, eventually, poll};

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const PARTITIONS: i32 = 6;
const MEMBERS: usize = 3;
const TOTAL: usize = 200_000;

/// What is known of records, by partition and offset: the producer's codec and the record's number.
type Records = BTreeMap<(i32, i64), (usize, usize)>;

/// What the run has seen so far.
#[derive(Default)]
struct Ledger {
    acknowledged: Mutex<Records>,
    consumed: Mutex<Records>,
    /// Notified when one of the two has grown.
    grown: Condvar,
    /// The offset that a commit was confirmed for, by partition.
    committed: Mutex<BTreeMap<i32, i64>>,
    is_over: AtomicBool,
}

impl Ledger {
    /// Waits until `records` has `count`. However long it takes, it must go on.
    fn wait(&self, what: &str, records: &Mutex<Records>, count: usize) {
        let mut seen = records.lock().unwrap().len();
        while seen < count {
            seen = eventually(what, || {
                let (records, _) = self.grown.wait_timeout(records.lock().unwrap(), SHORT).unwrap();
                (records.len() > seen).then_some(records.len())
            });
        }
    }
}

/// Notes where the records of one producer went.
struct Acknowledgements {
    ledger: Arc<Ledger>,
    codec: usize,
}

impl ClientContext for Acknowledgements {}

impl ProducerContext for Acknowledgements {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let message = result.as_ref().map_err(|(error, _)| error).unwrap();
        let at = (message.partition(), message.offset());
        let before = self.ledger.acknowledged.lock().unwrap().insert(at, (self.codec, number));
        assert_eq!(before, None, "two records were acknowledged at {at:?}");
        self.ledger.grown.notify_all();
    }
}

fn produce(clients: Clients<'_>, ledger: &Arc<Ledger>, codec: usize, count: usize) {
    let set = [
        ("compression.type", CODECS[codec]),
        ("enable.idempotence", "true"),
        ("batch.num.messages", "100"),
    ];
    let context = Acknowledgements { ledger: Arc::clone(ledger), codec };
    let producer: ThreadedProducer<Acknowledgements> =
        clients.config(&set).create_with_context(context).unwrap();
    for number in 0..count {
        let partition = i32::try_from(number).unwrap() % PARTITIONS;
        let value = format!("{codec} {number}");
        let record = BaseRecord::<(), str, usize>::with_opaque_to("soak", number);
        let mut record = Some(record.partition(partition).payload(&value));
        eventually("room in the queue", || match producer.send(record.take()?) {
            Ok(()) => Some(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                record = Some(again);
                producer.flush(SHORT).ok();
                None
            }
            Err((error, _)) => panic!("{error}"),
        });
    }
    producer.flush(SHORT * 900).unwrap();
}

/// Comes, reads for a while, goes, and comes again.
fn consume(clients: Clients<'_>, ledger: &Ledger, member: usize) {
    // A member that goes between two tries to join says no good-bye; the others wait for its session to end.
    let set =
        [("partition.assignment.strategy", "cooperative-sticky"), ("session.timeout.ms", "6000")];
    for stay in (1..).map(|time| 500 + 171 * member * time) {
        let consumer = clients.member("g", "soak", &set);
        let mut read = 0;
        while read < stay {
            if ledger.is_over.load(Ordering::Relaxed) {
                return;
            }
            read += consume_some(&consumer, ledger);
        }
    }
}

fn consume_some(consumer: &BaseConsumer, ledger: &Ledger) -> usize {
    let mut offsets = BTreeMap::new();
    let mut read = 0;
    while let Some(message) = poll(consumer) {
        let (partition, offset) = (message.partition(), message.offset());
        let value = str::from_utf8(message.payload().unwrap()).unwrap().split_once(' ').unwrap();
        let value = (value.0.parse().unwrap(), value.1.parse().unwrap());
        let before = ledger.consumed.lock().unwrap().insert((partition, offset), value);
        assert!(before.is_none_or(|before| before == value), "read twice, and not the same");
        offsets.insert(partition, offset + 1);
        read += 1;
        if read == 100 {
            break;
        }
    }
    let mut list = TopicPartitionList::new();
    for (partition, offset) in &offsets {
        list.add_partition_offset("soak", *partition, Offset::Offset(*offset)).unwrap();
    }
    // In the middle of a rebalance, or without a broker, a commit fails; then the records are read again.
    if read > 0 && consumer.commit(&list, CommitMode::Sync).is_ok() {
        ledger.committed.lock().unwrap().extend(offsets);
    }
    ledger.grown.notify_all();
    read
}

/// What the broker says is committed, by partition.
fn committed(clients: Clients<'_>) -> BTreeMap<i32, i64> {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_range("soak", 0, PARTITIONS - 1);
    let found = clients.consumer("g", &[]).committed_offsets(wanted, SHORT * 300).unwrap();
    let offset = |offset: Offset| offset.to_raw().unwrap().max(0);
    found.elements().iter().map(|it| (it.partition(), offset(it.offset()))).collect()
}

#[test]
fn nothing_acknowledged_is_lost_whatever_comes_and_goes() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path());
    let runtime = Runtime::new().unwrap();
    let clients = Clients { address: process.address, runtime: &runtime };
    clients.create_with("soak", PARTITIONS, &[("segment.bytes", "100000")]);
    let ledger = Arc::new(Ledger::default());
    thread::scope(|threads| {
        let ledger = &ledger;
        for codec in 0..CODECS.len() {
            threads.spawn(move || produce(clients, ledger, codec, TOTAL / CODECS.len()));
        }
        for member in 1..=MEMBERS {
            threads.spawn(move || consume(clients, ledger, member));
        }
        ledger.wait("half of the acknowledgements", &ledger.acknowledged, TOTAL / 2);
        let before = ledger.committed.lock().unwrap().clone();
        process.kill_and_restart(directory.path());
        for (partition, offset) in committed(clients) {
            let before = before.get(&partition).copied().unwrap_or(0);
            assert!(offset >= before, "partition {partition} is back from {before} to {offset}");
        }
        ledger.wait("all acknowledgements", &ledger.acknowledged, TOTAL);
        ledger.wait("all records", &ledger.consumed, TOTAL);
        let ends = ends(&ledger.acknowledged.lock().unwrap());
        eventually("the last commits", || (committed(clients) == ends).then_some(()));
        ledger.is_over.store(true, Ordering::Relaxed);
    });
    let acknowledged = ledger.acknowledged.lock().unwrap();
    assert_eq!(*acknowledged, *ledger.consumed.lock().unwrap());
    check_order(&acknowledged);
}

/// The offset after the last record of each partition.
fn ends(records: &Records) -> BTreeMap<i32, i64> {
    records.keys().map(|(partition, offset)| (*partition, offset + 1)).collect()
}

fn check_order(records: &Records) {
    let mut last = BTreeMap::new();
    for ((partition, offset), (codec, number)) in records {
        let before = last.insert((*partition, *codec), *number);
        assert!(before < Some(*number), "{codec} {number} at {partition} {offset} is out of order");
    }
}
