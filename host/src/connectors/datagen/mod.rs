//! The source `datagen`: made-up messages, at a pace. What they are is made in [`transom_core::datagen`]; here are the clock,
//! the pauses and what is printed.

mod lines;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use lines::Lines;
use std::{
    io::{self, Write},
    num::NonZeroUsize,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::{Instant, sleep_until};
use transom_core::{
    config::DatagenSource as Settings,
    connector::{
        ConnectorError, Delivered, Poll, Source, SourcePosition, SourceRecord, SourceRecords,
        Undelivered,
    },
    datagen::{DatagenError, Start, Stream},
};

/// The one part of the source that has a position.
const SOURCE_PARTITION: &str = r#"{"source":"datagen"}"#;

/// How late messages may be and still all be made. Longer than records take to be durable on a busy machine; after an outage
/// it is a burst of a second's messages at most.
const MADE_UP_FOR: Duration = Duration::from_secs(1);

/// Makes messages up.
#[derive(Debug)]
pub struct DatagenSource {
    stream: Stream,
    /// When the next message is due; nothing if it is now.
    due: Option<Instant>,
    lines: Lines,
    prints: bool,
    prints_deliveries: bool,
}

impl DatagenSource {
    /// A source that goes on from these positions, and prints on standard output if it is to. `again` says that this is
    /// the first start since the program was started, so that a run that had ended is followed by another.
    ///
    /// # Errors
    /// [`ConnectorError`] if the settings do not hold together, or if a position is of something else.
    pub fn open(
        settings: &Settings,
        positions: &[SourcePosition],
        again: bool,
    ) -> Result<Self, ConnectorError> {
        Self::onto(settings, positions, again, Box::new(io::stdout()))
    }

    /// A source that prints elsewhere.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn onto(
        settings: &Settings,
        positions: &[SourcePosition],
        again: bool,
        out: Box<dyn Write + Send>,
    ) -> Result<Self, ConnectorError> {
        let mut parts = positions.iter().filter(|part| part.source_partition == SOURCE_PARTITION);
        let position = parts.next().map(|part| part.position.as_str());
        let start = Start { again, seed: fastrand::u64(..), now_ms: now_ms() };
        Ok(Self {
            stream: Stream::new(settings, position, start).map_err(|error| refused(&error))?,
            due: None,
            lines: Lines::onto(out),
            prints: settings.print,
            prints_deliveries: settings.print_deliveries,
        })
    }
}

#[async_trait]
impl Source for DatagenSource {
    async fn poll(
        &mut self,
        max: NonZeroUsize,
        into: &mut dyn SourceRecords,
    ) -> Result<Poll, ConnectorError> {
        if self.stream.has_ended() {
            return Ok(Poll::End);
        }
        // The only place at which a poll can be dropped; nothing was made yet.
        if let Some(due) = self.due {
            sleep_until(due).await;
        }
        let (now, now_ms) = (Instant::now(), now_ms());
        for _ in 0..max.get() {
            let Some(message) = self.stream.next_message(now_ms) else { break };
            if self.prints {
                self.lines.message(&message);
            }
            into.push(SourceRecord {
                topic: message.topic,
                converter_topic: message.converter_topic,
                partition: None,
                timestamp: Some(now_ms),
                key: None,
                value: Some(message.value),
                error: None,
                headers: &[],
                source_partition: SOURCE_PARTITION,
                position: message.position,
            });
            self.due = due(self.due, now, self.stream.pause_ms());
            if self.due.is_some_and(|due| due > now) {
                break;
            }
        }
        self.lines.flush();
        Ok(Poll::Records)
    }

    fn wants_deliveries(&self) -> bool {
        self.prints_deliveries
    }

    fn delivered(&mut self, deliveries: &[Delivered<'_>]) {
        if self.prints_deliveries {
            for delivered in deliveries {
                self.lines.delivered(delivered);
            }
            self.lines.flush();
        }
    }

    fn failed(&mut self, failures: &[Undelivered<'_>]) {
        if self.prints_deliveries {
            for failure in failures {
                self.lines.failed(failure);
            }
            self.lines.flush();
        }
    }
}

/// When a message is due that comes a pause after another. What came due while earlier messages were on their way comes
/// together, so that a pace shorter than that way is kept; time that was lost beyond [`MADE_UP_FOR`] is lost.
fn due(last: Option<Instant>, now: Instant, pause_ms: u64) -> Option<Instant> {
    let pause = Duration::from_millis(pause_ms);
    let earliest = now.checked_sub(MADE_UP_FOR).unwrap_or(now);
    let due = last.unwrap_or(now).checked_add(pause).map(|due| due.max(earliest));
    due.filter(|_| pause_ms > 0)
}

fn now_ms() -> i64 {
    // A clock before 1970 is not set; neither is one beyond the year 292 million.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

fn refused(error: &DatagenError) -> ConnectorError {
    let code = match error {
        DatagenError::Settings(_) => "datagen-settings",
        DatagenError::Position { .. } => "datagen-position",
    };
    ConnectorError::fatal(code, crate::error::on_one_line(error))
}
