//! Streams as settings describe them: both reference workloads, whole and in parts.

use super::{Flaw, Message, Start, Stream, problems};
use crate::config::{
    Config, DatagenSource, Environment, Interval, IntervalRange, Place, SourceSettings, load,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const EVENTS: &str = include_str!("../../../../examples/datagen-events.yaml");
const ORDERS: &str = include_str!("../../../../examples/datagen-orders.yaml");

/// 2023-10-01T12:34:56.789Z.
const NOW_MS: i64 = 1_696_163_696_789;
const START: Start = Start { again: true, seed: 1, now_ms: NOW_MS };

struct Variables(&'static [(&'static str, &'static str)]);

impl Environment for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }

    fn file(&self, _: &str) -> Result<String, String> {
        Err("there are no files".to_owned())
    }
}

fn configuration(yaml: &str, variables: &'static [(&'static str, &'static str)]) -> Config {
    let loaded = load(yaml, "connectors.yaml", &Variables(variables));
    assert_eq!(loaded.problems, []);
    loaded.config.unwrap()
}

fn example(yaml: &str, variables: &'static [(&'static str, &'static str)]) -> DatagenSource {
    let config = configuration(yaml, variables);
    let sources = config.connectors.into_values().filter_map(|connector| connector.source);
    let mut settings = sources.filter_map(|source| match source {
        SourceSettings::Datagen(settings) => Some(settings),
        SourceSettings::File(_) => None,
    });
    settings.next().unwrap()
}

/// Settings with one topic, `t`, whose message has these fields.
fn fields(fields: &Value) -> DatagenSource {
    settings(&json!({"topics": {"t": "M"}, "messages": {"M": fields}}))
}

fn settings(settings: &Value) -> DatagenSource {
    serde_json::from_str(&settings.to_string()).unwrap()
}

fn flaws(settings: &DatagenSource) -> Vec<Flaw> {
    problems(settings, &Place::default())
}

/// A message that outlives the next.
#[derive(Debug, Clone, PartialEq)]
struct Owned {
    topic: String,
    name: String,
    converter_topic: Option<String>,
    is_poison: bool,
    text: String,
    position: String,
}

impl Owned {
    fn of(message: Message<'_>) -> Self {
        Self {
            topic: message.topic.to_owned(),
            name: message.name.to_owned(),
            converter_topic: message.converter_topic.map(str::to_owned),
            is_poison: message.is_poison,
            text: String::from_utf8(message.value.to_vec()).unwrap(),
            position: message.position.to_owned(),
        }
    }

    fn field(&self, name: &str) -> Option<Value> {
        let value: Value = serde_json::from_str(&self.text).unwrap();
        value.get(name).cloned()
    }
}

fn take(stream: &mut Stream, count: usize) -> Vec<Owned> {
    let next = || stream.next_message(NOW_MS).map(Owned::of);
    std::iter::from_fn(next).take(count).collect()
}

fn messages(settings: &DatagenSource, count: usize) -> Vec<Owned> {
    take(&mut Stream::new(settings, None, START).unwrap(), count)
}

/// The values of the one field `f` of many messages, as they are spelt, and how often each comes. Absent ones are empty.
fn spellings(value: &Value, count: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for message in messages(&fields(&json!({"f": value})), count) {
        let text = message.text.trim_start_matches("{\"f\":").trim_matches(['{', '}']);
        *counts.entry(text.to_owned()).or_default() += 1;
    }
    counts
}

mod fields;
mod runs;
mod workloads;
