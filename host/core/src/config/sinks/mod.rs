//! Sinks. To add one: a file here, a variant, a module in `host/src/connectors`, an arm in the `match` of `host/src/app`.

mod console;
mod discard;
mod file;
mod kafka;
mod sqlite;

pub use console::ConsoleSink;
pub use discard::DiscardSink;
pub use file::{FileFormat, FileSink};
pub use kafka::KafkaSink;
pub use sqlite::{Column, ColumnType, Metadata, SqliteSink, Table, TimestampUnit};

use schemars::JsonSchema;
use serde::Deserialize;

/// Where records go.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SinkSettings {
    /// Tables of an SQLite database; exactly once.
    Sqlite(SqliteSink),
    /// Topics of this cluster or another; at least once.
    Kafka(KafkaSink),
    /// Files of JSON lines; at least once.
    File(FileSink),
    /// Standard output, a line for each record; at least once.
    Console(#[serde(default)] ConsoleSink),
    /// Nowhere: to measure, or to play a slow sink.
    Discard(#[serde(default)] DiscardSink),
}
