//! Settings of the Kafka sink.

use super::super::{ConverterSettings, Properties};
use schemars::JsonSchema;
use serde::Deserialize;

/// Kafka: records to topics of this cluster or another.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KafkaSink {
    /// The topic: text in which `${topic}` stands for the record's own, as transforms left it.
    #[serde(default = "own_topic")]
    pub topic: String,
    /// The other cluster: `bootstrap.servers` and any other librdkafka property. Default: the cluster that is read from.
    #[serde(default)]
    pub cluster: Option<Properties>,
    /// How keys are written that a transform changed. Default: as they are read.
    #[serde(default)]
    pub key: Option<ConverterSettings>,
    /// How values are written that a transform changed. Default: as they are read.
    #[serde(default)]
    pub value: Option<ConverterSettings>,
    /// Keep the partition's number, instead of choosing by key.
    #[serde(default, rename = "keep.partition")]
    pub keep_partition: bool,
}

impl Default for KafkaSink {
    fn default() -> Self {
        Self { topic: own_topic(), cluster: None, key: None, value: None, keep_partition: false }
    }
}

fn own_topic() -> String {
    "${topic}".to_owned()
}
