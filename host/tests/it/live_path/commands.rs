//! What an operator does to connectors beside their process: dead letters, offsets, signals.

use super::{
    load,
    process::{Home, Transom, eventually},
    tables,
};
use crate::live_kafka;
use rusqlite::types::Value as Cell;
use rustix::process::Signal;
use serde_json::Value;
use std::{fs, time::Duration};
use transom_runtime::status::State;

const PATIENCE: Duration = Duration::from_mins(1);

/// Runs a command to its end: what it printed, and its exit code.
fn command(home: &Home, arguments: &[&str]) -> (String, i32) {
    let output = home.command(arguments).output().unwrap();
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (printed, output.status.code().unwrap())
}

/// Runs a command that does what it was asked for, and says so in these words.
#[track_caller]
fn says(home: &Home, arguments: &[&str], words: &[&str]) -> String {
    let (printed, code) = command(home, arguments);
    assert_eq!(code, 0, "{arguments:?}: {printed}");
    for word in words {
        assert!(printed.contains(word), "{arguments:?} does not say `{word}`: {printed}");
    }
    printed
}

/// A table that takes records with an `id` alone; `transforms` are those of its connector.
fn picky(topic: &str, transforms: &str) -> String {
    format!(
        "offset.flush.interval.ms: 200
connectors:
  picky:
    topics: [{topic}]
    transforms: [{transforms}]
    errors.tolerance: all
    errors.deadletterqueue.topic.name: {topic}-letters
    sink:
      sqlite:
        path: out.db
        tables: {{{topic}: {{name: rows, columns: [{{name: id, type: integer, required: true}}]}}}}
"
    )
}

#[test]
fn poison_reaches_the_table_once_its_cause_is_mended() {
    let Some(kafka) = live_kafka::kafka("dead letters by command") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("poison"));
    load::create_topic(bootstrap, &topic, 1);
    load::produce(bootstrap, &topic, 0..5, |number| match number {
        3 => b"{\"ident\":3}".to_vec(),
        4 => b"{\"id\":".to_vec(),
        _ => load::value(number),
    });
    let home = Home::new(bootstrap, &picky(&topic, ""));
    let transom = home.run("one", &[]);
    let settled = |read| {
        let sums = transom.counts("picky");
        sums.read == read && sums.in_flight == 0
    };
    eventually("all is settled", PATIENCE, || transom.log(), || settled(5));
    transom.stop();

    let sum = format!("2 dead letters of `picky` in `{topic}-letters`");
    let (absent, broken) = (format!("{topic}/0/3"), format!("{topic}/0/4"));
    says(
        &home,
        &["dlq", "list", "picky"],
        &[&sum, &absent, "TASK_PUT", &broken, "VALUE_CONVERTER"],
    );
    let json = says(&home, &["dlq", "list", "picky", "--json", "--stage", "TASK_PUT"], &[]);
    let letter: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&letter["topic"], &letter["offset"]), (&topic.clone().into(), &3.into()));
    says(
        &home,
        &["dlq", "show", "picky", "--origin", &absent],
        &["key: 3", "value: {\"ident\":3}"],
    );
    says(&home, &["dlq", "show", "picky", "--origin", "other"], &["no such dead letter"]);

    let rename = "{name: rename, smt: replace-field, config: {renames: [\"ident:id\"]}}";
    home.configure(&picky(&topic, rename));
    let replay = ["dlq", "replay", "picky", "--stage", "TASK_PUT"];
    says(&home, &[&replay[..], &["--dry-run"]].concat(), &["1 records of", "would be written"]);
    says(&home, &replay, &["1 records of", "were written"]);
    let transom = home.run("two", &[]);
    let database = home.path("out.db");
    let count = || tables::number(&database, "SELECT count(*) FROM rows");
    eventually("the record is there", PATIENCE, || transom.log(), || count() == 4);
    transom.stop();
    let ids: Vec<_> = tables::rows(&database, "SELECT id FROM rows ORDER BY id").concat();
    assert_eq!(ids, [0, 1, 2, 3].map(Cell::Integer));
    // Letters stay where they are, and nothing new has failed.
    says(&home, &["dlq", "list", "picky"], &[&sum]);
}

/// Rows of the table, and lines of the files.
fn delivered(home: &Home) -> (i64, usize) {
    let files = fs::read_dir(home.path("lines")).into_iter().flatten();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let lines = texts.map(|text| text.lines().count()).sum();
    (tables::number(&home.path("out.db"), "SELECT count(*) FROM rows"), lines)
}

/// Runs until so much is there and committed.
fn deliver(home: &Home, name: &str, records: usize) -> Transom {
    let transom = home.run(name, &[]);
    let wanted = (i64::try_from(records).unwrap(), records);
    let is_done = || {
        let tasks = transom.status().into_iter().flat_map(|status| status.connectors);
        let partitions = tasks.flat_map(|mut connector| connector.tasks.remove(0).partitions);
        let lags: Vec<_> = partitions.map(|partition| partition.lag).collect();
        lags == [Some(0), Some(0)] && delivered(home) == wanted
    };
    eventually(
        "all is there",
        PATIENCE,
        || format!("{:?}\n{}", delivered(home), transom.log()),
        is_done,
    );
    transom
}

