//! One connector.

use super::{ConverterSettings, List, Properties, SinkSettings, SourceSettings, Transform};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Unexpected},
};
use serde_json::value::RawValue;

/// A connector: records from topics to a sink, or from a source to topics.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// Sink connectors: the topics to read.
    #[serde(default)]
    pub topics: Option<List>,
    /// Sink connectors: a Rust regex that a topic's whole name must match to be read; instead of `topics`.
    #[serde(default, rename = "topics.regex")]
    pub topics_regex: Option<String>,
    /// Sink connectors: the consumer group. Default: `connect-` and the connector's name.
    #[serde(default, rename = "group.id")]
    pub group_id: Option<String>,
    /// Tasks at most. A sink has no more than partitions, a source always one.
    #[serde(default = "one", rename = "tasks.max")]
    #[schemars(range(min = 1, max = 1000))]
    pub tasks_max: usize,
    /// How keys are read or written. Default: `string`.
    #[serde(default)]
    pub key: Option<ConverterSettings>,
    /// How values are read or written. Default: `json`.
    #[serde(default)]
    pub value: Option<ConverterSettings>,
    /// How the values of headers are read or written. Default: `string`, with what is no UTF-8 replaced.
    #[serde(default)]
    pub header: Option<ConverterSettings>,
    /// SMTs, in the order they are applied.
    #[serde(default)]
    pub transforms: Vec<Transform>,
    /// What happens to a record that cannot be converted, transformed or delivered: `none` stops the task at it, `all` goes on,
    /// with a dead letter where a topic for them is named.
    #[serde(default, rename = "errors.tolerance")]
    pub errors_tolerance: Tolerance,
    /// Milliseconds to retry a failed conversion or transform of one record; 0 does not, -1 does without end.
    #[serde(default, rename = "errors.retry.timeout")]
    #[schemars(range(min = -1))]
    pub errors_retry_timeout: i64,
    /// Longest pause between two tries, in milliseconds.
    #[serde(default = "retry_delay_max", rename = "errors.retry.delay.max.ms")]
    #[schemars(range(min = 1))]
    pub errors_retry_delay_max_ms: u64,
    /// Log each record that failed.
    #[serde(default, rename = "errors.log.enable")]
    pub errors_log_enable: bool,
    /// Name topic, partition, offset and timestamp in that line; never key or value.
    #[serde(default, rename = "errors.log.include.messages")]
    pub errors_log_include_messages: bool,
    /// Topic for records that failed. It is created when absent, with one partition and with the producer's `message.max.bytes`
    /// (8388608 unless set) as its `max.message.bytes`: a dead letter is larger than its record.
    #[serde(default, rename = "errors.deadletterqueue.topic.name")]
    pub errors_deadletterqueue_topic_name: Option<String>,
    /// Its replication factor when it is created. Default: the broker's; Kafka Connect's 3 fails on a single broker.
    #[serde(default, rename = "errors.deadletterqueue.topic.replication.factor")]
    #[schemars(range(min = 1))]
    pub errors_deadletterqueue_topic_replication_factor: Option<i32>,
    /// Records that a sink may refuse in a window before the task stops instead of dead-lettering on: `100` of the
    /// last 1000, or `10%` of them. Default: no limit but for a batch that is refused whole with one code.
    #[serde(default, rename = "errors.reject.limit")]
    pub errors_reject_limit: Option<RejectLimit>,
    /// Partitions of a topic that the connector creates. Default: the broker's.
    #[serde(default, rename = "topic.creation.default.partitions")]
    #[schemars(range(min = 1))]
    pub topic_creation_default_partitions: Option<i32>,
    /// Its replication factor. Default: the broker's.
    #[serde(default, rename = "topic.creation.default.replication.factor")]
    #[schemars(range(min = 1))]
    pub topic_creation_default_replication_factor: Option<i32>,
    /// Records in one batch at most. A chain that needs more than a second for a batch gets fewer, so that the group hears of
    /// the task in time.
    #[serde(default = "batch_max_records", rename = "batch.max.records")]
    #[schemars(range(min = 1, max = 100_000))]
    pub batch_max_records: usize,
    /// Bytes that a task may hold: records read ahead, in batches and on their way to the sink.
    #[serde(default = "buffer_memory", rename = "task.buffer.bytes")]
    #[schemars(range(min = 1_048_576))]
    pub task_buffer_bytes: usize,
    /// librdkafka properties for this connector's consumers alone.
    #[serde(default, rename = "consumer.override")]
    pub consumer_override: Properties,
    /// librdkafka properties for this connector's producers alone.
    #[serde(default, rename = "producer.override")]
    pub producer_override: Properties,
    /// Where records go: a sink connector.
    #[serde(default)]
    pub sink: Option<SinkSettings>,
    /// Where records come from: a source connector.
    #[serde(default)]
    pub source: Option<SourceSettings>,
}

impl Connector {
    /// The consumer group of the connector of this name; Kafka Connect's default where none is set.
    pub fn group(&self, name: &str) -> String {
        self.group_id.clone().unwrap_or_else(|| format!("connect-{name}"))
    }
}

/// What happens to a record that fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tolerance {
    /// The task stops at it; what was before it is delivered and committed.
    #[default]
    None,
    /// The record goes to the dead letter topic, or is skipped where none is named, and the task goes on.
    All,
}

/// How many records a sink may refuse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RejectLimit {
    /// So many of the last 1000.
    Count(u32),
    /// This share of the last 1000, 0 to 1.
    Share(f64),
}

/// The key of a schema under which it says what it takes, where several schemas say it together.
pub(super) const IN_WORDS: &str = "x-takes";

/// What [`RejectLimit`] takes, in words.
const REJECT_LIMIT: &str =
    "a count of the last 1000 records, 0 to 1000, or a share of them, `0%` to `100%`";

fn one() -> usize {
    1
}

fn retry_delay_max() -> u64 {
    60_000
}

fn batch_max_records() -> usize {
    4_096
}

fn buffer_memory() -> usize {
    16 << 20
}

impl<'de> Deserialize<'de> for RejectLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By its text: a number that is read as anything is no number to serde_json where it keeps all digits.
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let text = serde_json::from_str::<String>(json.get());
        let text = text.as_deref().unwrap_or(json.get());
        let limit = match text.strip_suffix('%') {
            Some(share) => share.trim().parse().ok().and_then(Self::of_percent),
            None => text.parse().ok().and_then(Self::of_count),
        };
        limit.ok_or_else(|| de::Error::invalid_value(Unexpected::Str(text), &REJECT_LIMIT))
    }
}

impl RejectLimit {
    fn of_count(count: u32) -> Option<Self> {
        (count <= 1000).then_some(Self::Count(count))
    }

    fn of_percent(share: f64) -> Option<Self> {
        (0.0..=100.0).contains(&share).then_some(Self::Share(share / 100.0))
    }
}

impl JsonSchema for RejectLimit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RejectLimit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let share = "^(1000|[0-9]{1,3}|(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?) ?%)$";
        schemars::json_schema!({"anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 1000, IN_WORDS: REJECT_LIMIT},
            {"type": "string", "pattern": share, IN_WORDS: REJECT_LIMIT, "examples": ["100", "10%"]},
        ]})
    }
}
