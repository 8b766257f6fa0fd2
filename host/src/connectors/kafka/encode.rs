//! A record of a batch as it is written to a topic.

use std::fmt;
use transom_core::{
    batch::Batch,
    convert::{ConvertError, Converter, Converters},
    record::RecordId,
    topic::{EncodedRecord, Template},
};

/// Names and values, in order.
type Headers = Vec<(String, Option<Vec<u8>>)>;

/// Turns records back into bytes.
pub(super) struct Encoder {
    pub(super) topic: Template,
    pub(super) keep_partition: bool,
    pub(super) converters: Converters,
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("topic", &self.topic)
            .field("keep_partition", &self.keep_partition)
            .finish_non_exhaustive()
    }
}

impl Encoder {
    /// The record: bytes as they were read where no transform touched them (invariant 5), what the converters make of
    /// the rest.
    ///
    /// # Errors
    /// [`ConvertError`] if the record has no topic that it could go to, or a converter does not take it.
    pub(super) fn encode(
        &mut self,
        batch: &Batch,
        record: RecordId,
    ) -> Result<EncodedRecord, ConvertError> {
        let topic = self.topic.name(batch.topic(record))?;
        let partition = if self.keep_partition { batch.partition(record) } else { None };
        let original = batch.original(batch.input(record));
        let Converters { key, value, .. } = &mut self.converters;
        let key = if batch.is_key_untouched(record) {
            original.key.map(<[u8]>::to_vec)
        } else if batch.has_no_key(record) {
            None
        } else {
            Some(written("key", &mut **key, &topic, |json| batch.write_key(record, json))?)
        };
        let value = if batch.is_value_untouched(record) {
            original.value.map(<[u8]>::to_vec)
        } else if batch.is_tombstone(record) {
            None
        } else {
            Some(written("value", &mut **value, &topic, |json| batch.write_value(record, json))?)
        };
        let headers = self.headers(batch, record, &topic)?;
        let timestamp = batch.timestamp(record);
        Ok(EncodedRecord { topic, partition, timestamp, key, value, headers })
    }

    fn headers(
        &mut self,
        batch: &Batch,
        record: RecordId,
        topic: &str,
    ) -> Result<Headers, ConvertError> {
        if batch.are_headers_untouched(record) {
            let originals = batch.original_headers(batch.input(record));
            return Ok(originals
                .map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec)))
                .collect());
        }
        let mut headers = Vec::new();
        for (name, value) in batch.headers(record) {
            let encoded = match value {
                Some(json) => {
                    let what = format!("header `{name}`");
                    let converter = &mut *self.converters.header;
                    Some(written(&what, converter, topic, |out| out.extend_from_slice(json))?)
                }
                None => None,
            };
            headers.push((name.to_owned(), encoded));
        }
        Ok(headers)
    }
}

/// What a converter makes of a JSON text.
fn written(
    what: &str,
    converter: &mut dyn Converter,
    topic: &str,
    json: impl FnOnce(&mut Vec<u8>),
) -> Result<Vec<u8>, ConvertError> {
    let (mut text, mut payload) = (Vec::new(), Vec::new());
    json(&mut text);
    converter.encode(topic, &text, &mut payload).map_err(|ConvertError { code, message }| {
        ConvertError { code, message: format!("{what}: {message}") }
    })?;
    Ok(payload)
}
