//! Settings of the console sink.

use super::FileFormat;
use schemars::JsonSchema;
use serde::Deserialize;

/// Standard output.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsoleSink {
    /// What a line holds.
    #[serde(default)]
    pub format: FileFormat,
}
