//! Positions of sources, kept in Kafka.

use std::sync::Arc;

use transom::offsets::{TOPIC, TopicPositions, WholeTopic};
use transom::topics::Cluster;
use transom_core::config::Properties;
use transom_core::connector::{ConnectorError, SourcePosition};
use transom_core::record::NewRecord;
use transom_runtime::assembly::Positions;

use super::{kafka, runtime};

/// The way to read that the host puts in.
struct Whole(Cluster);

impl WholeTopic for Whole {
    fn read(
        &self,
        topic: &str,
        each: &mut dyn FnMut(&NewRecord<'_>),
    ) -> Result<(), ConnectorError> {
        Ok(self.0.scan(topic)?.read(each)?)
    }
}

#[test]
fn positions_outlive_whoever_saved_them() {
    let Some(kafka) = kafka("positions on Kafka") else { return };
    let (runtime, cluster) = (runtime(), kafka.cluster());
    let store = || {
        let writer = cluster.writer(&Properties::default()).unwrap();
        TopicPositions::new(writer, Arc::new(Whole(kafka.cluster())))
    };
    let position = |part: &str, position: &str| SourcePosition {
        source_partition: part.to_owned(),
        position: position.to_owned(),
    };
    let (one, two) = (position(r#"{"file":"a"}"#, "100"), position(r#"{"file":"b"}"#, "[1, 2]"));
    let saved = store();
    assert_eq!(runtime.block_on(saved.load("files")).unwrap(), []);
    let save =
        |positions: &[SourcePosition]| runtime.block_on(saved.save("files", positions)).unwrap();
    save(&[position(r#"{"file":"a"}"#, "50"), two.clone()]);
    save(std::slice::from_ref(&one));
    assert_eq!(runtime.block_on(store().load("files")).unwrap(), [one, two]);
    assert_eq!(runtime.block_on(store().load("others")).unwrap(), []);
    assert!(cluster.admin().unwrap().topics().unwrap().contains(&TOPIC.to_owned()));
}
