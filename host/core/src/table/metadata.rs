//! What is known of a record beside its value.

use crate::{batch::Batch, json, record::RecordId};
use std::{collections::HashMap, io::Write};

/// Up to this many headers are compared with each other; more are counted, so that no choice of headers is slow.
const FEW_HEADERS: usize = 32;

/// Appends what users of Snowflake's connector know as `RECORD_METADATA`: a JSON object with `CreateTime` (milliseconds
/// since 1970), `topic`, `partition`, `offset`, `key` and `headers`; what a record does not have is absent.
///
/// Topic, partition and offset are those that it was read from (invariant 11). Of headers with one name the last is
/// there, because an object has a name once; a column of `metadata: headers` has them all.
pub(super) fn write_envelope(batch: &Batch, record: RecordId, out: &mut Vec<u8>) {
    let origin = batch.origin(record);
    out.push(b'{');
    if let Some(timestamp) = batch.timestamp(record) {
        write!(out, "\"CreateTime\":{timestamp},").expect("a vector takes what is written to it");
    }
    out.extend_from_slice(b"\"topic\":");
    json::escape(origin.topic, out);
    for (name, number) in
        [("partition", origin.partition.map(i64::from)), ("offset", origin.offset)]
    {
        if let Some(number) = number {
            write!(out, ",\"{name}\":{number}").expect("a vector takes what is written to it");
        }
    }
    if !batch.has_no_key(record) {
        out.extend_from_slice(b",\"key\":");
        batch.write_key(record, out);
    }
    write_headers(batch, record, out);
    out.push(b'}');
}

fn write_headers(batch: &Batch, record: RecordId, out: &mut Vec<u8>) {
    let count = batch.headers(record).count();
    let mut last = HashMap::new();
    if count > FEW_HEADERS {
        last.extend(batch.headers(record).enumerate().map(|(at, (name, _))| (name, at)));
    }
    let is_last = |at: usize, name: &str| match last.get(name) {
        Some(last) => *last == at,
        None => !batch.headers(record).skip(at + 1).any(|(other, _)| other == name),
    };
    let mut written = 0;
    for (at, (name, value)) in batch.headers(record).enumerate() {
        if is_last(at, name) {
            out.extend_from_slice(if written == 0 { b",\"headers\":{" } else { b"," });
            json::escape(name, out);
            out.push(b':');
            out.extend_from_slice(value.unwrap_or(b"null"));
            written += 1;
        }
    }
    if written > 0 {
        out.push(b'}');
    }
}
