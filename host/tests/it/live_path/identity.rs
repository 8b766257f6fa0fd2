//! A topic that is not the same any more: the task fails and names the figures; nothing is skipped in silence.

use super::{
    load,
    process::{Home, Transom, eventually},
    tables,
};
use crate::live_kafka;
use std::{fs, time::Duration};
use transom_runtime::status::State;

const PATIENCE: Duration = Duration::from_mins(1);

/// Delivers what is there, and ends.
fn deliver(home: &Home, name: &str, rows: i64) {
    let transom = home.run(name, &[]);
    let database = home.path("out.db");
    eventually(
        "all is there",
        PATIENCE,
        || transom.log(),
        || {
            let committed = transom.status().is_some_and(|status| {
                let partitions = |name: usize| status.connectors[name].tasks[0].partitions.clone();
                [partitions(0), partitions(1)]
                    .concat()
                    .iter()
                    .all(|partition| partition.lag == Some(0))
            });
            committed && tables::number(&database, "SELECT count(*) FROM rows") >= rows
        },
    );
    transom.stop();
}

/// The reason for which each connector's task has failed, once so many have.
fn reasons(transom: &Transom, tasks: usize) -> Vec<String> {
    let mut reasons = Vec::new();
    let wanted = tasks;
    eventually(
        "the tasks fail",
        PATIENCE,
        || transom.log(),
        || {
            let Some(status) = transom.status() else { return false };
            let tasks = status.connectors.iter().map(|connector| &connector.tasks[0]);
            reasons = tasks
                .filter(|task| task.state == State::Failed)
                .map(|task| task.reason.clone().unwrap_or_default())
                .collect();
            reasons.len() == wanted
        },
    );
    reasons
}

fn check(reasons: &[String], parts: &[&str]) {
    for reason in reasons {
        for part in parts.iter().chain(&["transom offsets show", "transom offsets reset"]) {
            assert!(reason.contains(part), "`{reason}` does not say `{part}`");
        }
    }
}

#[test]
fn a_topic_made_anew_fails_the_task() {
    let Some(kafka) = live_kafka::kafka("a topic made anew") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("anew"));
    load::create_topic(bootstrap, &topic, 1);
    load::produce(bootstrap, &topic, 0..50, load::value);
    let home = Home::new(bootstrap, &load::table_and_lines(&topic));
    deliver(&home, "before", 50);
    load::delete_topic(bootstrap, &topic);
    eventually("it can be made again", PATIENCE, String::new, || {
        std::panic::catch_unwind(|| load::create_topic(bootstrap, &topic, 1)).is_ok()
    });
    // More than before: the offset alone would look right.
    load::produce(bootstrap, &topic, 0..80, load::value);
    // Kafka forgets what a group had committed when a topic is deleted: what can tell is the sink's own offset.
    let transom = home.run("after", &["--connector", "table"]);
    check(&reasons(&transom, 1), &[&topic, "50", "80"]);
    assert_eq!(transom.end().code(), Some(1));
    assert_eq!(tables::number(&home.path("out.db"), "SELECT count(*) FROM rows"), 50);
}

#[test]
fn a_topic_made_anew_under_a_running_task_fails_it() {
    let Some(kafka) = live_kafka::kafka("a topic made anew while it is read") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("swapped"));
    load::create_topic(bootstrap, &topic, 1);
    load::produce(bootstrap, &topic, 0..50, load::value);
    let home = Home::new(bootstrap, &load::table_and_lines(&topic));
    let transom = home.run("one", &[]);
    let rows = || tables::number(&home.path("out.db"), "SELECT count(*) FROM rows");
    eventually("all is there", PATIENCE, || transom.log(), || rows() == 50);
    load::delete_topic(bootstrap, &topic);
    eventually("it can be made again", PATIENCE, String::new, || {
        std::panic::catch_unwind(|| load::create_topic(bootstrap, &topic, 1)).is_ok()
    });
    // More than before. A task that looks before they come sees that its offset is not there, and one that looks later that the
    // topic is another one: whichever it is, none reads on as if nothing had happened.
    load::produce(bootstrap, &topic, 0..80, load::value);
    check(&reasons(&transom, 2), &[&topic]);
    assert_eq!(transom.end().code(), Some(1));
}

#[test]
fn a_log_without_the_next_record_fails_the_task() {
    let Some(kafka) = live_kafka::kafka("a truncated topic") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("cut"));
    load::create_topic(bootstrap, &topic, 1);
    load::produce(bootstrap, &topic, 0..50, load::value);
    let home = Home::new(bootstrap, &load::table_and_lines(&topic));
    deliver(&home, "before", 50);
    load::produce(bootstrap, &topic, 50..100, load::value);
    load::delete_records(bootstrap, &topic, 70);
    let transom = home.run("after", &[]);
    check(&reasons(&transom, 2), &[&topic, "50", "70", "100"]);
    assert_eq!(transom.end().code(), Some(1));
    assert_eq!(tables::number(&home.path("out.db"), "SELECT count(*) FROM rows"), 50);
}

#[test]
fn an_older_database_goes_on_where_it_stands_or_fails() {
    let Some(kafka) = live_kafka::kafka("a restored database") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("restored"));
    load::create_topic(bootstrap, &topic, 1);
    load::produce(bootstrap, &topic, 0..50, load::value);
    let home = Home::new(bootstrap, &load::table_and_lines(&topic));
    deliver(&home, "before", 50);
    let (database, copy) = (home.path("out.db"), home.path("copy.db"));
    fs::copy(&database, &copy).unwrap();
    load::produce(bootstrap, &topic, 50..100, load::value);
    deliver(&home, "later", 100);
    let restore = || {
        for end in ["-wal", "-shm"] {
            drop(fs::remove_file(home.path(&format!("out.db{end}"))));
        }
        fs::copy(&copy, &database).unwrap();
    };
    // The log still has what the database lacks: it is read again, once.
    restore();
    deliver(&home, "restored", 100);
    let ids = "SELECT count(DISTINCT json_extract(RECORD_CONTENT, '$.id')) FROM rows";
    assert_eq!(
        (tables::number(&database, ids), tables::number(&database, "SELECT count(*) FROM rows")),
        (100, 100)
    );
    // The log has lost it.
    restore();
    load::delete_records(bootstrap, &topic, 60);
    let transom = home.run("lost", &["--connector", "table"]);
    eventually(
        "the task fails",
        PATIENCE,
        || transom.log(),
        || {
            let Some(status) = transom.status() else { return false };
            let task = &status.connectors[0].tasks[0];
            let reason = task.reason.clone().unwrap_or_default();
            task.state == State::Failed
                && ["50", "60", "100"].iter().all(|figure| reason.contains(figure))
        },
    );
    assert_eq!(transom.end().code(), Some(1));
    assert_eq!(tables::number(&database, "SELECT count(*) FROM rows"), 50);
}
