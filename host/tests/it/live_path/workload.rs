//! Workload 1 from Python's clients into tables; and a new topic by configuration alone.

use super::{
    load,
    process::{Home, eventually, root},
    scaled, tables,
};
use crate::{
    fetched,
    live::{needs, say},
    live_kafka,
};
use rusqlite::types::Value as Cell;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    process::Command,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_mins(2);

/// Topic, message, fields that a message cannot be without.
const MESSAGES: [(&str, &str, &str); 5] = [
    ("business-events", "BusinessEvent", "event_id, timestamp"),
    ("customer-events", "CustomerEvent", "customer_id, registered_at"),
    ("account-events", "AccountEvent", "account_id, updated_at"),
    ("trade-events", "TradeEvent", "trade_id, traded_at"),
    ("payment-events", "PaymentEvent", "payment_id, processed_at"),
];

/// What a table has beside the origin: column, type.
const COLUMNS: [&[(&str, &str)]; 5] = [
    &[
        ("event_id", "text"),
        ("business_unit", "text"),
        ("description", "text"),
        ("timestamp", "integer"),
    ],
    &[
        ("customer_id", "text"),
        ("name", "text"),
        ("email", "text"),
        ("business_unit", "text"),
        ("registered_at", "integer"),
    ],
    &[
        ("account_id", "text"),
        ("customer_id", "text"),
        ("business_unit", "text"),
        ("balance", "decimal"),
        ("updated_at", "integer"),
    ],
    &[
        ("trade_id", "text"),
        ("account_id", "text"),
        ("business_unit", "text"),
        ("amount", "decimal"),
        ("symbol", "text"),
        ("traded_at", "integer"),
    ],
    &[
        ("payment_id", "text"),
        ("account_id", "text"),
        ("business_unit", "text"),
        ("amount", "decimal"),
        ("method", "text"),
        ("processed_at", "integer"),
    ],
];

/// One message that Python's producer was told is there.
#[derive(serde::Deserialize)]
struct Produced {
    topic: String,
    partition: i64,
    offset: i64,
    kind: String,
    message: Option<BTreeMap<String, Value>>,
}

impl Produced {
    fn is_kept(&self) -> bool {
        let unit = self.message.as_ref().and_then(|message| message.get("business_unit"));
        self.kind == "event" && unit.is_some_and(|unit| unit == "BU1" || unit == "BU2")
    }

    fn origin(&self) -> (String, i64, i64) {
        (self.topic.clone(), self.partition, self.offset)
    }
}

fn configuration(prefix: &str, proto: &str) -> String {
    let mut messages = String::new();
    let mut table = String::new();
    for ((topic, message, required), columns) in MESSAGES.iter().zip(COLUMNS) {
        writeln!(
            messages,
            "          {prefix}{topic}: {{type: dataflow.{message}, required: [{required}]}}"
        )
        .unwrap();
        let name = topic.replace('-', "_");
        write!(
            table,
            "          {prefix}{topic}:\n            name: {name}\n            columns:\n"
        )
        .unwrap();
        for (name, kind) in columns {
            writeln!(table, "              - {{name: {name}, type: {kind}}}").unwrap();
        }
        table += "              - {name: kafka_partition, type: integer, metadata: partition}\n";
        table += "              - {name: kafka_offset, type: integer, metadata: offset}\n";
    }
    let topics: Vec<_> = MESSAGES.iter().map(|(topic, ..)| format!("{prefix}{topic}")).collect();
    format!(
        "schemas:
  protobuf: [{proto}]
connectors:
  events-to-warehouse:
    topics: [{topics}]
    group.id: {prefix}group
    tasks.max: 2
    value:
      protobuf:
        messages:
{messages}    transforms:
      - name: business-units
        smt: business-unit-filter
        config: {{allowed_business_units: [BU1, BU2]}}
    errors.tolerance: all
    errors.deadletterqueue.topic.name: {prefix}events-dlq
    sink:
      sqlite:
        path: warehouse.db
        tables:
{table}",
        topics = topics.join(", ")
    )
}

