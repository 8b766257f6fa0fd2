//! Topics as a task sees them. Kafka's client is one implementation; tests have one in memory.

mod template;

pub use template::Template;

use crate::{connector::ConnectorError, record::NewRecord};
use async_trait::async_trait;
use core::time::Duration;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Longest name of a topic, as Kafka has it.
pub(crate) const NAME_BYTES: usize = 249;

/// True if Kafka lets a topic be called so: 1 to 249 letters, digits, dots, underscores and hyphens, and not `.` or `..`.
pub fn is_legal_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(legal) && !matches!(name, "." | "..")
}

/// The internal topic whose one partition decides which host runs the task of a source connector.
pub fn tasks_topic(connector: &str) -> String {
    format!("_transom-tasks-{connector}")
}

/// One partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// For each partition the offset of the record to read next.
pub type Offsets = BTreeMap<TopicPartition, i64>;

/// Which topic a name means, so that one that was deleted and created anew is not taken for the old one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicIdentity {
    /// The cluster's id.
    pub cluster: String,
    /// The topic's id, as Kafka spells it (KIP-516); empty if the broker has none.
    pub topic: String,
}

/// An offset that was stored for a partition, by the group or by a sink, and which topic it was stored for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOffset {
    /// The partition.
    pub partition: TopicPartition,
    /// The topic that it was stored for; nothing if that was not recorded.
    pub identity: Option<TopicIdentity>,
    /// The offset of the record to read next; nothing if nothing was stored yet.
    pub offset: Option<i64>,
}

/// First and end offset of a partition's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// The oldest offset that is there.
    pub earliest: i64,
    /// The offset behind the last record that a reader may see.
    pub latest: i64,
}

/// Where reading a partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// At this offset, which is there (or is the end).
    Offset(i64),
    /// At the oldest record.
    Earliest,
    /// Behind the newest record.
    Latest,
}

/// What one poll may bring at most.
#[derive(Debug, Clone, Copy)]
pub struct PollLimits {
    /// Records.
    pub records: usize,
    /// Bytes of keys, values and headers; the last record may exceed it.
    pub bytes: usize,
    /// How long to wait for the first record or event.
    pub wait: Duration,
}

/// What a poll brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// The group gave these partitions. Nothing of them is read before [`TopicReader::assign`].
    Assigned(Vec<TopicPartition>),
    /// The group wants these back: finish, commit, then [`TopicReader::release`].
    Revoked(Vec<TopicPartition>),
    /// These are gone already, and may belong to another member: commit nothing, then [`TopicReader::release`].
    Lost(Vec<TopicPartition>),
    /// So many records were given to the callback.
    Records(usize),
    /// Nothing came.
    Idle,
}

/// How an offset commit is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitMode {
    /// Waits for the broker's answer.
    Sync,
    /// Does not wait; [`TopicReader::acknowledged`] tells what was stored.
    Async,
}

