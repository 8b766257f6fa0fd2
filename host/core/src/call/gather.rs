//! Slots of records, as JSON texts, and the input of a call made of them.

use super::{Call, contract::Slot};
use crate::{
    batch::{Batch, narrow},
    document::{At, Hint},
    envelope,
    json::{self, Span},
    record::RecordId,
};
use smt_abi::ABSENT;

/// How much a call holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathered {
    /// Records in the call: the first of those that were offered.
    pub n: u32,
    /// Bytes that [`Call::write`] fills.
    pub len: usize,
}

/// The text of a slot, or that it is absent, in eight bytes: twelve are written in pieces and read as a whole, for
/// which a processor waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text(Span);

impl Text {
    const NONE: Self = Self(Span { start: u32::MAX, end: u32::MAX });

    #[inline]
    fn of(text: Option<Span>) -> Self {
        text.map_or(Self::NONE, Self)
    }

    #[inline]
    pub(super) fn get(self) -> Option<Span> {
        (self.0.start != u32::MAX).then_some(self.0)
    }
}

impl Call {
    /// Reads the slots of as many of `records` as one call may carry: at least one, if there are any. If the batch can
    /// hold no more, all of them fail, and there is no call to make: `n` is 0.
    #[inline]
    pub fn gather(&mut self, batch: &mut Batch, records: &[RecordId]) -> Gathered {
        self.records.clear();
        self.slots.clear();
        (self.topic, self.made) = (None, None);
        if self.hinted != Some(batch.identity) {
            self.hinted = Some(batch.identity);
            self.hints.fill(Hint::default());
        }
        let (mut len, slots) = (0, self.contract.slots);
        for record in records {
            let start = self.slots.len();
            if self.contract.mixed {
                // What reading a place removes must not be seen in the whole, wherever in the list that stands.
                for (slot, hint) in self.contract.declared[..slots].iter().zip(&mut self.hints) {
                    if slot.is_place() {
                        read(batch, *record, slot, hint);
                    }
                }
            }
            let mut bytes = 4 * slots;
            for (slot, hint) in self.contract.declared[..slots].iter().zip(&mut self.hints) {
                let text = match slot {
                    Slot::Topic => Text(topic(batch, *record, &mut self.topic)),
                    _ => read(batch, *record, slot, hint),
                };
                bytes += text.0.len();
                self.slots.push(text);
            }
            if len + bytes > self.limits.call_bytes && !self.records.is_empty() {
                self.slots.truncate(start);
                break;
            }
            len += bytes;
            self.records.push(*record);
        }
        if batch.documents.arena.is_full() {
            batch.fail_full(records);
            self.records.clear();
        }
        Gathered { n: narrow(self.records.len()), len }
    }

    /// Writes the input of the call that was gathered last: the table of lengths, then the texts back to back.
    ///
    /// # Panics
    /// If `input` is not exactly as long as [`Gathered::len`] said.
    #[inline]
    pub fn write(&self, batch: &Batch, input: &mut [u8]) {
        let (table, mut payload) = input.split_at_mut(4 * self.slots.len());
        for (entry, slot) in table.chunks_exact_mut(4).zip(&self.slots) {
            let Some(span) = slot.get() else {
                entry.copy_from_slice(&ABSENT.to_le_bytes());
                continue;
            };
            let text = batch.documents.arena.get(span);
            entry.copy_from_slice(&narrow(text.len()).to_le_bytes());
            let (here, rest) = payload.split_at_mut(text.len());
            here.copy_from_slice(text);
            payload = rest;
        }
        assert!(payload.is_empty(), "the input is as long as was gathered");
    }
}

/// A slot of a record as it is now.
#[inline]
pub(super) fn read(batch: &mut Batch, record: RecordId, slot: &Slot, hint: &mut Hint) -> Text {
    Text::of(match slot {
        Slot::Value(path) => {
            batch.documents.read(&mut batch.records[record.index()].value, At { path, hint })
        }
        Slot::Key(path) => {
            batch.documents.read(&mut batch.records[record.index()].key, At { path, hint })
        }
        other => read_metadata(batch, record, other),
    })
}

fn read_metadata(batch: &mut Batch, record: RecordId, slot: &Slot) -> Option<Span> {
    let at = batch.records[record.index()];
    match slot {
        Slot::Value(_) | Slot::Key(_) => None,
        Slot::Topic => Some(topic(batch, record, &mut None)),
        Slot::Partition => Some(number(batch, i64::from(at.partition?))),
        Slot::Offset => Some(number(batch, at.source.offset?)),
        Slot::Timestamp => Some(number(batch, at.timestamp?)),
        Slot::Header(name) => {
            let named = batch
                .header_run(record)
                .iter()
                .rev()
                .find(|header| batch.name(header.name) == &**name)?;
            named.value.map(|value| batch.documents.trim(value))
        }
        Slot::Headers => Some(envelope::headers(batch, record)),
        Slot::Record => Some(envelope::record(batch, record)),
    }
}

/// The topic as a JSON text; `last` remembers it, for most records of a call have the same one.
fn topic(batch: &mut Batch, record: RecordId, last: &mut Option<(Span, Span)>) -> Span {
    let name = batch.records[record.index()].topic;
    if let Some((last, text)) = last
        && *last == name
    {
        return *text;
    }
    let mut text = Vec::new();
    json::escape(batch.name(name), &mut text);
    let text = batch.documents.arena.push(&text);
    *last = Some((name, text));
    text
}

fn number(batch: &mut Batch, number: i64) -> Span {
    let mut digits = [0; 20];
    let mut rest = number.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("a remainder of 10 is a digit");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    batch.documents.arena.push(&digits[at..])
}
