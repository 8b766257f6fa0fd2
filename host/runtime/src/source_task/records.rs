//! What one poll of a source gave.

use std::ops::Range;
use transom_core::{
    batch::Batch,
    connector::{SourcePosition, SourceRecord, SourceRecords},
    record::{NewRecord, Original},
};

/// Records, and for each where its part of the source goes on behind it. Its memory stays from poll to poll.
#[derive(Debug, Default)]
pub(super) struct Polled {
    pub(super) batch: Batch,
    /// One for each input, as ranges of `text`.
    positions: Vec<Position>,
    text: String,
}

#[derive(Debug)]
struct Position {
    source_partition: Range<usize>,
    position: Range<usize>,
}

impl Polled {
    /// Forgets everything and keeps the memory, but for what is beyond `share` bytes.
    pub(super) fn clear(&mut self, share: usize) {
        if self.batch.bytes() > share {
            self.batch = Batch::default();
        }
        self.batch.clear();
        self.positions.clear();
        self.text.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// The last position of each part among the inputs below `bound`, in the order of the parts' first records.
    pub(super) fn positions(&self, bound: usize) -> Vec<SourcePosition> {
        let mut positions: Vec<SourcePosition> = Vec::new();
        // From the end: a part's first hit is its last position.
        for Position { source_partition, position } in self.positions[..bound].iter().rev() {
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

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// Takes the records anew, as the source gave them.
    pub(super) fn again(&mut self) {
        let before = std::mem::take(&mut self.batch);
        for input in 0..before.len() {
            let Original { topic, partition, offset, timestamp, key, value } =
                before.original(input);
            let headers: Vec<(&str, Option<&[u8]>)> = before.original_headers(input).collect();
            let headers = &*headers;
            self.batch.push(&NewRecord {
                topic,
                partition,
                offset,
                timestamp,
                key,
                value,
                headers,
            });
        }
    }
}

impl SourceRecords for Polled {
    fn push(&mut self, record: SourceRecord<'_>) {
        let SourceRecord { topic, partition, timestamp, key, value, headers, .. } = record;
        self.batch.push(&NewRecord {
            topic,
            partition,
            offset: None,
            timestamp,
            key,
            value,
            headers,
        });
        let source_partition = match self.positions.last() {
            Some(last) if self.part(&last.source_partition) == record.source_partition => {
                last.source_partition.clone()
            }
            _ => self.keep(record.source_partition),
        };
        let position = self.keep(record.position);
        self.positions.push(Position { source_partition, position });
    }
}
