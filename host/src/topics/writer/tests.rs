//! What a real broker does not do on demand, on librdkafka's mock of one.

use super::super::properties;
use super::*;
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use transom_core::config::Properties;
use transom_core::topic::Refused;

fn records() -> Vec<EncodedRecord> {
    vec![EncodedRecord { topic: "t".to_owned(), ..EncodedRecord::default() }]
}

#[tokio::test]
async fn a_producer_that_failed_for_good_is_made_anew() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("t", 1, 1).unwrap();
    let servers = ("bootstrap.servers".to_owned(), mock.bootstrap_servers());
    let writer = Writer::new(properties::producer(&Properties::from_iter([servers]))).unwrap();
    let written = writer.write(records()).await.unwrap();
    assert_eq!(written, Written { refused: vec![], places: vec![Some((0, 0))] });
    let old = writer.producer().unwrap();
    // The broker has another idea of what came before: librdkafka cannot know any more what is written.
    let lost = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER];
    mock.request_errors(RDKafkaApiKey::Produce, &lost);
    let failed = writer.write(records()).await.unwrap_err();
    assert_eq!(
        (failed.code.as_str(), failed.is_transient()),
        ("OUT_OF_ORDER_SEQUENCE_NUMBER", true)
    );
    assert!(old.client().fatal_error().is_some());

    // While the outcome of a call is not known, nothing is sent that might land before it.
    let uncertain = old.context().begin(1);
    let refused = writer.write(records()).await.unwrap_err();
    assert!(refused.is_transient() && refused.message.contains("waits for"), "{refused}");
    drop(uncertain);
    assert_eq!(writer.write(records()).await.unwrap().refused, []);
    assert!(!Arc::ptr_eq(&old, &writer.producer().unwrap()));
}

#[tokio::test]
async fn what_a_topic_took_behind_what_it_did_not_is_written_again_behind_it() {
    let mock = MockCluster::new(1).unwrap();
    for topic in ["t", "u"] {
        mock.create_topic(topic, 1, 1).unwrap();
    }
    let servers = ("bootstrap.servers".to_owned(), mock.bootstrap_servers());
    // A request for each record, one after the other.
    let single = ["batch.num.messages", "max.in.flight.requests.per.connection"]
        .map(|name| (name.to_owned(), "1".to_owned()));
    let all = [servers].into_iter().chain(single);
    let writer = Writer::new(properties::producer(&all.collect())).unwrap();
    let of = |topic: &str| EncodedRecord { topic: topic.to_owned(), ..EncodedRecord::default() };
    writer.write(vec![of("t"), of("u")]).await.unwrap();
    mock.request_errors(
        RDKafkaApiKey::Produce,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED],
    );
    let written = writer.write(vec![of("t"), of("t"), of("t")]).await.unwrap();
    assert_eq!(written.refused, []);
    let offsets: Vec<i64> = written.places.iter().map(|place| place.unwrap().1).collect();
    assert!(offsets.is_sorted(), "{offsets:?}");
    // Another topic is none of it.
    assert_eq!(writer.write(vec![of("u")]).await.unwrap().places, [Some((0, 1))]);
}

#[test]
fn a_topic_that_took_all_is_left_alone() {
    let topics = ["t", "u", "t", "u", "t", "v"];
    let of =
        |topic: &&str| EncodedRecord { topic: (*topic).to_owned(), ..EncodedRecord::default() };
    let records: Vec<_> = topics.iter().map(of).collect();
    let refused = Refused { index: 4, code: String::new(), message: String::new() };
    let written = Written { refused: vec![refused], places: Vec::new() };
    let stuck = [(2, Code::UnknownTopic), (3, Code::UnknownTopic)];
    assert_eq!(come_again(&records, &stuck, &written).collect::<Vec<_>>(), [2, 3]);
    let stuck = [(0, Code::UnknownTopic)];
    assert_eq!(come_again(&records, &stuck, &written).collect::<Vec<_>>(), [0, 2]);
}
