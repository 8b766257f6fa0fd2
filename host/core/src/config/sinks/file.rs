//! Settings of the file sink.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Files: a line for each record.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSink {
    /// The directory, relative to the working directory; created when absent. A file is named by topic, task and number.
    pub path: String,
    /// What a line holds.
    #[serde(default)]
    pub format: FileFormat,
    /// Begin a new file before one grows beyond so many bytes.
    #[serde(default = "rotate_bytes", rename = "rotate.bytes")]
    #[schemars(range(min = 1))]
    pub rotate_bytes: u64,
    /// Begin a new file after so many milliseconds; 0 does not.
    #[serde(default, rename = "rotate.interval.ms")]
    pub rotate_interval_ms: u64,
}

/// What a line holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// The value as JSON; a tombstone is an empty line.
    #[default]
    Value,
    /// The whole record: topic, partition, offset, timestamp, key, value, headers.
    Record,
}

fn rotate_bytes() -> u64 {
    128 << 20
}
