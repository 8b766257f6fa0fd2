//! What a real broker does not do on demand, on librdkafka's mock of one.

use super::super::properties;
use super::*;
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use transom_core::config::Properties;

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
