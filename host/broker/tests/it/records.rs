//! Producing and consuming: codecs, what a record can be, limits, timestamps.

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::support::{Clients, Node, SHORT, eventually, poll, read};

#[test]
fn records_of_every_codec_come_back_in_order() {
    let node = Node::start();
    let clients = node.clients();
    let codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
    for codec in codecs {
        clients.create(codec, 1);
        let set =
            [("compression.type", codec), ("linger.ms", "20"), ("enable.idempotence", "true")];
        let deliveries = clients.send(codec, 0, 500, &set);
        let offsets: Vec<i64> = deliveries.iter().map(|delivery| delivery.offset).collect();
        assert_eq!(offsets, (0..500).collect::<Vec<i64>>());
        check_all(&clients, codec, "before");
    }
    let mut node = node;
    node.restart();
    for codec in codecs {
        check_all(&node.clients(), codec, "after");
    }
}

fn check_all(clients: &Clients<'_>, topic: &str, group: &str) {
    let consumer = clients.member(&format!("{group}-{topic}"), topic, &[]);
    for (at, message) in read(&consumer, 500).into_iter().enumerate() {
        assert_eq!(message.payload().unwrap(), at.to_string().as_bytes(), "{topic}");
        assert_eq!(message.offset(), i64::try_from(at).unwrap());
    }
    assert_eq!(consumer.fetch_watermarks(topic, 0, SHORT * 100).unwrap(), (0, 500));
}

#[test]
fn keys_values_headers_and_timestamps_come_back_as_they_were() {
    let node = Node::start();
    let clients = node.clients();
    let producer: FutureProducer = clients.config(&[]).create().unwrap();
    let headers = OwnedHeaders::new()
        .insert(Header { key: "a", value: Some("1") })
        .insert(Header { key: "a", value: Some("") })
        .insert(Header { key: "none", value: None::<&str> });
    // The topic is made by asking for it.
    let full = FutureRecord::to("rich")
        .key("K")
        .payload("V")
        .headers(headers)
        .timestamp(1_700_000_000_123);
    let tombstone = FutureRecord::<str, str>::to("rich").key("gone");
    let empty = FutureRecord::<str, str>::to("rich").key("").payload("");
    node.runtime.block_on(async {
        for record in [full, tombstone, empty] {
            producer.send(record, SHORT * 100).await.map_err(|(error, _)| error).unwrap();
        }
    });
    let messages = read(&clients.member("g", "rich", &[]), 3);
    let pairs: Vec<_> = messages.iter().map(|it| (it.key(), it.payload())).collect();
    let of = |text: &'static str| Some(text.as_bytes());
    assert_eq!(pairs, [(of("K"), of("V")), (of("gone"), None), (of(""), of(""))]);
    assert_eq!(messages[0].timestamp().to_millis(), Some(1_700_000_000_123));
    let headers: Vec<_> =
        messages[0].headers().unwrap().iter().map(|it| (it.key, it.value)).collect();
    assert_eq!(headers, [("a", of("1")), ("a", of("")), ("none", None)]);
}

#[test]
fn a_waiting_fetch_is_woken_by_an_append() {
    let node = Node::start();
    let clients = node.clients();
    clients.create("t", 1);
    // Without being woken it would wait longer than the test does.
    let consumer =
        clients.consumer("g", &[("fetch.wait.max.ms", "300000"), ("socket.timeout.ms", "300000")]);
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset("t", 0, Offset::Beginning).unwrap();
    consumer.assign(&assignment).unwrap();
    for _ in 0..3 {
        assert!(poll(&consumer).is_none());
        clients.send("t", 0, 1, &[]);
        assert_eq!(read(&consumer, 1).len(), 1);
    }
}

#[test]
fn offsets_are_found_by_timestamp_inside_of_compressed_batches_too() {
    let node = Node::start();
    let clients = node.clients();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        clients.create(codec, 1);
        let config = clients.config(&[("compression.type", codec), ("linger.ms", "50")]);
        let producer: FutureProducer = config.create().unwrap();
        let sent: Vec<_> = (0..100_i64)
            .map(|at| {
                let record =
                    FutureRecord::<str, str>::to(codec).payload("same").timestamp(1_000 + at * 10);
                producer.send_result(record).map_err(|(error, _)| error).unwrap()
            })
            .collect();
        node.runtime.block_on(async {
            for sent in sent {
                sent.await.unwrap().map_err(|(error, _)| error).unwrap();
            }
        });
        let consumer = clients.consumer("g", &[]);
        for (timestamp, expected) in [
            (0, Offset::Offset(0)),
            (1_495, Offset::Offset(50)),
            (1_990, Offset::Offset(99)),
            (2_000, Offset::End),
        ] {
            let mut wanted = TopicPartitionList::new();
            wanted.add_partition_offset(codec, 0, Offset::Offset(timestamp)).unwrap();
            let found = consumer.offsets_for_times(wanted, SHORT * 100).unwrap();
            assert_eq!(found.elements()[0].offset(), expected, "{codec}: from {timestamp}");
        }
    }
}

#[test]
fn a_record_that_is_too_large_is_refused_by_name() {
    let node = Node::start();
    let clients = node.clients();
    clients.create_with("small", 1, &[("max.message.bytes", "1000")]);
    let producer: FutureProducer = clients.config(&[]).create().unwrap();
    let large = "x".repeat(2_000);
    let record = FutureRecord::<str, str>::to("small").payload(&large);
    let (error, _) = node.runtime.block_on(producer.send(record, SHORT)).unwrap_err();
    let expected = RDKafkaErrorCode::MessageSizeTooLarge;
    assert!(matches!(error, KafkaError::MessageProduction(code) if code == expected), "{error}");
    clients.send("small", 0, 1, &[]);
}

#[test]
fn transactions_are_refused_at_once_and_for_good() {
    use rdkafka::producer::{BaseProducer, Producer as _};
    let node = Node::start();
    let producer: BaseProducer =
        node.clients().config(&[("transactional.id", "t")]).create().unwrap();
    let error = producer.init_transactions(SHORT * 300).unwrap_err();
    let KafkaError::Transaction(error) = error else { panic!("{error}") };
    assert_eq!(error.code(), RDKafkaErrorCode::TransactionalIdAuthorizationFailed);
    assert!(error.is_fatal());
}

#[test]
fn reading_behind_the_end_starts_over_where_the_client_says() {
    let node = Node::start();
    let clients = node.clients();
    clients.create("t", 1);
    clients.send("t", 0, 10, &[]);
    let consumer = clients.consumer("g", &[]);
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset("t", 0, Offset::Offset(500)).unwrap();
    consumer.assign(&assignment).unwrap();
    let first = eventually("a record", || poll(&consumer));
    assert_eq!(first.offset(), 0);
}
