//! What a connector is: something that takes records ([`Sink`]) or gives them ([`Source`]). The task around it knows
//! nothing else of it.
//!
//! Each connector passes the contract suite of `transom_runtime::testing`, which is these pages as code.

use crate::{
    batch::Batch,
    convert::ConvertError,
    record::RecordId,
    topic::{Offsets, StoredOffset, TopicIdentity, TopicPartition},
};
use async_trait::async_trait;
use core::time::Duration;
use std::num::NonZeroUsize;

/// Takes records out of Kafka. Driven by one worker, one call at a time:
///
/// ```text
/// claim(assigned)                      before the first fetch, if the sink stores offsets
/// put(batch)  put(batch)  flush()      in order; flush before every commit, and before partitions are given back
/// release(revoked)                     no more records of these partitions follow
/// close()
/// ```
#[async_trait]
pub trait Sink: Send {
    /// What the sink promises; the same answer every time.
    fn delivery(&self) -> Delivery;

    /// Takes over partitions: a sink that stores offsets says where each goes on, and shuts out whoever had them before
    /// (`epoch + 1`). Called once per assignment, for what was added. A sink that stores nothing answers with nothing.
    ///
    /// # Errors
    /// [`ConnectorError`]; nothing was taken over then.
    async fn claim(
        &mut self,
        assigned: &[(TopicPartition, TopicIdentity)],
    ) -> Result<Vec<StoredOffset>, ConnectorError> {
        let _ = assigned;
        Ok(Vec::new())
    }

    /// Delivers records, in order. An empty `records` asks a sink that stores offsets to move them on.
    ///
    /// An [atomic](Delivery::atomic) sink delivers all of them or none: a rejection means that nothing was delivered, and the
    /// same call comes again without what it rejected. Another sink has delivered all but what it rejects.
    ///
    /// # Errors
    /// [`ConnectorError`] if it is not about single records: nothing was delivered by an atomic sink; by another, any
    /// part may have been, and the same call comes again.
    async fn put(&mut self, put: Put<'_>) -> Result<Vec<Rejection>, ConnectorError>;

    /// Names where a record is that the last put took, for whoever follows it: a table, a topic. It is asked at debug level
    /// alone, and costs nothing otherwise. Nothing for a sink that has one place for all.
    fn destination(&self, batch: &Batch, record: RecordId) -> Option<String> {
        let _ = (batch, record);
        None
    }

    /// Makes durable what was put. Offsets are committed only after it.
    ///
    /// # Errors
    /// [`ConnectorError`] if it may not be durable; the task starts anew from what was committed.
    async fn flush(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }

    /// Forgets partitions that were given back or lost.
    fn release(&mut self, partitions: &[TopicPartition]) {
        let _ = partitions;
    }

    /// Ends in good order. What was not flushed may be lost.
    ///
    /// # Errors
    /// [`ConnectorError`] if something could not be closed.
    async fn close(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

/// What [`Sink::put`] is given.
#[derive(Debug, Clone, Copy)]
pub struct Put<'a> {
    /// Holds the records.
    pub batch: &'a Batch,
    /// Those to deliver, in order: survivors of the chain.
    pub records: &'a [RecordId],
    /// For each partition that the batch has records of: the offset to go on from once this call is through. It covers
    /// what was dropped and dead-lettered.
    pub through: &'a Offsets,
}

/// What a sink promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// It stores offsets in the transaction of the records, so each record is there exactly once; the group's offsets
    /// are informative.
    pub stores_offsets: bool,
    /// A put is done as a whole or not at all.
    pub atomic: bool,
}

/// A record that a sink refuses. It is the record's fault: another try would be refused as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Position in [`Put::records`].
    pub index: usize,
    /// Stable name of the kind of error; a whole batch refused with one code stops the task.
    pub code: String,
    /// What was wrong with it: column or field, and what was expected.
    pub message: String,
}

/// Gives records to Kafka. Driven by one task; `poll` is dropped unfinished when the task stops, so it must be
/// cancel-safe: what it had not returned comes again.
#[async_trait]
pub trait Source: Send {
    /// Reads up to `max` records into `into`, and waits for the first.
    ///
    /// # Errors
    /// [`ConnectorError`]; nothing was added then.
    async fn poll(
        &mut self,
        max: NonZeroUsize,
        into: &mut dyn SourceRecords,
    ) -> Result<Poll, ConnectorError>;

