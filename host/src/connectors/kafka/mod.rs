//! The sink `kafka`: records to topics, of the same cluster or another.

mod encode;
mod template;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use encode::Encoder;
use std::{fmt, sync::Arc};
use template::Template;
use transom_core::{
    config::KafkaSink as Settings,
    connector::{ConnectorError, Delivery, Put, Rejection, Sink},
    convert::Converters,
    topic::TopicWriter,
};

/// Writes records to topics, at least once. All records of a put are handed over together, in order; what the writer
/// answers for is durable, so there is nothing left to flush.
pub struct KafkaSink {
    encoder: Encoder,
    writer: Arc<dyn TopicWriter>,
}

impl KafkaSink {
    /// A sink onto the cluster of `writer`. `converters` are for what a transform changed.
    ///
    /// # Errors
    /// [`ConnectorError`] if `topic` of the settings can name no topic.
    pub fn new(
        settings: &Settings,
        writer: Arc<dyn TopicWriter>,
        converters: Converters,
    ) -> Result<Self, ConnectorError> {
        let topic = Template::parse(&settings.topic)?;
        let encoder = Encoder { topic, keep_partition: settings.keep_partition, converters };
        Ok(Self { encoder, writer })
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
        if !encoded.is_empty() {
            // Order within a partition is the writer's to keep from here (invariant 2).
            for refused in self.writer.write(encoded).await?.refused {
                let index = places[refused.index];
                rejections.push(Rejection { index, code: refused.code, message: refused.message });
            }
        }
        rejections.sort_by_key(|rejection| rejection.index);
        Ok(rejections)
    }
}
