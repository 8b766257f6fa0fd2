//! The first door: one record as a tree, in the shape of `@record`.

use crate::error::{SettingsError, SmtError};
use crate::json::{Json, write_text};
use crate::record::Record;
use crate::settings::Settings;
use crate::slots::Metadata;
use std::fmt;

/// Settings of a function that [`export_fn!`](crate::export_fn) exports.
pub trait FromSettings: Sized {
    /// Reads them; runs once per instance.
    ///
    /// # Errors
    /// [`SettingsError`] where a setting is wrong. The connector then does not start.
    fn from_settings(settings: &mut Settings<'_>) -> Result<Self, SettingsError>;
}

impl FromSettings for () {
    fn from_settings(_: &mut Settings<'_>) -> Result<Self, SettingsError> {
        Ok(())
    }
}

/// One record. Numbers keep their spelling, members their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonRecord {
    /// The topic.
    pub topic: String,
    /// The partition; absent for a source record that chose none.
    pub partition: Option<i32>,
    /// The offset; absent for a source record. Changing it changes nothing.
    pub offset: Option<i64>,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The key; nothing where the record has none.
    pub key: Option<Json>,
    /// The value; nothing for a tombstone.
    pub value: Option<Json>,
    /// The headers in order: name, and value where it has one. A name may be there several times.
    pub headers: Vec<(String, Option<Json>)>,
}

impl JsonRecord {
    /// Code of a record that holds what a tree cannot keep: half of a surrogate pair, in any string.
    pub const UNREADABLE: &'static str = "record-unreadable";

    /// Reads the slot `@record`.
    ///
    /// # Errors
    /// [`UNREADABLE`](Self::UNREADABLE) where a tree cannot hold the record.
    pub fn read(record: &Record<'_>, slot: Metadata) -> Result<Self, SmtError> {
        let text = record.raw(slot).unwrap_or("{}");
        let tree = Json::parse(text)
            .map_err(|error| SmtError::new(Self::UNREADABLE, format!("`@record`: {error}")))?;
        Self::from_json(tree).ok_or_else(|| {
            SmtError::new(Self::UNREADABLE, "`@record`: not in the shape of a record")
        })
    }

    fn from_json(tree: Json) -> Option<Self> {
        let Json::Object(members) = tree else { return None };
        let mut record = Self::default();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("topic", Json::String(topic)) => record.topic = topic,
                ("partition", value) => record.partition = Some(number(&value)?),
                ("offset", value) => record.offset = Some(number(&value)?),
                ("timestamp", value) => record.timestamp = Some(number(&value)?),
                ("key", value) => record.key = Some(value),
                ("value", value) => record.value = Some(value),
                ("headers", Json::Array(items)) => {
                    record.headers = items.into_iter().map(header).collect::<Option<_>>()?;
                }
                _ => return None,
            }
        }
        Some(record)
    }

    fn write(&self, to: &mut String) {
        to.push_str("{\"topic\":");
        write_text(&self.topic, to);
        let numbers = [
            (",\"partition\":", self.partition.map(i64::from)),
            (",\"offset\":", self.offset),
            (",\"timestamp\":", self.timestamp),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                to.push_str(name);
                to.push_str(&number.to_string());
            }
        }
        for (name, tree) in [(",\"key\":", &self.key), (",\"value\":", &self.value)] {
            if let Some(tree) = tree {
                to.push_str(name);
                tree.write(to);
            }
        }
        for (at, (name, value)) in self.headers.iter().enumerate() {
            to.push_str(if at == 0 { ",\"headers\":[{\"key\":" } else { ",{\"key\":" });
            write_text(name, to);
            if let Some(value) = value {
                to.push_str(",\"value\":");
                value.write(to);
            }
            to.push('}');
        }
        to.push_str(if self.headers.is_empty() { "}" } else { "]}" });
    }
}

impl fmt::Display for JsonRecord {
    /// Writes the record in the shape of `@record`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

fn number<N: std::str::FromStr>(value: &Json) -> Option<N> {
    if let Json::Number(text) = value { text.parse().ok() } else { None }
}

fn header(item: Json) -> Option<(String, Option<Json>)> {
    let Json::Object(members) = item else { return None };
    let (mut name, mut value) = (None, None);
    for member in members {
        match member {
            (key, Json::String(text)) if key == "key" => name = Some(text),
            (key, found) if key == "value" => value = Some(found),
            _ => return None,
        }
    }
    Some((name?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_a_round_trip() {
        for text in [
            r#"{"topic":"t"}"#,
            r#"{"topic":"t","partition":0,"offset":7,"timestamp":5,"key":null,"value":{"a":1.10}}"#,
            r#"{"topic":"t","headers":[{"key":"h","value":[1]},{"key":"é\n"}]}"#,
        ] {
            let record = JsonRecord::from_json(Json::parse(text).unwrap()).unwrap();
            assert_eq!(record.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for text in
            ["1", r#"{"topik":1}"#, r#"{"topic":1}"#, r#"{"headers":[{}]}"#, r#"{"offset":1.5}"#]
        {
            assert_eq!(JsonRecord::from_json(Json::parse(text).unwrap()), None, "{text}");
        }
    }
}