fn produce(python: &std::path::Path, bootstrap: &str, prefix: &str, count: usize) -> Vec<Produced> {
    let script = root().join("host/tests/live/events.py");
    let output = Command::new(python)
        .arg(script)
        .args(["--bootstrap", bootstrap, "--prefix", prefix, "--seed", "42"])
        .args(["--count", &count.to_string()])
        .arg("--proto")
        .arg(root().join("proto"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A cell as Python's JSON spells the field.
fn spelt(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Real(number) => Some(number.to_string()),
        Cell::Text(text) => Some(text.clone()),
        Cell::Blob(_) => panic!("no column is a blob"),
    }
}

fn same_number(left: &str, right: &str) -> bool {
    left == right || left.parse::<f64>().ok() == right.parse::<f64>().ok() && left.contains('.')
}

/// Compares a table with what was produced to its topic, value by value.
fn check_table(home: &Home, number: usize, prefix: &str, produced: &[Produced]) -> usize {
    let (topic, columns) = (MESSAGES[number].0, COLUMNS[number]);
    let name = topic.replace('-', "_");
    let rows = tables::rows(&home.path("warehouse.db"), &format!("SELECT * FROM {name}"));
    let full = format!("{prefix}{topic}");
    let kept = produced.iter().filter(|line| line.topic == full && line.is_kept());
    let mut expected: BTreeMap<(i64, i64), &Produced> =
        kept.map(|line| ((line.partition, line.offset), line)).collect();
    for row in &rows {
        let [.., Cell::Integer(partition), Cell::Integer(offset)] = row.as_slice() else {
            panic!("{name}: {row:?}")
        };
        let line = expected
            .remove(&(*partition, *offset))
            .unwrap_or_else(|| panic!("{name}: {row:?} is not to be there, or is there twice"));
        let message = line.message.as_ref().unwrap();
        for ((column, _), cell) in columns.iter().zip(row) {
            let wanted = message
                .get(*column)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            let is = spelt(cell);
            let same = match (&wanted, &is) {
                (Some(wanted), Some(is)) => same_number(wanted, is),
                (wanted, is) => wanted == is,
            };
            assert!(same, "{name}.{column} of {partition}/{offset}: {is:?} instead of {wanted:?}");
        }
    }
    assert!(expected.is_empty(), "{name} lacks {} rows", expected.len());
    rows.len()
}

#[test]
fn workload_1_is_in_the_tables_exactly() {
    let suite = "workload 1 by Python's clients";
    let Some(kafka) = live_kafka::kafka(suite) else { return };
    let Some(python) = needs(suite, fetched::python()) else { return };
    let prefix = load::unique("w1") + ".";
    for (topic, ..) in MESSAGES {
        load::create_topic(kafka.bootstrap(), &format!("{prefix}{topic}"), 3);
    }
    let proto = root().join("proto");
    let home = Home::new(kafka.bootstrap(), &configuration(&prefix, proto.to_str().unwrap()));
    let transom = home.run("one", &[]);
    let produced = produce(&python, kafka.bootstrap(), &prefix, scaled(50_000));
    let total = u64::try_from(produced.len()).unwrap();
    eventually(
        "all is read and settled",
        PATIENCE,
        || transom.log(),
        || {
            let sums = transom.counts("events-to-warehouse");
            sums.read >= total && sums.in_flight == 0
        },
    );
    let sums = transom.counts("events-to-warehouse");
    transom.stop();

    let bad: BTreeSet<_> =
        produced.iter().filter(|line| line.kind != "event").map(Produced::origin).collect();
    let rows: usize = (0..5).map(|number| check_table(&home, number, &prefix, &produced)).sum();
    let letters = load::read_all(kafka.bootstrap(), &format!("{prefix}events-dlq"));
    let origins: BTreeSet<_> = letters
        .iter()
        .map(|letter| {
            let header = |name: &str| letter.headers[&format!("__connect.errors.{name}")].clone();
            assert_eq!(header("stage"), "VALUE_CONVERTER", "{:?}", letter.headers);
            (
                header("topic"),
                header("partition").parse().unwrap(),
                header("offset").parse().unwrap(),
            )
        })
        .collect();
    assert_eq!(origins, bad);
    assert_eq!(
        sums.read,
        sums.delivered + sums.dropped + sums.dead_lettered + sums.skipped,
        "{sums:?}"
    );
    assert_eq!((sums.read, sums.delivered), (total, u64::try_from(rows).unwrap()));
    assert_eq!(sums.dead_lettered, u64::try_from(bad.len()).unwrap());
    say(&format!("{suite}: {total} read, {rows} rows in five tables, {} dead letters", bad.len()));
}

#[test]
fn a_new_topic_needs_configuration_alone() {
    let suite = "a new topic with a new .proto";
    let Some(kafka) = live_kafka::kafka(suite) else { return };
    let topic = load::unique("refunds");
    load::create_topic(kafka.bootstrap(), &topic, 1);
    let home = Home::new(
        kafka.bootstrap(),
        &format!(
            "schemas: {{protobuf: [schemas/]}}
connectors:
  refunds:
    topics: [{topic}]
    value: {{protobuf: {{messages: {{{topic}: {{type: shop.Refund, required: [id]}}}}}}}}
    sink: {{sqlite: {{path: refunds.db, tables: {{{topic}: {{name: refunds}}}}}}}}
"
        ),
    );
    fs::create_dir(home.path("schemas")).unwrap();
    let proto =
        "syntax = \"proto3\"; package shop; message Refund { string id = 1; sint64 cents = 2; }";
    fs::write(home.path("schemas/refund.proto"), proto).unwrap();
    // Field 1: "R1"; field 2, zigzag: -250.
    load::produce(kafka.bootstrap(), &topic, 0..1, |_| b"\x0a\x02R1\x10\xf3\x03".to_vec());
    let transom = home.run("one", &[]);
    let database = home.path("refunds.db");
    eventually(
        "the refund is there",
        PATIENCE,
        || transom.log(),
        || tables::number(&database, "SELECT count(*) FROM refunds") == 1,
    );
    let rows = tables::rows(&database, "SELECT RECORD_CONTENT FROM refunds");
    assert_eq!(rows, [[Cell::Text(r#"{"id":"R1","cents":-250}"#.to_owned())]]);
    transom.stop();
}
