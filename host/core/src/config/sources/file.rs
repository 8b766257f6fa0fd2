//! Settings of the file source.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Files: a record for each line. Growing files are followed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    /// A file, or a pattern with `*`, `?`, `[…]` and `**`; relative to the working directory. New files are found while the source runs.
    pub path: String,
    /// The topic that records go to.
    pub topic: String,
    /// What a line is.
    #[serde(default)]
    pub format: FileSourceFormat,
    /// Milliseconds between two looks at files that have ended.
    #[serde(default = "poll_interval", rename = "poll.interval.ms")]
    #[schemars(range(min = 1))]
    pub poll_interval_ms: u64,
    /// Bytes that a line may have; a longer one fails with `line-too-long`, and its dead letter has as many of them.
    #[serde(default = "line_bytes", rename = "line.max.bytes")]
    #[schemars(range(min = 1))]
    pub line_max_bytes: usize,
}

/// What a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileSourceFormat {
    /// Text: the value is a JSON string.
    #[default]
    Line,
    /// JSON: the value is what the line holds; an empty line is skipped.
    Json,
}

fn poll_interval() -> u64 {
    500
}

fn line_bytes() -> usize {
    1 << 20
}
