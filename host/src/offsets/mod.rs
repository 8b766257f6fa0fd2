//! Where source connectors stand, in a compacted topic: the newest record of a key is the position.
//!
//! A key is the JSON array `[connector, part of the source]`, a value the position in that part, both as the source spells
//! them. Kafka Connect keeps its offsets the same way.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::OnceCell;
use transom_core::connector::{ConnectorError, SourcePosition};
use transom_core::record::NewRecord;
use transom_core::topic::{EncodedRecord, TopicCreation, TopicWriter};
use transom_runtime::assembly::Positions;

/// The topic.
pub const TOPIC: &str = "_transom-offsets";

/// Reads a topic from its beginning to its end.
pub trait WholeTopic: Send + Sync {
    /// Gives all records to `each`, in the order of their partition. It waits: not for an async thread.
    ///
    /// # Errors
    /// [`ConnectorError`] if the topic cannot be read.
    fn read(&self, topic: &str, each: &mut dyn FnMut(&NewRecord<'_>))
    -> Result<(), ConnectorError>;
}

/// Keeps positions in [`TOPIC`].
pub struct TopicPositions {
    writer: Arc<dyn TopicWriter>,
    reader: Arc<dyn WholeTopic>,
    /// Set once the topic is known to be there.
    there: OnceCell<()>,
}

impl std::fmt::Debug for TopicPositions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TopicPositions").finish_non_exhaustive()
    }
}

/// A key of the topic.
#[derive(Deserialize)]
struct Key<'a>(String, #[serde(borrow)] &'a RawValue);

impl TopicPositions {
    /// Writes by one way and reads by the other; both lead to the same cluster.
    pub fn new(writer: Arc<dyn TopicWriter>, reader: Arc<dyn WholeTopic>) -> Self {
        Self { writer, reader, there: OnceCell::new() }
    }

    async fn ensure(&self) -> Result<(), ConnectorError> {
        let creation = || TopicCreation {
            // It is small and read whole: more partitions would only be more to ask.
            partitions: Some(1),
            replication_factor: None,
            config: BTreeMap::from([("cleanup.policy".to_owned(), "compact".to_owned())]),
        };
        self.there.get_or_try_init(|| self.writer.ensure(TOPIC, creation())).await.copied()
    }
}

#[async_trait::async_trait]
impl Positions for TopicPositions {
    async fn load(&self, connector: &str) -> Result<Vec<SourcePosition>, ConnectorError> {
        self.ensure().await?;
        let (reader, connector) = (Arc::clone(&self.reader), connector.to_owned());
        let read = tokio::task::spawn_blocking(move || read(&*reader, &connector)).await;
        read.map_err(|stopped| ConnectorError::transient("stopped", stopped.to_string()))?
    }

    async fn save(
        &self,
        connector: &str,
        positions: &[SourcePosition],
    ) -> Result<(), ConnectorError> {
        self.ensure().await?;
        let records = positions.iter().map(|position| record(connector, position)).collect();
        match self.writer.write(records).await?.refused.into_iter().next() {
            None => Ok(()),
            Some(refused) => Err(ConnectorError::fatal(
                refused.code,
                format!("a position of `{connector}` cannot be stored: {}", refused.message),
            )),
        }
    }
}

fn record(connector: &str, of: &SourcePosition) -> EncodedRecord {
    let value = Some(of.position.clone().into_bytes());
    EncodedRecord { value, ..forgotten(connector, of) }
}

/// What the topic is to hold so that a connector begins anew at a part of its source: a tombstone.
pub fn forgotten(connector: &str, of: &SourcePosition) -> EncodedRecord {
    let connector = serde_json::Value::from(connector);
    EncodedRecord {
        topic: TOPIC.to_owned(),
        key: Some(format!("[{connector},{}]", of.source_partition).into_bytes()),
        ..EncodedRecord::default()
    }
}

/// All positions of a connector, as the topic has them now. It waits: not for an async thread.
///
/// # Errors
/// [`ConnectorError`] if the topic is not there, or cannot be read.
pub fn read(
    reader: &dyn WholeTopic,
    connector: &str,
) -> Result<Vec<SourcePosition>, ConnectorError> {
    let mut newest = BTreeMap::new();
    reader.read(TOPIC, &mut |record| {
        // A key that is not ours says nothing of any connector of ours.
        let key = record.key.and_then(|key| serde_json::from_slice::<Key<'_>>(key).ok());
        let Some(Key(_, part)) = key.filter(|Key(of, _)| of == connector) else { return };
        match record.value {
            Some(value) => {
                newest.insert(part.get().to_owned(), String::from_utf8_lossy(value).into_owned())
            }
            None => newest.remove(part.get()),
        };
    })?;
    let positions = newest.into_iter();
    Ok(positions
        .map(|(source_partition, position)| SourcePosition { source_partition, position })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use transom_core::topic::Written;

    /// A topic in memory.
    #[derive(Default)]
    struct Memory(Mutex<Vec<EncodedRecord>>);

    #[async_trait::async_trait]
    impl TopicWriter for Memory {
        async fn write(&self, records: Vec<EncodedRecord>) -> Result<Written, ConnectorError> {
            self.0.lock().unwrap().extend(records);
            Ok(Written::default())
        }

        async fn ensure(&self, topic: &str, creation: TopicCreation) -> Result<(), ConnectorError> {
            assert_eq!((topic, &*creation.config["cleanup.policy"]), (TOPIC, "compact"));
            Ok(())
        }
    }

    impl WholeTopic for Memory {
        fn read(
            &self,
            topic: &str,
            each: &mut dyn FnMut(&NewRecord<'_>),
        ) -> Result<(), ConnectorError> {
            for record in self.0.lock().unwrap().iter().filter(|record| record.topic == topic) {
                let (key, value) = (record.key.as_deref(), record.value.as_deref());
                each(&NewRecord { topic, key, value, ..NewRecord::default() });
            }
            Ok(())
        }
    }

    fn at(part: &str, position: &str) -> SourcePosition {
        SourcePosition { source_partition: part.to_owned(), position: position.to_owned() }
    }

    #[tokio::test]
    async fn the_newest_position_of_each_part_is_loaded() {
        let memory = Arc::new(Memory::default());
        let positions = TopicPositions::new(Arc::clone(&memory) as _, Arc::clone(&memory) as _);
        assert_eq!(positions.load("a").await.unwrap(), []);
        positions.save("a", &[at(r#"{"f":1}"#, "10"), at(r#"{"f":2}"#, "20")]).await.unwrap();
        positions.save("b\"", &[at(r#"{"f":1}"#, "30")]).await.unwrap();
        positions.save("a", &[at(r#"{"f":1}"#, "11")]).await.unwrap();
        for (key, value) in
            [(Some("no JSON"), None), (None, Some("1")), (Some(r#"["a",{"f":2}]"#), None)]
        {
            let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
            let (key, value) = (bytes(key), bytes(value));
            let record =
                EncodedRecord { topic: TOPIC.to_owned(), key, value, ..EncodedRecord::default() };
            memory.write(vec![record]).await.unwrap();
        }
        assert_eq!(positions.load("a").await.unwrap(), [at(r#"{"f":1}"#, "11")]);
        assert_eq!(positions.load("b\"").await.unwrap(), [at(r#"{"f":1}"#, "30")]);
    }
}
