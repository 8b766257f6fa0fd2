//! Settings of the datagen source.

use crate::config::TimestampUnit;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap, fmt};

/// Made-up messages: each goes to one of the topics, picked at random with equal chance, and is drawn field by field.
///
/// A restart goes on where it stood. Without `seed` each run makes other messages, with other sequence numbers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatagenSource {
    /// The message that each topic carries: a name under `messages`.
    pub topics: BTreeMap<String, MessageName>,
    /// What messages are made of, by name: each field with the kind of value it gets, in the order in which they are written.
    pub messages: BTreeMap<String, MessageFields>,
    /// Tables that fields are drawn from, by name: rows of values by column. A message draws one row of each table that it uses.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<serde_json::Map<String, serde_json::Value>>>")]
    pub tables: BTreeMap<String, Vec<BTreeMap<String, Box<RawValue>>>>,
    /// Milliseconds between two messages: a number, or `{min: …, max: …}` to draw each pause from. 0 is as fast as it goes. Default:
    /// 200, quick enough to watch and slow enough to forget.
    #[serde(default, rename = "interval.ms")]
    pub interval_ms: Interval,
    /// Messages until the source ends. Default: without end. A source that had ended makes as many again when the program is started
    /// again.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub count: Option<u64>,
    /// Makes runs repeatable: each has the same messages, sequence numbers from 1 included; only times differ. Default: another for each
    /// run.
    #[serde(default)]
    pub seed: Option<u64>,
    /// How often a message is `poison.message` instead, on the topic that was picked for it: with 200, messages 200, 400 and so on, counted
    /// from 0. 0 is never.
    #[serde(default, rename = "poison.interval.messages")]
    pub poison_interval_messages: u64,
    /// The message that topics do not carry: a name under `messages`.
    #[serde(default, rename = "poison.message")]
    pub poison_message: Option<String>,
    /// The topic under whose name the value converter is asked to write poison; protobuf's `messages` maps it to a message type. Default:
    /// the topic that was picked.
    #[serde(default, rename = "poison.converter.topic")]
    pub poison_converter_topic: Option<String>,
    /// Print each message on standard output: topic, name, JSON, and `poison` behind one that is.
    #[serde(default)]
    pub print: bool,
    /// Print topic, partition and offset of each message once it is durable, and for one that fails a line with the reason.
    #[serde(default, rename = "print.deliveries")]
    pub print_deliveries: bool,
}

/// The name of a message, as `messages` has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MessageName(pub String);

/// Fields of a message with their values, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct MessageFields(pub Vec<(String, FieldValue)>);

/// What a field gets: a choice, as in `id: {uuid: {}}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldValue {
    /// A random UUID, version 4.
    Uuid(#[serde(default)] Uuid),
    /// One of these values, each equally likely; `null` leaves the field out.
    #[serde(rename = "one.of")]
    OneOf(#[schemars(with = "Vec<serde_json::Value>")] Vec<Box<RawValue>>),
    /// Always this value.
    Constant(#[schemars(with = "serde_json::Value")] Box<RawValue>),
    /// A whole number.
    Integer(IntegerRange),
    /// A number with so many decimals, all of them written: `100.00`.
    Decimal(DecimalRange),
    /// Random hex digits with a text around them.
    Hex(HexDigits),
    /// The time at which the message is made.
    Now(TimestampUnit),
    /// A time within the last days, to the second.
    Recent(RecentTime),
    /// A column of the row that the message has drawn of a table.
    Row(RowColumn),
    /// A text and a number that no other message has, each one above that before. Numbers begin at the time of the first start, in
    /// microseconds since 1970, so that no run has those of another; with `seed` they begin at 1. What a process that died had under
    /// way comes again as it was, with its numbers.
    Sequence(#[serde(default)] Sequence),
}

/// A random UUID. There is nothing to set.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uuid {}

/// Whole numbers, each equally likely.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntegerRange {
    /// The least.
    pub min: i64,
    /// The greatest; it may be drawn as well.
    pub max: i64,
}

/// Numbers with decimals, each equally likely.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecimalRange {
    /// The least, a whole number.
    pub min: i64,
    /// The greatest, a whole number; it may be drawn as well.
    pub max: i64,
    /// Decimals. Default: 2, as money has.
    #[serde(default = "cents")]
    #[schemars(range(min = 1, max = 9))]
    pub digits: u32,
}

/// Hex digits in lower case.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HexDigits {
    /// How many.
    #[schemars(range(min = 1, max = 64))]
    pub digits: usize,
    /// Text before them.
    #[serde(default)]
    pub prefix: String,
    /// Text behind them.
    #[serde(default)]
    pub suffix: String,
}

/// A time that is not long ago.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecentTime {
    /// It lies within so many days of 24 hours.
    #[schemars(range(min = 1, max = 36500))]
    pub days: u32,
    /// How it is spelt. Default: `iso8601`, in UTC with a `Z`.
    #[serde(default = "iso8601", rename = "as")]
    pub spelling: TimestampUnit,
}

/// A column of a table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowColumn {
    /// The table: a name under `tables`.
    pub table: String,
    /// The column; every row has it.
    pub column: String,
}

/// Numbers that go up by one from message to message.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Text before the number.
    #[serde(default)]
    pub prefix: String,
}

/// Pauses between messages, in milliseconds; a day at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Interval {
    /// Each is so long.
    Fixed(u64),
    /// Each is drawn.
    Drawn(IntervalRange),
}

/// Pauses, each equally likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntervalRange {
    /// The shortest, in milliseconds.
    #[schemars(range(max = 86_400_000))]
    pub min: u64,
    /// The longest, in milliseconds; it may be drawn as well.
    #[schemars(range(max = 86_400_000))]
    pub max: u64,
}

fn cents() -> u32 {
    2
}

fn iso8601() -> TimestampUnit {
    TimestampUnit::Iso8601
}

impl Default for Interval {
    fn default() -> Self {
        Self::Fixed(200)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By its text: a number that is read as anything is no number to serde_json where it keeps all digits.
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let read = if text.get().starts_with('{') {
            serde_json::from_str(text.get()).map(Self::Drawn)
        } else {
            serde_json::from_str(text.get()).map(Self::Fixed)
        };
        read.map_err(de::Error::custom)
    }
}

impl JsonSchema for Interval {
    fn schema_name() -> Cow<'static, str> {
        "Interval".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let range = generator.subschema_for::<IntervalRange>();
        json_schema!({"anyOf": [{"type": "integer", "minimum": 0, "maximum": 86_400_000}, range]})
    }
}

impl<'de> Deserialize<'de> for MessageFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = MessageFields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("fields with their values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MessageFields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(MessageFields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl JsonSchema for MessageFields {
    fn schema_name() -> Cow<'static, str> {
        "MessageFields".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, FieldValue>::json_schema(generator)
    }
}
