//! What one poll of a source gave.

use crate::dead_letters::Cause;
use std::ops::Range;
use transom_core::{
    batch::Batch,
    connector::{SourcePosition, SourceRecord, SourceRecords},
    convert::ConvertError,
    record::{NewRecord, Original},
};

/// Records, and for each where its part of the source goes on behind it. Its memory stays from poll to poll.
#[derive(Debug, Default)]
pub(super) struct Polled {
    pub(super) batch: Batch,
    /// One for each input.
    beside: Vec<Beside>,
    text: String,
}

/// What a record has beside the batch, as ranges of one text.
#[derive(Debug)]
struct Beside {
    source_partition: Range<usize>,
    position: Range<usize>,
    converter_topic: Option<Range<usize>>,
    /// Why the source could not read it.
    error: Option<ConvertError>,
}

impl Polled {
    /// Forgets everything and keeps the memory, but for what is beyond `share` bytes.
    pub(super) fn clear(&mut self, share: usize) {
        if self.batch.bytes() > share {
            self.batch = Batch::default();
        }
        self.batch.clear();
        self.beside.clear();
        self.text.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The last position of each part among the inputs below `bound`, in the order of the parts' first records.
    pub(super) fn positions(&self, bound: usize) -> Vec<SourcePosition> {
        let mut positions: Vec<SourcePosition> = Vec::new();
        // From the end: a part's first hit is its last position.
        for Beside { source_partition, position, .. } in self.beside[..bound].iter().rev() {
            let (part, position) = (self.part(source_partition), self.part(position));
            // Records of one part mostly follow each other, and there are few parts.
            if !positions.iter().any(|known| known.source_partition == part) {
                let (source_partition, position) = (part.to_owned(), position.to_owned());
                positions.push(SourcePosition { source_partition, position });
            }
        }
        positions.reverse();
        positions
    }

    /// The topic that the value converter is asked for instead of the record's own, where the source named one.
    pub(super) fn converter_topic(&self, input: usize) -> Option<&str> {
        self.beside[input].converter_topic.as_ref().map(|range| self.part(range))
    }

    /// The batch, and beside it where the source had each input.
    pub(super) fn parts(&mut self) -> (&mut Batch, impl Fn(usize) -> String) {
        let Self { batch, beside, text } = self;
        (batch, |input: usize| whence(&beside[input], text))
    }

    /// Where the source had an input, as the source names it. A position says where it goes on behind the record.
    pub(super) fn whence(&self, input: usize) -> String {
        whence(&self.beside[input], &self.text)
    }

    /// Why a converter or transform failed on an input, if one did.
    pub(super) fn failure(&self, input: usize) -> Option<Cause> {
        let cause = Cause::of_step(&self.batch, input)?;
        Some(Cause { whence: Some(self.whence(input)), ..cause })
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// Where a text stands that the record before mostly has as well.
    fn share(&mut self, before: Option<Range<usize>>, text: &str) -> Range<usize> {
        match before {
            Some(before) if self.part(&before) == text => before,
            _ => self.keep(text),
        }
    }

    /// Takes the records anew, as the source gave them.
    pub(super) fn again(&mut self) {
        let before = std::mem::take(&mut self.batch);
        for input in 0..before.len() {
            let Original { topic, partition, offset, timestamp, key, value } =
                before.original(input);
            let headers: Vec<(&str, Option<&[u8]>)> = before.original_headers(input).collect();
            let headers = &*headers;
            let new = NewRecord { topic, partition, offset, timestamp, key, value, headers };
            add(&mut self.batch, &new, self.beside[input].error.as_ref());
        }
    }
}

fn add(batch: &mut Batch, new: &NewRecord<'_>, error: Option<&ConvertError>) {
    match error {
        Some(error) => batch.push_failed(new, error),
        None => batch.push(new),
    };
}

fn whence(beside: &Beside, text: &str) -> String {
    let part = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    format!("before `{}` of `{}`", part(&beside.position), part(&beside.source_partition))
}

impl SourceRecords for Polled {
    fn push(&mut self, record: SourceRecord<'_>) {
        let SourceRecord { topic, partition, timestamp, key, value, headers, error, .. } = record;
        let new = NewRecord { topic, partition, offset: None, timestamp, key, value, headers };
        add(&mut self.batch, &new, error);
        let last = self.beside.last();
        let before = last.map(|last| last.source_partition.clone());
        let named_before = last.and_then(|last| last.converter_topic.clone());
        let source_partition = self.share(before, record.source_partition);
        let converter_topic = record.converter_topic.map(|topic| self.share(named_before, topic));
        let position = self.keep(record.position);
        let error = error.cloned();
        self.beside.push(Beside { source_partition, position, converter_topic, error });
    }
}