#[test]
fn offsets_are_set_while_nothing_runs() {
    let Some(kafka) = live_kafka::kafka("offsets by command") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("offsets"));
    load::create_topic(bootstrap, &topic, 1);
    load::produce(bootstrap, &topic, 0..10, load::value);
    let home = Home::new(bootstrap, &load::table_and_lines(&topic));
    let reset = |name, to| ["offsets", "reset", name, "--to", to];
    let transom = deliver(&home, "one", 10);
    for name in ["table", "lines"] {
        let (printed, code) = command(&home, &reset(name, "earliest"));
        assert!(code == 1 && printed.contains("stop the connector first"), "{printed}");
    }
    transom.stop();

    let at = |next: i64| {
        format!("{topic}-0: the sink has {next}, the group has {next}; the log has 0 to 10")
    };
    let lines = |next: i64| format!("{topic}-0: the group has {next}; the log has 0 to 10");
    says(&home, &["offsets", "show"], &[&at(10), &lines(10), "0 behind"]);
    let (printed, code) = command(&home, &reset("table", "11"));
    assert!(code == 2 && printed.contains("has 0 to 10; nothing was changed"), "{printed}");
    let (printed, code) =
        command(&home, &[&reset("table", "0")[..], &["--partition", "1"]].concat());
    assert!(code == 2 && printed.contains("reads no such partition"), "{printed}");
    says(&home, &["offsets", "show"], &[&at(10), &lines(10)]);

    for name in ["table", "lines"] {
        says(&home, &reset(name, "earliest"), &[&format!("{name} goes on at 0 of {topic}-0")]);
    }
    says(&home, &["offsets", "show"], &[&at(0), &lines(0), "10 behind"]);
    deliver(&home, "two", 20).stop();
    let json = says(&home, &["offsets", "show", "table", "--json"], &[]);
    let shown: Value = serde_json::from_str(&json).unwrap();
    let partition = &shown[0]["partitions"][0];
    assert_eq!((&partition["sink"], &partition["latest"]), (&10.into(), &10.into()), "{json}");
}

#[test]
fn a_topic_made_anew_is_read_after_a_reset() {
    let Some(kafka) = live_kafka::kafka("a reset after a topic was made anew") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("mended"));
    load::create_topic(bootstrap, &topic, 1);
    load::produce(bootstrap, &topic, 0..10, load::value);
    let home = Home::new(bootstrap, &load::table_and_lines(&topic));
    deliver(&home, "before", 10).stop();
    load::delete_topic(bootstrap, &topic);
    eventually("it can be made again", PATIENCE, String::new, || {
        std::panic::catch_unwind(|| load::create_topic(bootstrap, &topic, 1)).is_ok()
    });
    load::produce(bootstrap, &topic, 0..15, load::value);
    let transom = home.run("after", &["--connector", "table"]);
    let has_failed = || {
        let tasks = transom.status().map(|mut status| status.connectors.remove(0).tasks);
        tasks.is_some_and(|tasks| tasks[0].state == State::Failed)
    };
    eventually("the task fails", PATIENCE, || transom.log(), has_failed);
    assert_eq!(transom.end().code(), Some(1));

    says(&home, &["offsets", "show", "table"], &["belongs to an earlier topic of this name"]);
    says(&home, &["offsets", "reset", "table", "--to", "earliest"], &["table goes on at 0"]);
    let shown = says(&home, &["offsets", "show", "table"], &["the sink has 0", "15 behind"]);
    assert!(!shown.contains("earlier topic"), "{shown}");
    let transom = home.run("mended", &["--connector", "table"]);
    eventually("all is there", PATIENCE, || transom.log(), || delivered(&home).0 == 25);
    transom.stop();
}

#[test]
fn a_source_begins_anew_only_after_it_has_stopped() {
    let Some(kafka) = live_kafka::kafka("a source's positions by command") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("lines"));
    load::create_topic(bootstrap, &topic, 1);
    // A name of its own: positions of all sources are in one topic.
    let configuration = format!(
        "connectors: {{{topic}: {{source: {{file: {{path: in.txt, topic: {topic}}}}}}}}}\n"
    );
    let home = Home::new(bootstrap, &configuration);
    fs::write(home.path("in.txt"), "one\ntwo\n").unwrap();
    let read_to = |name: &str, records: usize| {
        let transom = home.run(name, &[]);
        let is_done = || load::read_all(bootstrap, &topic).len() == records;
        eventually("the lines are there", PATIENCE, || transom.log(), is_done);
        transom
    };
    let transom = read_to("one", 2);
    let reset = ["offsets", "reset", &topic, "--to", "earliest"];
    let (printed, code) = command(&home, &reset);
    assert!(code == 1 && printed.contains("stop the connector first"), "{printed}");
    transom.stop();
    says(&home, &["offsets", "show"], &["in.txt"]);
    says(&home, &reset, &["begins anew; 1 positions were forgotten"]);
    says(&home, &["offsets", "show"], &["no position is stored"]);
    read_to("two", 4).stop();
}

#[test]
fn a_second_signal_leaves_at_once() {
    let Some(kafka) = live_kafka::kafka("a second signal") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("slow"));
    load::create_topic(bootstrap, &topic, 1);
    load::produce(bootstrap, &topic, 0..10, load::value);
    // Neither the sink nor the time it is given comes to an end within this test.
    let slow = format!(
        "offset.flush.timeout.ms: 3600000
connectors: {{slow: {{topics: [{topic}], sink: {{discard: {{delay.ms: 3600000}}}}}}}}
"
    );
    let home = Home::new(bootstrap, &slow);
    let mut transom = home.run("one", &[]);
    let is_under_way = || transom.counts("slow").in_flight > 0;
    eventually("records are under way", PATIENCE, || transom.log(), is_under_way);
    transom.signal(Signal::TERM);
    let heard = || transom.log().contains("a second signal leaves at once");
    eventually("the first is heard", PATIENCE, || transom.log(), heard);
    transom.signal(Signal::INT);
    let status = transom.ended(PATIENCE);
    let log = transom.log();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.ends_with("transom: left before what was in flight was finished\n"), "{log}");
}
