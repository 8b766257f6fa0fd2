//! `connectors.yaml` as types. One rule for keys: a key of Kafka's or Kafka Connect's is spelt as they spell it, ours follow
//! the same style, and nesting only opens a choice, a map or a list.
//!
//! The JSON Schema of the file, the reference of all settings and the reader are made from these types, so the text
//! above each field is what an operator reads.

mod check;
mod connector;
mod converter;
mod json;
mod load;
mod place;
mod placeholder;
mod problem;
mod properties;
mod rules;
mod sinks;
mod source;
mod sources;
mod suggest;
mod transform;
mod tree;
mod values;
mod yaml;

pub use check::CONNECT_SETTINGS;
pub use connector::{Connector, RejectLimit, Tolerance};
pub use converter::{
    BytesConverter, BytesForm, ConverterSettings, Defaults, Int64, InvalidUtf8, JsonConverter,
    MessageMapping, Names, ProtobufConverter, StringConverter, UnknownFields,
};
pub use load::{Loaded, load, schema, schema_for_editors};
pub use place::Place;
pub use placeholder::Environment;
pub use problem::{Problem, Severity, Span};
pub use properties::{Properties, is_embedded, is_sensitive, nearest_property};
pub use rules::{OWNED_PROPERTIES, OwnedProperty};
pub use sinks::{
    Column, ColumnType, ConsoleSink, DiscardSink, FileFormat, FileSink, KafkaSink, Metadata,
    SinkSettings, SqliteSink, Table, TimestampUnit,
};
pub use source::{Excerpt, Source};
pub use sources::{
    DatagenSource, DecimalRange, FieldValue, FileSource, FileSourceFormat, HexDigits, IntegerRange,
    Interval, IntervalRange, MessageFields, MessageName, RecentTime, RowColumn, Sequence,
    SourceSettings, Uuid,
};
pub use transform::{Transform, When};
pub use values::List;

use properties::EMBEDDED;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// All of `connectors.yaml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The Kafka cluster: `bootstrap.servers` and any other librdkafka property, TLS and SASL included. `bootstrap.servers: embedded` is
    /// the broker inside `transom dev`.
    pub kafka: Properties,
    /// Where schemas come from.
    #[serde(default)]
    pub schemas: Schemas,
    /// Directory for what must outlive a restart: compiled modules, embedded databases.
    #[serde(default = "state_dir", rename = "state.dir")]
    pub state_dir: String,
    /// Address of metrics, health and status; port 0 takes a free one.
    #[serde(default = "admin_listen", rename = "admin.listen")]
    pub admin_listen: String,
    /// Milliseconds between two offset commits of a task. Kafka Connect waits a minute; a second read after a crash costs more than a
    /// commit.
    #[serde(default = "offset_flush_interval", rename = "offset.flush.interval.ms")]
    #[schemars(range(min = 1))]
    pub offset_flush_interval_ms: u64,
    /// Milliseconds that a task may take to finish what is in flight when it stops or gives partitions back.
    #[serde(default = "offset_flush_timeout", rename = "offset.flush.timeout.ms")]
    pub offset_flush_timeout_ms: u64,
    /// The connectors, by name.
    pub connectors: BTreeMap<String, Connector>,
}

/// Where schemas come from.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schemas {
    /// Folders of `.proto` files (each is an import root), single `.proto` files, or compiled descriptor sets; relative to the
    /// configuration file. `google/protobuf/*` is always there.
    #[serde(default)]
    pub protobuf: List,
}

fn state_dir() -> String {
    ".transom".to_owned()
}

fn admin_listen() -> String {
    "127.0.0.1:8083".to_owned()
}

fn offset_flush_interval() -> u64 {
    5_000
}

fn offset_flush_timeout() -> u64 {
    5_000
}
