//! A whole record as one JSON object: the slot `@record`, and what a module returns in its shape.
//!
//! `{"topic": …, "partition": …, "offset": …, "timestamp": …, "key": …, "value": …, "headers": [{"key": …, "value": …}]}`;
//! what a record does not have is absent, an absent `value` is a tombstone.

use crate::{
    batch::{Batch, narrow},
    call::{Fault, Reason},
    document::{At, Hint, Root},
    json::{self, JsonError, Member, Problem, Span},
    metadata,
    path::Path,
    record::{Header, Headers, NewRecord, Payload, Record, RecordId, Source},
};
use smt_abi::code;
use std::io::Write;

/// The offset that a record names.
fn offset(batch: &mut Batch, text: Span) -> Result<Option<i64>, Fault> {
    let path = Path::parse("offset").expect("a plain name is a path");
    let at = At { path: &path, hint: &mut Hint::default() };
    let Some(text) = batch.documents.read(&mut Root::text(text, 0), at) else { return Ok(None) };
    metadata::offset(batch.documents.arena.get(text))
}

/// The text of a whole record, in the arena.
pub(crate) fn record(batch: &mut Batch, id: RecordId) -> Span {
    let mut out = std::mem::take(&mut batch.text);
    out.clear();
    batch.write_record(id, &mut out);
    let text = batch.documents.arena.push(&out);
    batch.text = out;
    text
}

/// The text of a record's headers, in the arena.
pub(crate) fn headers(batch: &mut Batch, id: RecordId) -> Span {
    let mut out = std::mem::take(&mut batch.text);
    out.clear();
    write_headers(batch, id, &mut out);
    let text = batch.documents.arena.push(&out);
    batch.text = out;
    text
}

impl Batch {
    /// Adds a record that is written in the shape of `@record`; `topic` is for one that names none. A text that is
    /// not of that shape has failed from the start.
    pub fn push_record(&mut self, text: &[u8], topic: &str) -> RecordId {
        let id = self.push(&NewRecord { topic, ..NewRecord::default() });
        let text = self.documents.arena.push(text);
        let read = read(self, id, text).and_then(|new| Ok((new, offset(self, text)?)));
        match read {
            Ok((new, offset)) => {
                let (key, value) = (new.key.source(), new.value.source());
                let source =
                    Source { topic: new.topic, partition: new.partition, offset, key, value };
                self.records[id.index()] = Record { source, ..new };
                let (timestamp, headers) = (new.timestamp, new.headers);
                self.payloads[id.index()] =
                    Payload { timestamp, key, value, headers, converted: headers };
            }
            // The codes of a guest's faults, but here no guest is at fault.
            Err(fault) => {
                let Reason { code, message } = fault.into_reason();
                let code = if code == code::BAD_JSON {
                    "json"
                } else {
                    code.trim_start_matches(code::PREFIX)
                };
                self.refuse(id, code, message);
            }
        }
        id
    }

    /// Appends a whole record in the shape of `@record`.
    pub fn write_record(&self, id: RecordId, out: &mut Vec<u8>) {
        let record = &self.records[id.index()];
        out.extend_from_slice(b"{\"topic\":");
        json::escape(self.name(record.topic), out);
        let numbers = [
            ("partition", record.partition.map(i64::from)),
            ("offset", record.source.offset),
            ("timestamp", record.timestamp),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                write!(out, ",\"{name}\":{number}").expect("a vector takes what is written to it");
            }
        }
        for (name, root) in [("key", &record.key), ("value", &record.value)] {
            if !root.is_absent() {
                write!(out, ",\"{name}\":").expect("a vector takes what is written to it");
                self.documents.write(root, out);
            }
        }
        if record.headers.count > 0 {
            out.extend_from_slice(b",\"headers\":");
            write_headers(self, id, out);
        }
        out.push(b'}');
    }
}

/// Appends headers as an array of `{"key": …, "value": …}`, all of them.
pub(crate) fn write_headers(batch: &Batch, id: RecordId, out: &mut Vec<u8>) {
    out.push(b'[');
    for (number, (name, value)) in batch.headers(id).enumerate() {
        out.extend_from_slice(if number == 0 { b"{\"key\":" } else { b",{\"key\":" });
        json::escape(name, out);
        if let Some(value) = value {
            out.extend_from_slice(b",\"value\":");
            out.extend_from_slice(value);
        }
        out.push(b'}');
    }
    out.push(b']');
}

