//! Python's clients: librdkafka by way of confluent-kafka, and kafka-python, which shares no code with it.

use std::process::Command;

use crate::support::Node;
use crate::{fetched, live};

fn run(script: &str) {
    let suite = format!("Python client {script}");
    let Some(python) = live::needs(&suite, fetched::python()) else { return };
    let node = Node::start();
    let path = format!("{}/tests/clients/{script}.py", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python).arg(path).arg(node.address().to_string()).output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} failed:\n{out}\n{err}");
}

#[test]
fn confluent_kafka_administers() {
    run("confluent_admin");
}

#[test]
fn confluent_kafka_shares_work() {
    run("confluent_group");
}

#[test]
fn kafka_python_reads_what_it_writes() {
    run("kafka_python");
}
