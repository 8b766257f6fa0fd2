//! What a writer writes, and what it says of what was refused.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use transom_core::config::Properties;
use transom_core::topic::{EncodedRecord, TopicError, TopicReader, TopicWriter};

use super::broker::Kafka;
use super::{EVENTS, EVENTUALLY, LIMITS, Member, creation, kafka, properties, runtime};
use crate::live;

fn record(topic: &str, partition: Option<i32>, value: usize) -> EncodedRecord {
    EncodedRecord {
        topic: topic.to_owned(),
        partition,
        value: Some(vec![b'x'; value]),
        ..EncodedRecord::default()
    }
}

#[test]
fn what_is_refused_is_told_record_by_record() {
    let Some(kafka) = kafka("refusals on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "refusals");
    let writer = cluster.writer(&Properties::default()).unwrap();
    let small = [("max.message.bytes", "2000")];
    let creation = super::TopicCreation { config: (*properties(&small)).clone(), ..creation(1) };
    runtime.block_on(writer.ensure(topic, creation.clone())).unwrap();
    // It is there: nothing is to be done.
    runtime.block_on(writer.ensure(topic, creation)).unwrap();
    // One after the other, so that none shares a batch with the one that is too large.
    let write = |records| runtime.block_on(writer.write(records)).unwrap().refused;
    let outcomes = [
        write(vec![record(topic, None, 10)]),
        write(vec![record(topic, Some(0), 3000)]),
        write(vec![
            record(topic, Some(0), 10),
            record(topic, Some(7), 10),
            record(topic, None, 20_000_000),
        ]),
    ];
    let told: Vec<Vec<_>> = outcomes
        .iter()
        .map(|refused| refused.iter().map(|one| (one.index, one.code.as_str())).collect())
        .collect();
    assert_eq!(told[0], []);
    assert_eq!(told[1], [(0, "MSG_SIZE_TOO_LARGE")]);
    assert_eq!(told[2], [(1, "_UNKNOWN_PARTITION"), (2, "MSG_SIZE_TOO_LARGE")]);
    // Each says for whom it is too large, and what to raise.
    let (of_topic, of_producer) = (&outcomes[1][0].message, &outcomes[2][1].message);
    let says = "3000 bytes with key and headers are too many for topic `refusals`; raise its `max.message.bytes` (";
    assert!(of_topic.starts_with(says), "{of_topic}");
    let says = "20000000 bytes with key and headers are too many for the producer; raise its `message.max.bytes`";
    assert_eq!(of_producer, says);
    let mut read = 0;
    cluster.scan(topic).unwrap().read(&mut |_| read += 1).unwrap();
    assert_eq!(read, 2);

    let hasty = properties(&[("topic.metadata.propagation.max.ms", "500")]);
    // A topic that is not there is no fault of a record: what others take is written once, and the rest once it is there.
    let both = vec![record("late-topic", None, 1), record(topic, Some(0), 1)];
    let writer = cluster.writer(&hasty).unwrap();
    let (written, made) = runtime.block_on(async {
        tokio::join!(writer.write(both), async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            writer.ensure("late-topic", super::creation(1)).await
        })
    });
    made.unwrap();
    assert_eq!(written.unwrap().refused, []);
    let count = |topic: &str| {
        let mut read = 0;
        cluster.scan(topic).unwrap().read(&mut |_| read += 1).unwrap();
        read
    };
    assert_eq!((count("late-topic"), count(topic)), (1, 3));
}

