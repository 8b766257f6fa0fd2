//! Survivors of the chain as records of topics.

use super::records::Polled;
use crate::dead_letters::{Cause, Place};
use transom_core::{
    batch::Batch,
    convert::{ConvertError, Converters},
    record::{RecordId, Step},
    topic::EncodedRecord,
};

/// Records as they are written, each with the survivor that it was made of.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    pub(super) records: Vec<EncodedRecord>,
    pub(super) survivors: Vec<RecordId>,
}

/// Encodes the survivors whose input is below `bound` and not among `failed` (sorted), and adds those that no converter
/// writes to `failed`: one child that fails takes its siblings with it (invariant 11).
pub(super) fn encode(
    polled: &Polled,
    converters: &mut Converters,
    bound: usize,
    failed: &mut Vec<Cause>,
) -> Encoded {
    let batch = &polled.batch;
    let mut encoded = Encoded::default();
    let mut last_failed = None;
    for survivor in batch.survivors() {
        let input = batch.input(*survivor);
        if input >= bound || last_failed == Some(input) {
            continue;
        }
        match one(batch, *survivor, polled.converter_topic(input), converters) {
            Ok(record) => {
                encoded.records.push(record);
                encoded.survivors.push(*survivor);
            }
            Err((step, error)) => {
                last_failed = Some(input);
                encoded.cut(batch, input);
                let (place, code) = (Place::Step(step), error.code.to_owned());
                let (message, whence) = (error.message, Some(polled.whence(input)));
                failed.push(Cause { input, place, code, message, child: None, whence });
            }
        }
    }
    failed.sort_by_key(|cause| cause.input);
    encoded
}

fn one(
    batch: &Batch,
    record: RecordId,
    converter_topic: Option<&str>,
    converters: &mut Converters,
) -> Result<EncodedRecord, (Step, ConvertError)> {
    let topic = batch.topic(record);
    let mut json = Vec::new();
    let mut key = None;
    if !batch.has_no_key(record) {
        batch.write_key(record, &mut json);
        let out = key.insert(Vec::new());
        converters.key.encode(topic, &json, out).map_err(|error| (Step::KeyConverter, error))?;
    }
    let mut value = None;
    if !batch.is_tombstone(record) {
        json.clear();
        batch.write_value(record, &mut json);
        let out = value.insert(Vec::new());
        converters
            .value
            .encode(converter_topic.unwrap_or(topic), &json, out)
            .map_err(|error| (Step::ValueConverter, error))?;
    }
    let mut headers = Vec::new();
    for (name, text) in batch.headers(record) {
        let mut out = None;
        if let Some(text) = text {
            let out = out.insert(Vec::new());
            let result = converters.header.encode(topic, text, out);
            result.map_err(|error| (Step::HeaderConverter, error))?;
        }
        headers.push((name.to_owned(), out));
    }
    Ok(EncodedRecord {
        topic: topic.to_owned(),
        partition: batch.partition(record),
        timestamp: batch.timestamp(record),
        key,
        value,
        headers,
    })
}

impl Encoded {
    /// Leaves out everything from an input on.
    pub(super) fn cut(&mut self, batch: &Batch, bound: usize) {
        let keep = self.survivors.partition_point(|survivor| batch.input(*survivor) < bound);
        self.survivors.truncate(keep);
        self.records.truncate(keep);
    }
}