    /// Says that everything up to these positions is durable in Kafka, and the positions as well.
    ///
    /// # Errors
    /// [`ConnectorError`]; the task goes on.
    async fn committed(&mut self, positions: &[SourcePosition]) -> Result<(), ConnectorError> {
        let _ = positions;
        Ok(())
    }

    /// True if it is to be told what becomes of its records; the same answer every time.
    fn wants_deliveries(&self) -> bool {
        false
    }

    /// Says where records went, once they are durable: each once, in the order of their partition. Only a source that
    /// [wants](Self::wants_deliveries) to know is told.
    fn delivered(&mut self, deliveries: &[Delivered<'_>]) {
        let _ = deliveries;
    }

    /// Says which records failed on their way, before their dead letters are written where there are any: those may be refused as
    /// well. Only a source that [wants](Self::wants_deliveries) to know is told.
    fn failed(&mut self, failures: &[Undelivered<'_>]) {
        let _ = failures;
    }

    /// Ends in good order.
    ///
    /// # Errors
    /// [`ConnectorError`] if something could not be closed.
    async fn close(&mut self) -> Result<(), ConnectorError> {
        Ok(())
    }
}

/// Where a record of a source went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// Its offset in it.
    pub offset: i64,
}

/// Why a record of a source went nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undelivered<'a> {
    /// The topic that the source gave it.
    pub topic: &'a str,
    /// Kafka Connect's constant for the stage at which it failed.
    pub stage: &'a str,
    /// Stable name of the kind of error.
    pub code: &'a str,
    /// What was wrong.
    pub message: &'a str,
}

/// Where a source puts what it read.
pub trait SourceRecords: Send {
    /// Adds a record, and the position that a restart goes on from once it is durable.
    fn push(&mut self, record: SourceRecord<'_>);
}

/// A record as a source gives it: texts, that a converter makes payloads of.
#[derive(Debug, Clone, Copy)]
pub struct SourceRecord<'a> {
    /// The topic it goes to, unless a transform changes that.
    pub topic: &'a str,
    /// The topic under whose name the value converter is asked, whatever the topic is then; nothing for that. A source that
    /// puts two kinds of message on one topic tells them apart so.
    pub converter_topic: Option<&'a str>,
    /// The partition it goes to; nothing leaves that to the key.
    pub partition: Option<i32>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The key as JSON.
    pub key: Option<&'a [u8]>,
    /// The value as JSON; nothing for a tombstone.
    pub value: Option<&'a [u8]>,
    /// Why `value` is not what the source should have read; nothing for a value that is. The record fails with it, and a dead letter
    /// carries the bytes.
    pub error: Option<&'a ConvertError>,
    /// Names and JSON values, in order.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
    /// The part of the source that the position belongs to (JSON): a file, a table. One key of the offsets topic.
    pub source_partition: &'a str,
    /// Where that part goes on behind this record (JSON).
    pub position: &'a str,
}

/// How a [`Source::poll`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// At least one record was added.
    Records,
    /// There is nothing now; there may be later.
    Idle,
    /// There is nothing, and never will be.
    End,
}

/// Where a part of a source goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePosition {
    /// The part (JSON).
    pub source_partition: String,
    /// The position in it (JSON).
    pub position: String,
}

/// Why a connector could not do what it was asked. It names what it was about; a secret is never part of it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConnectorError {
    /// What to do about it.
    pub class: Class,
    /// Stable name of the kind of error, in kebab case or the system's own (`SQLITE_BUSY`).
    pub code: String,
    /// What happened, and the way out where there is one.
    pub message: String,
}

/// What the task does about an error: policy never asks for more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It may pass: the same call again, without limit, after this time or the task's own backoff.
    Transient {
        /// What the system asked for.
        retry_after: Option<Duration>,
    },
    /// Some record of the call is refused, and the system does not say which: the task looks for it by halves.
    BadRecord,
    /// Somebody else has taken the partitions over: what is in flight is dropped, and the group joined anew.
    Superseded,
    /// No call will succeed before somebody mends something: the task fails.
    Fatal,
}

impl ConnectorError {
    /// An error of this class.
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, code: code.into(), message: message.into() }
    }

    /// An error that may pass, without a wish when to try again.
    pub fn transient(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Transient { retry_after: None }, code, message)
    }

    /// An error that does not pass by itself.
    pub fn fatal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Fatal, code, message)
    }

    /// True if the same call may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self.class, Class::Transient { .. })
    }
}