#[test]
fn a_full_queue_makes_the_writer_wait() {
    let Some(kafka) = kafka("full queues on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "full-queue");
    let tight = properties(&[("queue.buffering.max.messages", "50")]);
    let writer = cluster.writer(&tight).unwrap();
    runtime.block_on(writer.ensure(topic, creation(1))).unwrap();
    let records: Vec<_> = (0..1000).map(|number| record(topic, Some(0), number + 1)).collect();
    let written = runtime.block_on(writer.write(records)).unwrap();
    let expected: Vec<_> = (0..1000).map(|offset| Some((0, offset))).collect();
    assert_eq!((written.refused, written.places), (vec![], expected));
    let mut lengths = Vec::new();
    cluster
        .scan(topic)
        .unwrap()
        .read(&mut |record| lengths.push(record.value.unwrap().len()))
        .unwrap();
    assert!(lengths.into_iter().eq(1..=1000));
}

#[test]
fn writers_with_the_same_properties_are_one() {
    let Some(kafka) = kafka("shared writers on Kafka") else { return };
    let cluster = kafka.cluster();
    let one = cluster.writer(&Properties::default()).unwrap();
    let same = cluster.writer(&Properties::default()).unwrap();
    let other = cluster.writer(&properties(&[("linger.ms", "1")])).unwrap();
    assert!(std::sync::Arc::ptr_eq(&one, &same) && !std::sync::Arc::ptr_eq(&one, &other));
}

/// Keys and where Kafka's own partitioner (`Utils.toPositive(Utils.murmur2(key)) % 12`) puts them.
const PLACED: [(&str, i32); 19] = [
    ("", 9),
    ("a", 4),
    ("b", 8),
    ("ab", 2),
    ("abc", 3),
    ("abcd", 8),
    ("abcde", 1),
    ("order-1", 10),
    ("order-2", 3),
    ("customer-42", 9),
    ("0", 8),
    ("1", 3),
    ("2", 8),
    ("3", 11),
    ("00000000-0000-0000-0000-000000000000", 9),
    ("é", 3),
    ("日本語", 10),
    ("😀", 9),
    ("The quick brown fox jumps over the lazy dog", 6),
];

#[test]
fn keys_land_where_java_puts_them() {
    let Some(kafka) = kafka("placement on Kafka") else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "placement");
    let writer = cluster.writer(&Properties::default()).unwrap();
    runtime.block_on(writer.ensure(topic, creation(12))).unwrap();
    let keyed =
        |key: &str| EncodedRecord { key: Some(key.as_bytes().to_vec()), ..record(topic, None, 1) };
    let records = PLACED.iter().map(|(key, _)| keyed(key)).collect();
    assert_eq!(runtime.block_on(writer.write(records)).unwrap().refused, []);
    let mut landed = Vec::new();
    let mut each = |record: &transom_core::record::NewRecord<'_>| {
        let key = String::from_utf8(record.key.unwrap().to_vec()).unwrap();
        landed.push((key, record.partition.unwrap()));
    };
    cluster.scan(topic).unwrap().read(&mut each).unwrap();
    landed.sort();
    let mut expected: Vec<_> = PLACED.map(|(key, partition)| (key.to_owned(), partition)).into();
    expected.sort();
    assert_eq!(landed, expected);
}

#[test]
fn a_broker_that_is_away_is_waited_for() {
    let Some(mut kafka) = live::needs("outages of Kafka", Kafka::start()) else { return };
    let (runtime, cluster, topic) = (runtime(), kafka.cluster(), "outage");
    let writer = cluster.writer(&Properties::default()).unwrap();
    runtime.block_on(writer.ensure(topic, creation(1))).unwrap();
    let mut member = Member::of(&cluster, topic, topic);
    member.run_until("its partition", |member| !member.reader.positions().is_empty());
    kafka.kill();
    let mut writing = {
        let writer = std::sync::Arc::clone(&writer);
        let records = (0..10).map(|number| record(topic, Some(0), number + 1)).collect();
        runtime.spawn(async move { writer.write(records).await })
    };
    let waited = runtime.block_on(async { timeout(Duration::from_secs(2), &mut writing).await });
    assert!(waited.is_err(), "{waited:?}");
    // A member neither fails nor hangs: it says that something may pass.
    let of = super::partition(topic, 0);
    let begun = Instant::now();
    while !matches!(member.reader.poll(EVENTS, &mut |_| ()), Err(TopicError::Transient { .. })) {
        assert!(begun.elapsed() < EVENTUALLY, "nothing was told");
    }
    let unknown = member.reader.watermarks(std::slice::from_ref(&of));
    assert!(matches!(unknown, Err(TopicError::Transient { .. })), "{unknown:?}");
    let mut leaving = Member::of(&cluster, topic, topic);
    let begun = Instant::now();
    leaving.reader.close().unwrap();
    drop(leaving);
    assert!(begun.elapsed() < Duration::from_secs(20));
    kafka.restart();
    assert_eq!(runtime.block_on(writing).unwrap().unwrap().refused, []);
    let mut lengths = Vec::new();
    cluster
        .scan(topic)
        .unwrap()
        .read(&mut |record| lengths.push(record.value.unwrap().len()))
        .unwrap();
    assert!(lengths.into_iter().eq(1..=10));
    let begun = Instant::now();
    while member.read.len() < 10 {
        let read = &mut member.read;
        match member.reader.poll(LIMITS, &mut |record| read.push((0, record.offset.unwrap()))) {
            Ok(polled) => member.answer(polled),
            Err(TopicError::Transient { .. } | TopicError::Rebalanced { .. }) => (),
            Err(error) => panic!("{error}"),
        }
        assert!(begun.elapsed() < EVENTUALLY, "the records did not come: {:?}", member.read);
    }
}
