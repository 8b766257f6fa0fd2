//! The same case through the SMT that this tree ships under the name of Connect's, in the sandbox.

use serde_json::{Value, json};
use transom::shipped;
use transom::wasm::{InitError, Limits, Module, Runtime, WasmTransform};
use transom_core::batch::Batch;
use transom_core::chain::{Chain, Stage};
use transom_core::record::{NewRecord, RecordId, Verdict};

use super::case::{Case, Outcome};

/// Settings that are lists: ours take Connect's comma string, and a list as well.
const LISTS: [&str; 4] = ["fields", "include", "exclude", "renames"];

/// Loads ours: `mask-field` for `MaskField`.
pub(super) fn load(transform: &str) -> Module {
    let mut name = String::new();
    for (at, letter) in transform.char_indices() {
        if at > 0 && letter.is_uppercase() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    let bytes = shipped::find(&name).unwrap_or_else(|| panic!("`{name}` is not shipped"));
    Runtime::new(Limits::default(), None).unwrap().load(bytes).unwrap()
}

pub(super) fn run(module: &Module, case: &Case) -> Outcome {
    let transform = match WasmTransform::new(module, settings(case).to_string().as_bytes()) {
        Ok(transform) => Box::new(transform),
        Err(InitError::Refused { message, .. }) => {
            return Outcome::Refused(message);
        }
        Err(error) => panic!("{case}\ncannot be configured: {error}"),
    };
    let mut chain = Chain::new(vec![Stage { name: "ours".to_owned(), predicate: None, transform }]);
    let mut batch = Batch::default();
    batch.push(&NewRecord {
        topic: case.topic,
        partition: Some(case.partition),
        offset: Some(case.offset),
        timestamp: case.timestamp,
        key: case.key.as_deref().map(str::as_bytes),
        value: case.value.as_deref().map(str::as_bytes),
        ..NewRecord::default()
    });
    chain.run(&mut batch).unwrap();
    match (batch.verdict(0), batch.survivors()) {
        (Verdict::Passed, &[record]) => passed(&batch, record),
        (Verdict::Dropped { .. }, []) => Outcome::Dropped,
        (Verdict::Failed(failure), []) => {
            Outcome::Failed(format!("{}: {}", failure.code, failure.message))
        }
        (verdict, survivors) => panic!("{case}\n{verdict:?} with {} survivors", survivors.len()),
    }
}

fn passed(batch: &Batch, record: RecordId) -> Outcome {
    let (mut key, mut value) = (Vec::new(), Vec::new());
    batch.write_key(record, &mut key);
    batch.write_value(record, &mut value);
    let text = |absent: bool, bytes: Vec<u8>| (!absent).then(|| String::from_utf8(bytes).unwrap());
    Outcome::Passed {
        topic: batch.topic(record).to_owned(),
        key: text(batch.has_no_key(record), key),
        value: text(batch.is_tombstone(record), value),
    }
}

/// Returns Connect's settings as ours take them. Lists are written in both forms, by turns.
fn settings(case: &Case) -> Value {
    let as_list = case.config.values().map(String::len).sum::<usize>().is_multiple_of(2);
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