/// Reads a record that a module returned in the place of `id`: its source, and its topic if it names none, are those
/// of the record it replaces.
pub(crate) fn read(batch: &mut Batch, id: RecordId, text: Span) -> Result<Record, Fault> {
    let depth = batch.documents.validate(text).map_err(not_json)?.depth();
    let old = batch.records[id.index()];
    let mut new = Record {
        partition: None,
        timestamp: None,
        key: Root::default(),
        value: Root::default(),
        headers: Headers::default(),
        ..old
    };
    let mut seen = Vec::new();
    for Member { key, value, .. } in object(batch, text, "a record")? {
        let name = name(batch, key, &mut seen)?;
        let inner = Root::text(value, narrow(depth.saturating_sub(1)));
        let text = batch.documents.arena.get(value);
        match name.as_str() {
            "topic" => {
                new.topic = {
                    let topic = metadata::topic(text)?;
                    batch.topic_span(&topic)
                }
            }
            "partition" => new.partition = metadata::partition(text)?,
            "timestamp" => new.timestamp = metadata::timestamp(text)?,
            "offset" => {}
            "key" => new.key = inner,
            "value" => new.value = inner,
            "headers" => new.headers = read_headers(batch, value)?,
            other => {
                return Err(Fault::new(
                    code::BAD_RECORD,
                    format!("a record has no member `{other}`"),
                ));
            }
        }
    }
    Ok(new)
}

/// Keeps the old parts of a record that a module gave back as they were: the bytes that were read stand behind them
/// (invariant 5). For a record that takes the place of the old one; children of a split one share no document.
pub(crate) fn keep_same(batch: &Batch, old: &Record, new: &mut Record) {
    let (mut then, mut now) = (Vec::new(), Vec::new());
    let mut is_same = |old: &Root, new: &Root| {
        then.clear();
        now.clear();
        batch.documents.write(old, &mut then);
        batch.documents.write(new, &mut now);
        old.is_absent() == new.is_absent() && then == now
    };
    if is_same(&old.key, &new.key) {
        new.key = old.key;
    }
    if is_same(&old.value, &new.value) {
        new.value = old.value;
    }
    if batch.named(old.headers).eq(batch.named(new.headers)) {
        new.headers = old.headers;
    }
}

fn read_headers(batch: &mut Batch, text: Span) -> Result<Headers, Fault> {
    let first = narrow(batch.headers.len());
    if !matches!(batch.documents.arena.get(text).first(), Some(b'[')) {
        return Err(Fault::new(code::BAD_RECORD, "the headers of a record are not an array"));
    }
    let elements = list(batch, text);
    for Member { value: element, .. } in elements {
        let (mut header, mut seen) = (Header { name: Span::default(), value: None }, Vec::new());
        let mut named = false;
        for Member { key, value, .. } in object(batch, element, "a header")? {
            match name(batch, key, &mut seen)?.as_str() {
                "key" => {
                    header.name = header_name(batch, value)?;
                    named = true;
                }
                "value" => header.value = Some(value),
                other => {
                    return Err(Fault::new(
                        code::BAD_RECORD,
                        format!("a header has no member `{other}`"),
                    ));
                }
            }
        }
        if !named {
            return Err(Fault::new(code::BAD_RECORD, "a header has no `key`"));
        }
        batch.headers.push(header);
    }
    Ok(Headers { first, count: narrow(batch.headers.len()) - first })
}

fn header_name(batch: &mut Batch, text: Span) -> Result<Span, Fault> {
    let spelt = batch.documents.arena.get(text);
    let mut name = Vec::new();
    let inner = spelt.strip_prefix(b"\"").and_then(|spelt| spelt.strip_suffix(b"\""));
    if !inner.is_some_and(|inner| json::unescape(inner, &mut name)) {
        return Err(Fault::new(code::BAD_METADATA, "the `key` of a header is not a string"));
    }
    Ok(batch.documents.arena.push(&name))
}

/// The members of a validated object.
fn object(batch: &mut Batch, text: Span, what: &str) -> Result<Vec<Member>, Fault> {
    let text = batch.documents.trim(text);
    if batch.documents.arena.get(text).first() != Some(&b'{') {
        return Err(Fault::new(code::BAD_RECORD, format!("{what} is not an object")));
    }
    Ok(list(batch, text))
}

fn list(batch: &mut Batch, text: Span) -> Vec<Member> {
    let mut members = Vec::new();
    json::members(batch.documents.arena.padded(), text, |member| members.push(member));
    members
}

/// The meaning of a member's name, which must not have been seen in the same object.
fn name(batch: &Batch, key: Span, seen: &mut Vec<String>) -> Result<String, Fault> {
    let mut name = Vec::new();
    let read = json::unescape(batch.documents.arena.get(key), &mut name);
    let name = String::from_utf8(name).ok().filter(|_| read);
    let Some(name) = name else {
        return Err(Fault::new(code::BAD_RECORD, "the name of a member is not text"));
    };
    if seen.contains(&name) {
        return Err(Fault::new(code::BAD_RECORD, format!("the member `{name}` is there twice")));
    }
    seen.push(name.clone());
    Ok(name)
}

/// The fault of output that is no JSON document.
pub(crate) fn not_json(error: JsonError) -> Fault {
    let code = if error.problem == Problem::TooDeep { code::NESTING_LIMIT } else { code::BAD_JSON };
    Fault::new(code, error.to_string())
}
