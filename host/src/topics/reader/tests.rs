//! What a real broker does not do on demand, on librdkafka's mock of one.

use super::super::properties;
use super::*;
use rdkafka::mocking::{MockCluster, MockCoordinator};
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use transom_core::config::Properties;

const TOPIC: &str = "t";

const LIMITS: PollLimits =
    PollLimits { records: 100, bytes: 1 << 20, wait: Duration::from_millis(50) };

fn of(partition: i32) -> TopicPartition {
    TopicPartition { topic: TOPIC.into(), partition }
}

/// A cluster that has a topic of three partitions with a record each.
fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic(TOPIC, 3, 1).unwrap();
    mock.coordinator(MockCoordinator::Group("g".to_owned()), 1).unwrap();
    produce(&mock);
    mock
}

/// Writes a record to each partition.
fn produce(mock: &MockCluster<'_, DefaultProducerContext>) {
    let mut config = ClientConfig::new();
    let producer: BaseProducer =
        config.set("bootstrap.servers", mock.bootstrap_servers()).create().unwrap();
    for partition in 0..3 {
        let record: BaseRecord<'_, str, str> = BaseRecord::to(TOPIC).partition(partition);
        producer.send(record.payload("x")).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

fn reader(mock: &MockCluster<'_, DefaultProducerContext>, strategy: &str) -> Reader {
    let properties = [
        ("bootstrap.servers", mock.bootstrap_servers()),
        ("partition.assignment.strategy", strategy.to_owned()),
    ];
    let properties = properties.map(|(name, value)| (name.to_owned(), value));
    let config = properties::member(&Properties::from_iter(properties), "g", 0, 1 << 20);
    Reader::of_topics(&config, &[TOPIC.to_owned()]).unwrap()
}

/// Polls until the group gives partitions.
fn assigned(reader: &mut Reader) -> Vec<TopicPartition> {
    loop {
        if let Polled::Assigned(partitions) = reader.poll(LIMITS, &mut |_| ()).unwrap() {
            return partitions;
        }
    }
}

/// The partitions of so many records.
fn read(reader: &mut Reader, records: usize) -> Vec<i32> {
    let mut read = Vec::new();
    while read.len() < records {
        reader.poll(LIMITS, &mut |record| read.push(record.partition.unwrap())).unwrap();
    }
    read.sort_unstable();
    read
}

#[test]
fn who_has_no_leader_is_told_and_holds_nobody_up() {
    let mock = cluster();
    let mut reader = reader(&mock, "cooperative-sticky");
    let mut given = assigned(&mut reader);
    given.sort();
    assert_eq!(given, [of(0), of(1), of(2)]);
    mock.partition_leader(TOPIC, 1, None).unwrap();
    let log = Some(Watermarks { earliest: 0, latest: 1 });
    assert_eq!(reader.watermarks(&given).unwrap(), [log, None, log]);
    // Two begin to be read, and all are taken back: the third is unknown to librdkafka.
    reader.assign(&[(of(0), StartAt::Offset(0)), (of(2), StartAt::Offset(0))]).unwrap();
    assert_eq!(read(&mut reader, 2), [0, 2]);
    reader.release(&given).unwrap();
    assert_eq!(reader.positions(), Offsets::new());
}

#[test]
fn an_eager_group_s_partitions_begin_together() {
    let mock = cluster();
    let mut reader = reader(&mock, "range");
    assert_eq!(assigned(&mut reader).len(), 3);
    let starts = [0, 1, 2].map(|partition| (of(partition), StartAt::Offset(0)));
    reader.assign(&starts[..1]).unwrap();
    assert_eq!(reader.unanswered, None);
    assert_eq!(reader.poll(LIMITS, &mut |_| ()).unwrap(), Polled::Idle);
    reader.assign(&starts[1..]).unwrap();
    assert_eq!(read(&mut reader, 3), [0, 1, 2]);
    produce(&mock);
    assert_eq!(read(&mut reader, 3), [0, 1, 2]);
    let positions = [0, 1, 2].map(|partition| (of(partition), 2));
    assert_eq!(reader.positions(), Offsets::from(positions));
}

#[test]
fn the_group_is_answered_once_although_nothing_can_be_read_yet() {
    let mock = cluster();
    let mut reader = reader(&mock, "cooperative-sticky");
    let given = assigned(&mut reader);
    reader.assign(&[]).unwrap();
    assert_eq!(reader.unanswered, None);
    reader.assign(&[]).unwrap();
    let from: Vec<_> = given.into_iter().map(|one| (one, StartAt::Earliest)).collect();
    reader.assign(&from).unwrap();
    assert_eq!(read(&mut reader, 3), [0, 1, 2]);
}

#[test]
fn only_what_the_group_has_stored_is_acknowledged() {
    let mock = cluster();
    let mut reader = reader(&mock, "cooperative-sticky");
    let given = assigned(&mut reader);
    let identity = TopicIdentity { cluster: "c".to_owned(), topic: String::new() };
    reader.identities.insert(TOPIC.to_owned(), identity);
    let from: Vec<_> = given.into_iter().map(|one| (one, StartAt::Earliest)).collect();
    reader.assign(&from).unwrap();
    assert_eq!(read(&mut reader, 3), [0, 1, 2]);
    mock.request_errors(
        RDKafkaApiKey::OffsetCommit,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE],
    );
    reader.commit(&Offsets::from([(of(0), 1)]), CommitMode::Async).unwrap();
    reader.commit(&Offsets::from([(of(1), 1)]), CommitMode::Async).unwrap();
    let mut told = Offsets::new();
    let mut failed = 0;
    while told.is_empty() || failed == 0 {
        if let Err(error) = reader.poll(LIMITS, &mut |_| ()) {
            assert!(error.to_string().contains("committing offsets"), "{error}");
            failed += 1;
        }
        told.extend(reader.acknowledged());
    }
    assert_eq!(failed, 1);
    assert_eq!(told, Offsets::from([(of(1), 1)]));
    assert_eq!(reader.acknowledged(), Offsets::new());
}
