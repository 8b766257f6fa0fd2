//! Records for the suites, and a reader of what came out, by a client of their own.

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    message::Headers,
    producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer},
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// A name that no other test has.
pub(super) fn unique(name: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn admin(bootstrap: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", bootstrap).create().unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(super) fn create_topic(bootstrap: &str, topic: &str, partitions: i32) {
    create_topic_with(bootstrap, topic, partitions, &[]);
}

pub(super) fn create_topic_with(
    bootstrap: &str,
    topic: &str,
    partitions: i32,
    config: &[(&str, &str)],
) {
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let new = config.iter().fold(new, |new, (name, value)| new.set(name, value));
    let created = wait(admin(bootstrap).create_topics(&[new], &AdminOptions::new())).unwrap();
    assert!(created.iter().all(Result::is_ok), "{created:?}");
}

pub(super) fn delete_topic(bootstrap: &str, topic: &str) {
    let deleted = wait(admin(bootstrap).delete_topics(&[topic], &AdminOptions::new())).unwrap();
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
}

/// Deletes the records of partition 0 below an offset.
pub(super) fn delete_records(bootstrap: &str, topic: &str, below: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Offset(below)).unwrap();
    drop(wait(admin(bootstrap).delete_records(&list, &AdminOptions::new())).unwrap());
}

/// Produces numbered values and waits until all are there. `value` makes the payload of a number.
pub(super) fn produce(
    bootstrap: &str,
    topic: &str,
    numbers: std::ops::Range<usize>,
    mut value: impl FnMut(usize) -> Vec<u8>,
) {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("linger.ms", "20")
        // What is too large is the broker's to say.
        .set("message.max.bytes", "10000000")
        .create()
        .unwrap();
    for number in numbers {
        let payload = value(number);
        let key = number.to_string();
        let mut record = BaseRecord::to(topic).key(&key).payload(&payload);
        while let Err((error, back)) = producer.send(record) {
            assert!(error.to_string().contains("Queue full"), "{error}");
            producer.flush(Duration::from_millis(20)).ok();
            record = back;
        }
    }
    // A broker that is killed again and again is seldom up for long.
    producer.flush(Duration::from_mins(5)).unwrap();
}

/// A record as it was read.
pub(super) struct Read {
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: BTreeMap<String, String>,
}

/// All that a topic holds, in order within each partition.
pub(super) fn read_all(bootstrap: &str, topic: &str) -> Vec<Read> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "none")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "false")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
    let mut wanted = 0;
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), PATIENCE).unwrap();
        wanted += usize::try_from(high - low).unwrap();
        list.add_partition_offset(topic, partition.id(), Offset::Beginning).unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut read = Vec::with_capacity(wanted);
    while read.len() < wanted {
        let message = consumer.poll(PATIENCE).expect("the log's end is known").unwrap();
        let header = |header: rdkafka::message::Header<'_, &[u8]>| {
            let value = String::from_utf8_lossy(header.value.unwrap_or_default()).into_owned();
            (header.key.to_owned(), value)
        };
        read.push(Read {
            value: message.payload().map(<[u8]>::to_vec),
            headers: message
                .headers()
                .map(|all| all.iter().map(header).collect())
                .unwrap_or_default(),
        });
    }
    read
}

/// The offset that a group has stored for each partition of a topic.
pub(super) fn committed(
    bootstrap: &str,
    group: &str,
    topic: &str,
    partitions: i32,
) -> BTreeMap<i32, i64> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition(topic, partition);
    }
    let committed = consumer.committed_offsets(list, PATIENCE).unwrap();
    let offset = |offset: Offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
    committed
        .elements()
        .iter()
        .map(|element| (element.partition(), offset(element.offset())))
        .collect()
}

/// Two connectors on a topic: a sink that stores its offsets, and one that leaves them to the group.
pub(super) fn table_and_lines(topic: &str) -> String {
    format!(
        "offset.flush.interval.ms: 200
connectors:
  table:
    topics: [{topic}]
    group.id: {topic}-table
    sink: {{sqlite: {{path: out.db, tables: {{{topic}: {{name: rows}}}}}}}}
  lines:
    topics: [{topic}]
    group.id: {topic}-lines
    sink: {{file: {{path: lines}}}}
"
    )
}

/// The value of a numbered record.
pub(super) fn value(number: usize) -> Vec<u8> {
    format!("{{\"id\":{number}}}").into_bytes()
}
