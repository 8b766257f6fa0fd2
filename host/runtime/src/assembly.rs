//! What tasks are put together from. The host implements it; the runtime never builds a part itself.

use std::{sync::Arc, time::Duration};
use transom_core::{
    chain::Chain,
    config::{RejectLimit, Tolerance},
    connector::{ConnectorError, Sink, Source, SourcePosition},
    convert::Converters,
    topic::{TopicCreation, TopicReader, TopicWriter},
};

pub use transom_core::policy::Reset;

/// Makes the parts of one connector's tasks, anew for each start of a task.
#[async_trait::async_trait]
pub trait Assembly: Send + Sync {
    /// A member of the connector's consumer group.
    ///
    /// # Errors
    /// [`ConnectorError`] if the client refuses its properties.
    fn reader(&self, task: usize) -> Result<Box<dyn TopicReader>, ConnectorError>;

    /// The way to the cluster that is read from, for dead letters and source records; shared by tasks.
    ///
    /// # Errors
    /// [`ConnectorError`] if the client refuses its properties.
    fn writer(&self) -> Result<Arc<dyn TopicWriter>, ConnectorError>;

    /// The sink of a sink connector.
    ///
    /// # Errors
    /// [`ConnectorError`]; one that is transient is tried again.
    async fn sink(&self, task: usize) -> Result<Box<dyn Sink>, ConnectorError>;

    /// The source of a source connector, going on from these positions.
    ///
    /// # Errors
    /// [`ConnectorError`]; one that is transient is tried again.
    async fn source(
        &self,
        task: usize,
        positions: Vec<SourcePosition>,
    ) -> Result<Box<dyn Source>, ConnectorError>;

    /// Where a source's positions are kept.
    ///
    /// # Errors
    /// [`ConnectorError`] if there is no way to them.
    fn positions(&self) -> Result<Arc<dyn Positions>, ConnectorError>;

    /// The transforms, with instances of their own.
    ///
    /// # Errors
    /// [`ConnectorError`] if a module does not take its configuration.
    fn chain(&self, task: usize) -> Result<Chain, ConnectorError>;

    /// The converters.
    ///
    /// # Errors
    /// [`ConnectorError`] if a schema is missing.
    fn converters(&self) -> Result<Converters, ConnectorError>;
}

/// Keeps the positions of source connectors: a compacted topic.
#[async_trait::async_trait]
pub trait Positions: Send + Sync {
    /// All positions of a connector.
    ///
    /// # Errors
    /// [`ConnectorError`]; one that is transient is tried again.
    async fn load(&self, connector: &str) -> Result<Vec<SourcePosition>, ConnectorError>;

    /// Replaces the positions of these parts; durable when it returns.
    ///
    /// # Errors
    /// [`ConnectorError`]; what was stored before stands.
    async fn save(
        &self,
        connector: &str,
        positions: &[SourcePosition],
    ) -> Result<(), ConnectorError>;
}

/// What the runtime must know of a connector beside its parts.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Which way records go.
    pub direction: Direction,
    /// Tasks to run here.
    pub tasks: usize,
    /// What happens to records that fail.
    pub errors: ErrorPolicy,
    /// Records in one batch at most.
    pub batch_records: usize,
    /// Bytes that a task may hold.
    pub buffer_bytes: usize,
    /// Time between two commits.
    pub flush_interval: Duration,
    /// Time that a task has to finish what is in flight.
    pub flush_timeout: Duration,
    /// Where a partition begins of which nothing is stored (`auto.offset.reset`).
    pub reset: Reset,
    /// How topics are created that a source writes.
    pub creation: TopicCreation,
}

/// Which way records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From topics to a sink.
    Sink,
    /// From a source to topics.
    Source,
}

/// What happens to records that fail.
#[derive(Debug, Clone)]
pub struct ErrorPolicy {
    /// Stop at the first, or go on.
    pub tolerance: Tolerance,
    /// How long a conversion or transform is tried again; nothing for without end.
    pub retry_timeout: Option<Duration>,
    /// Longest pause between two tries.
    pub retry_delay_max: Duration,
    /// Log each.
    pub log: bool,
    /// Name where it came from in that line.
    pub log_messages: bool,
    /// Where failed records go.
    pub dead_letters: Option<DeadLetters>,
    /// When refusals stop the task.
    pub reject_limit: Option<RejectLimit>,
    /// Name and digest of each transform's module, by stage, for the headers of dead letters.
    pub modules: Vec<ModuleName>,
}

/// Where failed records go.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    /// The topic.
    pub topic: String,
    /// How it is created when absent.
    pub creation: TopicCreation,
}

/// Which module a stage runs.
#[derive(Debug, Clone)]
pub struct ModuleName {
    /// The transform's name in the configuration.
    pub transform: String,
    /// The module: name and version.
    pub module: String,
    /// Its sha256, in hex.
    pub sha256: String,
}
