//! The same case through the SMT that this tree ships under the name of Connect's.

use serde_json::{Value, json};

use super::case::{Case, Outcome};
use crate::apply;

/// Settings that are lists: ours take Connect's comma string, and a list as well.
const LISTS: [&str; 4] = ["fields", "include", "exclude", "renames"];

pub(super) fn run(case: &Case) -> Outcome {
    let record = apply::Record {
        topic: case.topic,
        partition: case.partition,
        offset: case.offset,
        timestamp: case.timestamp,
        key: case.key.as_deref(),
        value: case.value.as_deref(),
    };
    apply::one(&smt(case.transform), &settings(case), &record)
}

/// Returns the name of ours: `MaskField` is `mask-field`.
fn smt(transform: &str) -> String {
    let mut name = String::new();
    for (at, letter) in transform.char_indices() {
        if at > 0 && letter.is_uppercase() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// Returns Connect's settings as ours take them. Lists are written in both forms, by turns.
fn settings(case: &Case) -> Value {
    let as_list = case.config.values().map(String::len).sum::<usize>() % 2 == 0;
    let mut settings = json!({});
    for (name, text) in &case.config {
        settings[name] = match text.as_str() {
            "" if as_list && LISTS.contains(name) => json!([]),
            text if as_list && LISTS.contains(name) => text.split(',').map(str::trim).collect(),
            text => text.into(),
        };
    }
    if case.on_key {
        settings["target"] = "key".into();
    }
    settings
}
