//! The source `file`: a record for each line of files that may grow, be rotated, truncated and deleted.
//!
//! | module | what |
//! |---|---|
//! | `files` | the files that a pattern names, found and followed |
//! | `tail` | one file that is followed |
//! | `lines` | lines of what was read so far |
//! | `position` | where a file goes on, and whether it is still the same |
//!
//! - A **line** ends with a line break, and a carriage return before it belongs to the end. One that has none yet waits, until the file
//!   is deleted or renamed to what the pattern does not match and then stays as it is for a poll interval.
//! - A file that is **renamed** is still the same, and read to its end; the one that takes its name begins anew. One that the
//!   pattern did not match for a while goes on where it was. For a rotation while the source is down to lose nothing, the
//!   pattern must match the rotated file as well.
//! - A file that is **truncated** begins anew: it is shorter than what was read, or begins otherwise. Where a rotation
//!   copies and truncates, name the live file alone: a copy is another file.
//! - What is no line of the format is an **error record**: it is given with bytes that are no JSON, so that the batch refuses
//!   it and a dead letter carries them. In `line` that is a line that is not UTF-8, in `json` one that is not JSON. In both a line that
//!   is longer than `line.max.bytes` is given with its first bytes, and with an error that says so.
//! - Order is kept within a file. There is one task, and it never ends.

mod files;
mod lines;
mod position;
mod tail;
#[cfg(test)]
mod tests;

use crate::connectors::blocking::Blocking;
use async_trait::async_trait;
use files::{Files, bad_pattern};
use lines::Line;
use position::Stored;
use std::{num::NonZeroUsize, time::Duration};
use tail::Given;
use tokio::time::Instant;
use transom_core::{
    config::{FileSource as Settings, FileSourceFormat},
    connector::{ConnectorError, Poll, Source, SourcePosition, SourceRecord, SourceRecords},
    convert::ConvertError,
    json,
};

/// Reads lines of files. The position of a line is where the next begins.
#[derive(Debug)]
pub struct FileSource {
    interval: Duration,
    files: Blocking<Files>,
    /// When it last looked for files.
    looked: Option<Instant>,
    records: Records,
}

/// Makes records of lines.
#[derive(Debug)]
struct Records {
    topic: String,
    format: FileSourceFormat,
    value: Vec<u8>,
    position: String,
}

impl FileSource {
    /// A source that goes on from these positions. No file is touched before the first poll.
    ///
    /// # Errors
    /// [`ConnectorError`] if the pattern or a position cannot be read.
    pub fn new(settings: &Settings, positions: &[SourcePosition]) -> Result<Self, ConnectorError> {
        glob::Pattern::new(&settings.path).map_err(|error| bad_pattern(&settings.path, &error))?;
        let stored = positions.iter().map(Stored::parse).collect::<Result<_, _>>()?;
        let files = Files::new(settings.path.clone(), settings.line_max_bytes, stored);
        let (topic, format) = (settings.topic.clone(), settings.format);
        Ok(Self {
            interval: Duration::from_millis(settings.poll_interval_ms),
            files: Blocking::new(files),
            looked: None,
            records: Records { topic, format, value: Vec::new(), position: String::new() },
        })
    }

    /// Reads on. False if all files are at their end.
    async fn read(&mut self) -> Result<bool, ConnectorError> {
        let look = self.looked.is_none_or(|looked| looked.elapsed() >= self.interval);
        if look {
            self.looked = Some(Instant::now());
        }
        self.files.run(move |files| files.read(look)).await
    }
}

#[async_trait]
impl Source for FileSource {
    async fn poll(
        &mut self,
        max: NonZeroUsize,
        into: &mut dyn SourceRecords,
    ) -> Result<Poll, ConnectorError> {
        loop {
            if !self.files.state().await.is_ready() && !self.read().await? {
                tokio::time::sleep(self.interval).await;
                return Ok(Poll::Idle);
            }
            let files = self.files.state().await;
            // Nothing is awaited from the first line that is taken on: a poll that is dropped has taken none.
            if self.records.take(files, max.get(), into) > 0 {
                return Ok(Poll::Records);
            }
        }
    }
}

impl Records {
    /// Gives lines of the file whose turn it is; returns how many records they made.
    fn take(&mut self, files: &mut Files, max: usize, into: &mut dyn SourceRecords) -> usize {
        let mut count = 0;
        while count < max {
            let Some(given) = files.give(&mut self.position) else { break };
            self.value.clear();
            if !value(&given.line, self.format, &mut self.value) {
                continue;
            }
            let error = (given.line.cut > 0).then(|| too_long(&given));
            into.push(SourceRecord {
                topic: &self.topic,
                converter_topic: None,
                partition: None,
                timestamp: None,
                key: None,
                value: Some(&self.value),
                error: error.as_ref(),
                headers: &[],
                source_partition: given.part,
                position: &self.position,
            });
            count += 1;
        }
        files.next_turn();
        count
    }
}

/// Writes the value of a line: JSON, or bytes that are none for what cannot be read. False for a line that is skipped.
fn value(line: &Line<'_>, format: FileSourceFormat, out: &mut Vec<u8>) -> bool {
    match (format, std::str::from_utf8(line.text)) {
        _ if line.cut > 0 => out.extend_from_slice(line.text),
        (FileSourceFormat::Line, Ok(text)) => json::escape(text, out),
        (FileSourceFormat::Json, _) if line.text.trim_ascii().is_empty() => return false,
        (FileSourceFormat::Line, Err(_)) | (FileSourceFormat::Json, _) => {
            out.extend_from_slice(line.text);
        }
    }
    true
}

/// The error of a line that is longer than `line.max.bytes`.
fn too_long(given: &Given<'_>) -> ConvertError {
    let Given { line: Line { text, cut, .. }, path, start, .. } = given;
    let (max, path) = (text.len(), path.display());
    let message = format!(
        "the line at byte {start} of `{path}` has {} bytes, more than `line.max.bytes: {max}`: its record, and with \
         `errors.tolerance: all` its dead letter, has the first {max}, the other {cut} are cut off; to read such lines whole, \
         raise `line.max.bytes`",
        max as u64 + cut
    );
    ConvertError { code: "line-too-long", message }
}
