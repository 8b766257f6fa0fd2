//! Settings of the discard sink.

use schemars::JsonSchema;
use serde::Deserialize;

/// Nowhere.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardSink {
    /// Milliseconds that each record takes.
    #[serde(default, rename = "delay.ms")]
    pub delay_ms: u64,
}
