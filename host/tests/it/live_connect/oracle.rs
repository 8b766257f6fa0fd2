//! Apache's classes in a Java process (`host/tests/connect/Oracle.java`), which `make live-deps` puts into the target directory.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use super::case::{Case, Outcome};
use crate::fetched;

/// Returns the oracle's directory, or what is missing and the line that brings it.
pub(super) fn find() -> Result<PathBuf, String> {
    let oracle = fetched::target().join("connect-oracle");
    if !oracle.join("classes/Oracle.class").exists() {
        return Err("Apache's transforms are not there; make live-deps fetches them".to_owned());
    }
    match Command::new("java").arg("-version").output() {
        Ok(said) if said.status.success() => Ok(oracle),
        Ok(_) | Err(_) => {
            Err("there is no working `java`; make live-deps says how to install one".to_owned())
        }
    }
}

/// Runs all cases in one process and returns an outcome for each.
pub(super) fn run(oracle: &Path, cases: &[Case]) -> Vec<Outcome> {
    let classes = std::env::join_paths([oracle.join("lib/*"), oracle.join("classes")]).unwrap();
    let mut java = Command::new("java");
    java.arg("-cp").arg(classes).arg("Oracle");
    let mut java =
        java.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut into = java.stdin.take().unwrap();
    let from = BufReader::new(java.stdout.take().unwrap());
    // The answers are read while the cases are written: neither pipe holds them all.
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        scope.spawn(move || {
            for case in cases {
                writeln!(into, "{}", request(case)).unwrap();
            }
        });
        from.lines().map(|line| outcome(&line.unwrap())).collect()
    });
    assert!(java.wait().unwrap().success(), "the oracle failed");
    assert_eq!(outcomes.len(), cases.len(), "one answer a case");
    outcomes
}

fn request(case: &Case) -> Value {
    let target = if case.on_key { "Key" } else { "Value" };
    let mut request = json!({
        "transform": format!("{}${target}", case.transform),
        "config": case.config,
        "topic": case.topic,
        "partition": case.partition,
        "offset": case.offset,
    });
    if let Some(timestamp) = case.timestamp {
        request["timestamp"] = timestamp.into();
    }
    for (name, payload) in [("key", &case.key), ("value", &case.value)] {
        if let Some(text) = payload {
            request[name] = text.as_str().into();
        }
    }
    request
}

fn outcome(line: &str) -> Outcome {
    let answer: Value = serde_json::from_str(line).unwrap();
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(error) = text("config_error") {
        Outcome::Refused(error)
    } else if let Some(error) = text("error") {
        Outcome::Failed(error)
    } else if let Some(topic) = text("topic") {
        Outcome::Passed { topic, key: text("key"), value: text("value") }
    } else {
        assert_eq!(answer, json!({"dropped": true}));
        Outcome::Dropped
    }
}
