//! Settings of the SQLite sink.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// SQLite: one table for a topic, each record in it exactly once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqliteSink {
    /// The database file, relative to the working directory; created when absent.
    pub path: String,
    /// Tables, by topic; a topic that is not named gets a table of its own name, `-` and `.` as `_`, with a JSON column.
    #[serde(default)]
    pub tables: BTreeMap<String, Table>,
    /// Create tables that are absent. One that is there must have the columns.
    #[serde(default = "yes", rename = "auto.create")]
    pub auto_create: bool,
}

/// One table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name. Default: the topic's, `-` and `.` as `_`.
    #[serde(default)]
    pub name: Option<String>,
    /// Its columns, in order. Default: `RECORD_CONTENT` with the value as JSON and `RECORD_METADATA`.
    #[serde(default)]
    pub columns: Vec<Column>,
}

/// One column: of a place in the value (`path`), a constant, or what is known of the record (`metadata`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The place in the value: a field, or a path with dots, backticks and `[n]`. Default, where nothing else is given: the column's name.
    #[serde(default)]
    pub path: Option<String>,
    /// What the column holds.
    #[serde(default, rename = "type")]
    pub kind: ColumnType,
    /// How a field spells the time; a `timestamp` column that is filled from one needs it. A `constant` is ISO 8601, and `metadata` knows by
    /// itself.
    #[serde(default)]
    pub from: Option<TimestampUnit>,
    /// A record without the field, or with `null` there, is refused.
    #[serde(default)]
    pub required: bool,
    /// What stands for a field that is absent.
    #[serde(default)]
    pub default: Option<String>,
    /// The same text in every row.
    #[serde(default)]
    pub constant: Option<String>,
    /// What is known of the record beside its value.
    #[serde(default)]
    pub metadata: Option<Metadata>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text; a value that is no string is written as its JSON.
    #[default]
    Text,
    /// A whole number of 64 bits; a number beyond that, or with a fraction, is refused.
    Integer,
    /// A floating-point number.
    Real,
    /// A number with its digits as they came, as text.
    Decimal,
    /// 0 or 1.
    Boolean,
    /// A time, as ISO 8601 text in UTC.
    Timestamp,
    /// JSON text, as it is.
    Json,
}

/// How a time is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum TimestampUnit {
    /// Seconds since 1970, as a whole number.
    #[serde(rename = "unix.seconds")]
    UnixSeconds,
    /// Milliseconds since 1970, as a whole number.
    #[serde(rename = "unix.milliseconds")]
    UnixMilliseconds,
    /// ISO 8601 text with a zone.
    #[serde(rename = "iso8601")]
    Iso8601,
}

/// What is known of a record beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Metadata {
    /// The topic that it was read from.
    Topic,
    /// The partition.
    Partition,
    /// The offset.
    Offset,
    /// Its timestamp, as ISO 8601 text in UTC.
    Timestamp,
    /// Its key, as JSON.
    Key,
    /// Its headers, as JSON.
    Headers,
}

fn yes() -> bool {
    true
}