/// Reads the partitions that the consumer group gives to one task. Synchronous, on the task's own thread.
///
/// ```text
/// loop { match poll() {
///     Assigned(p) → claim, then assign(offsets)          poll goes on meanwhile, with no records of p
///     Records     → decode, transform, deliver
///     Revoked(p)  → finish what is in flight, commit(Sync), release(p)
///     Lost(p)     → forget what is in flight, release(p)
/// } }
/// ```
///
/// `poll` must be called at least once a second whatever else happens: it keeps the group's membership.
pub trait TopicReader: Send {
    /// Polls. Records are given to `each` in the order of their partition and are only borrowed: their bytes are the
    /// client's. With `limits.records` 0 it serves events only and leaves records where they are (back-pressure).
    ///
    /// # Errors
    /// [`TopicError`]; one that is transient is retried by polling again.
    fn poll(
        &mut self,
        limits: PollLimits,
        each: &mut dyn FnMut(&NewRecord<'_>),
    ) -> Result<Polled, TopicError>;

    /// What the group has stored for partitions.
    ///
    /// # Errors
    /// [`TopicError`] if the broker does not say.
    fn committed(&mut self, partitions: &[TopicPartition])
    -> Result<Vec<StoredOffset>, TopicError>;

    /// The bounds of each log, in order, asked from the brokers together: a question behind a fetch waits as long as that.
    /// Nothing for a partition that has no leader now.
    ///
    /// # Errors
    /// [`TopicError`] if a broker does not say.
    fn watermarks(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Watermarks>>, TopicError>;

    /// Which topic a name means now.
    ///
    /// # Errors
    /// [`TopicError`] if the broker does not say.
    fn identity(&mut self, topic: &str) -> Result<TopicIdentity, TopicError>;

    /// Begins to read partitions that [`Polled::Assigned`] named.
    ///
    /// # Errors
    /// [`TopicError`] if the client refuses.
    fn assign(&mut self, from: &[(TopicPartition, StartAt)]) -> Result<(), TopicError>;

    /// Gives partitions back that [`Polled::Revoked`] or [`Polled::Lost`] named.
    ///
    /// # Errors
    /// [`TopicError`] if the client refuses.
    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError>;

    /// Stores offsets in the group, each with the identity of its topic.
    ///
    /// # Errors
    /// [`TopicError`]; [`TopicError::Rebalanced`] is normal while the group changes.
    fn commit(&mut self, offsets: &Offsets, mode: CommitMode) -> Result<(), TopicError>;

    /// For each partition the offset that [asynchronous](CommitMode::Async) commits have stored since the last call. One
    /// that failed is not in it: the next poll tells why, unless the group has moved on.
    fn acknowledged(&mut self) -> Offsets;

    /// Stops fetching partitions. What was fetched of them is thrown away, so this is for long waits only.
    ///
    /// # Errors
    /// [`TopicError`] if the client refuses.
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError>;

    /// Fetches partitions again.
    ///
    /// # Errors
    /// [`TopicError`] if the client refuses.
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), TopicError>;

    /// For each assigned partition the end of its log as last heard of, without asking: what lag is computed from.
    /// A partition of which nothing was heard yet is not in it.
    fn ends(&self) -> Offsets;

    /// For each assigned partition the offset that would be given next; transaction markers count as read.
    fn positions(&self) -> Offsets;

    /// Leaves the group, so that others take over at once. Nothing may be called after it but drop.
    ///
    /// # Errors
    /// [`TopicError`] if the group did not hear of it; it will notice by itself.
    fn close(&mut self) -> Result<(), TopicError>;
}

/// Writes records to topics: a sink's, a source's and the dead letters' way to Kafka.
#[async_trait]
pub trait TopicWriter: Send + Sync {
    /// Writes records, in order per partition, and waits until each is durable or refused.
    ///
    /// It retries what may pass without giving up; dropping the future gives the wait up, not the records.
    ///
    /// # Errors
    /// [`ConnectorError`] if the writer as a whole cannot go on.
    async fn write(&self, records: Vec<EncodedRecord>) -> Result<Written, ConnectorError>;

    /// Sees to it that a topic is there: waits for the broker, and creates it if it is absent.
    ///
    /// # Errors
    /// [`ConnectorError`] if it is absent and could not be created.
    async fn ensure(&self, topic: &str, creation: TopicCreation) -> Result<(), ConnectorError>;
}

/// How a topic is created; what is not said is the broker's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicCreation {
    /// Partitions.
    pub partitions: Option<i32>,
    /// Replicas of each.
    pub replication_factor: Option<i32>,
    /// Topic configuration: `cleanup.policy` and the like.
    pub config: BTreeMap<String, String>,
}

/// A record as it is written to a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncodedRecord {
    /// The topic.
    pub topic: String,
    /// The partition; nothing leaves it to the partitioner.
    pub partition: Option<i32>,
    /// Milliseconds since 1970; nothing for now.
    pub timestamp: Option<i64>,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes; nothing for a tombstone.
    pub value: Option<Vec<u8>>,
    /// Names and values, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// What became of records that were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Those that the broker does not take, in order.
    pub refused: Vec<Refused>,
    /// For each record the partition and the offset it went to; nothing for one that was refused, or where the broker did
    /// not say.
    pub places: Vec<Option<(i32, i64)>>,
}

/// A record that the broker does not take, whatever is tried: too large, no such partition, not authorised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Position among those that were written.
    pub index: usize,
    /// The broker's name of the error.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// Why a reader could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// It may pass: the broker is away, a leader moves. Polling goes on.
    #[error("{message}")]
    Transient {
        /// What happened.
        message: String,
    },
    /// The group has moved on: what was asked for belongs to a generation that is over.
    #[error("the group has moved on: {message}")]
    Rebalanced {
        /// What happened.
        message: String,
    },
    /// The topic is not there (yet).
    #[error("topic `{topic}` does not exist")]
    Missing {
        /// Its name.
        topic: String,
    },
    /// A partition cannot be read where it was to be read: the log does not have the offset.
    #[error("offset {offset} of {partition} is not in the log, which has {earliest} to {latest}")]
    OutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// What was to be read.
        offset: i64,
        /// The oldest offset that is there.
        earliest: i64,
        /// The end of the log.
        latest: i64,
    },
    /// The name of a topic means another one since its partition was assigned.
    #[error(
        "{partition} is of another topic of that name now: read up to offset {offset}, and the new log has {earliest} to {latest}"
    )]
    OtherTopic {
        /// The partition.
        partition: TopicPartition,
        /// Where reading is.
        offset: i64,
        /// The oldest offset that the new log has.
        earliest: i64,
        /// Its end.
        latest: i64,
    },
    /// It does not pass by itself.
    #[error("{message}")]
    Fatal {
        /// What happened.
        message: String,
    },
}
