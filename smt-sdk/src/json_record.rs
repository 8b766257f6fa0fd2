//! The first door: one record as a tree, in the shape of `@record`.

use crate::error::{SettingsError, SmtError};
use crate::json::Json;
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
        Self::from_json(&tree).ok_or_else(|| {
            SmtError::new(Self::UNREADABLE, "`@record`: not in the shape of a record")
        })
    }

    fn from_json(tree: &Json) -> Option<Self> {
        let mut record = Self::default();
        for (name, value) in tree.members() {
            match name.as_str() {
                "topic" => value.as_str()?.clone_into(&mut record.topic),
                "partition" => record.partition = Some(number(value)?),
                "offset" => record.offset = Some(number(value)?),
                "timestamp" => record.timestamp = Some(number(value)?),
                "key" => record.key = Some(value.clone()),
                "value" => record.value = Some(value.clone()),
                "headers" => record.headers = headers(value)?,
                _ => return None,
            }
        }
        Some(record)
    }
}

impl fmt::Display for JsonRecord {
    /// Writes the record in the shape of `@record`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: i64| Json::Number(number.to_string());
        let members = [
            ("topic", Some(Json::String(self.topic.clone()))),
            ("partition", self.partition.map(|partition| number(partition.into()))),
            ("offset", self.offset.map(number)),
            ("timestamp", self.timestamp.map(number)),
            ("key", self.key.clone()),
            ("value", self.value.clone()),
            ("headers", (!self.headers.is_empty()).then(|| self.header_list())),
        ];
        let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Json::Object(there.collect()).fmt(f)
    }
}

impl JsonRecord {
    fn header_list(&self) -> Json {
        let header = |(name, value): &(String, Option<Json>)| {
            let mut members = vec![("key".to_owned(), Json::String(name.clone()))];
            members.extend(value.clone().map(|value| ("value".to_owned(), value)));
            Json::Object(members)
        };
        Json::Array(self.headers.iter().map(header).collect())
    }
}

fn number<N: std::str::FromStr>(value: &Json) -> Option<N> {
    if let Json::Number(text) = value { text.parse().ok() } else { None }
}

fn headers(list: &Json) -> Option<Vec<(String, Option<Json>)>> {
    let Json::Array(items) = list else { return None };
    let header =
        |item: &Json| Some((item.get("key")?.as_str()?.to_owned(), item.get("value").cloned()));
    items.iter().map(header).collect()
}
