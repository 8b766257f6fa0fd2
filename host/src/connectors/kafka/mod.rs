//! The sink `kafka`: records to topics, of the same cluster or another.

mod encode;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use encode::Encoder;
use std::{collections::BTreeSet, fmt, sync::Arc};
use transom_core::{
    batch::Batch,
    config::KafkaSink as Settings,
    connector::{ConnectorError, Delivery, Put, Rejection, Sink},
    convert::Converters,
    record::RecordId,
    topic::{EncodedRecord, Template, TopicCreation, TopicWriter},
};

/// Writes records to topics, at least once. All records of a put are handed over together, in order; what the writer
/// answers for is durable, so there is nothing left to flush.
pub struct KafkaSink {
    encoder: Encoder,
    writer: Arc<dyn TopicWriter>,
    creation: TopicCreation,
    /// Topics that are known to be there.
    topics: BTreeSet<String>,
}

impl KafkaSink {
    /// A sink onto the cluster of `writer`. `converters` are for what a transform changed, `creation` is for topics that are
    /// not there.
    ///
    /// # Errors
    /// [`ConnectorError`] if `topic` of the settings can name no topic.
    pub fn new(
        settings: &Settings,
        writer: Arc<dyn TopicWriter>,
        converters: Converters,
        creation: TopicCreation,
    ) -> Result<Self, ConnectorError> {
        let topic = Template::parse(&settings.topic)?;
        let encoder = Encoder { topic, keep_partition: settings.keep_partition, converters };
        Ok(Self { encoder, writer, creation, topics: BTreeSet::new() })
    }
}

/// Kafka's client's name for a partition that a topic has not got.
const NO_PARTITION: &str = "_UNKNOWN_PARTITION";

impl KafkaSink {
    /// Sees to it that the topics are there that are written for the first time.
    async fn ensure(&mut self, encoded: &[EncodedRecord]) -> Result<(), ConnectorError> {
        for EncodedRecord { topic, .. } in encoded {
            if !self.topics.contains(topic) {
                self.writer.ensure(topic, self.creation.clone()).await?;
                self.topics.insert(topic.clone());
            }
        }
        Ok(())
    }

    /// True if a record is to go to the partition that it came from: no transform has named another.
    fn keeps(&self, batch: &Batch, record: RecordId) -> bool {
        self.encoder.keep_partition && batch.origin(record).partition == batch.partition(record)
    }

    /// A topic with fewer partitions than the one that is read is no fault of the records that it has no place for.
    fn no_partition(&self, batch: &Batch, record: RecordId) -> ConnectorError {
        let partition = batch.partition(record).unwrap_or_default();
        let topic = self.encoder.topic.name(batch.topic(record)).unwrap_or_default();
        let message = format!(
            "topic `{topic}` has no partition {partition}, which `keep.partition` asks for: give it more partitions"
        );
        ConnectorError::transient(NO_PARTITION, message)
    }
}

impl fmt::Debug for KafkaSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSink").field("encoder", &self.encoder).finish_non_exhaustive()
    }
}

#[async_trait]
impl Sink for KafkaSink {
    fn delivery(&self) -> Delivery {
        Delivery { stores_offsets: false, atomic: false }
    }

    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError> {
        let mut rejections = Vec::new();
        let mut encoded = Vec::with_capacity(put.records.len());
        // For each record that is written, its place in the put.
        let mut places = Vec::with_capacity(put.records.len());
        for (index, record) in put.records.iter().enumerate() {
            match self.encoder.encode(put.batch, *record) {
                Ok(record) => {
                    encoded.push(record);
                    places.push(index);
                }
                Err(refusal) => {
                    let (code, message) = (refusal.code.to_owned(), refusal.message);
                    rejections.push(Rejection { index, code, message });
                }
            }
        }
        self.ensure(&encoded).await?;
        if !encoded.is_empty() {
            // Order within a partition is the writer's to keep from here (invariant 2).
            for refused in self.writer.write(encoded).await?.refused {
                let index = places[refused.index];
                if refused.code == NO_PARTITION && self.keeps(put.batch, put.records[index]) {
                    return Err(self.no_partition(put.batch, put.records[index]));
                }
                rejections.push(Rejection { index, code: refused.code, message: refused.message });
            }
        }
        rejections.sort_by_key(|rejection| rejection.index);
        Ok(rejections)
    }

    fn destination(&self, batch: &Batch, record: RecordId) -> Option<String> {
        let topic = self.encoder.topic.name(batch.topic(record)).ok()?;
        Some(format!("topic `{topic}`"))
    }
}
