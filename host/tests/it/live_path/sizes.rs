//! Records as large as a broker takes, and larger than a topic does.

use super::{
    load,
    process::{Home, eventually},
};
use crate::live_kafka;
use std::time::Duration;
use transom_runtime::status::State;

const PATIENCE: Duration = Duration::from_mins(2);

/// Sizes of values: librdkafka's own bound, and nearly the 1 048 588 bytes of a batch that a broker takes by default.
const LIBRDKAFKA: usize = 1_000_000;
const BROKER: usize = 1_048_400;

/// Values of the topic, by offset: how large, and whether it is JSON.
const VALUES: [(usize, bool); 5] =
    [(LIBRDKAFKA, true), (LIBRDKAFKA, false), (BROKER, true), (BROKER, false), (20, true)];

fn value((size, is_json): (usize, bool)) -> Vec<u8> {
    let mut value = vec![b'x'; size];
    value[0] = b'"';
    if is_json {
        value[size - 1] = b'"';
    }
    value
}

/// Three copies of a topic. Of `narrow` the copy takes no large record, of `stuck` the topic for dead letters is one that was
/// there before.
fn configuration(topic: &str) -> String {
    let connector = |name: &str, more: &str| {
        format!(
            "  {name}:
    topics: [{topic}]
    group.id: {topic}-{name}
    errors.tolerance: all
    errors.deadletterqueue.topic.name: {topic}-{name}-letters
    sink: {{kafka: {{topic: {topic}-{name}}}}}
{more}"
        )
    };
    // Records that are refused together with one code would stop the task.
    let alone = "    batch.max.records: 1\n";
    let (wide, narrow, stuck) =
        (connector("wide", ""), connector("narrow", alone), connector("stuck", ""));
    format!("offset.flush.interval.ms: 200\nconnectors:\n{wide}{narrow}{stuck}")
}

/// What a topic holds, in short.
fn sizes(bootstrap: &str, topic: &str) -> Vec<(usize, bool)> {
    let size = |read: load::Read| {
        let value = read.value.unwrap();
        (value.len(), value.ends_with(b"\""))
    };
    load::read_all(bootstrap, topic).into_iter().map(size).collect()
}

#[test]
fn what_the_broker_took_is_passed_on_or_becomes_a_letter_or_says_what_to_raise() {
    let Some(kafka) = live_kafka::kafka("large records") else { return };
    let (bootstrap, topic) = (kafka.bootstrap(), load::unique("large"));
    load::create_topic(bootstrap, &topic, 1);
    load::create_topic_with(
        bootstrap,
        &format!("{topic}-narrow"),
        1,
        &[("max.message.bytes", "500000")],
    );
    load::create_topic(bootstrap, &format!("{topic}-stuck-letters"), 1);
    load::produce(bootstrap, &topic, 0..VALUES.len(), |number| value(VALUES[number]));
    let home = Home::new(bootstrap, &configuration(&topic));
    let transom = home.run("one", &[]);
    let is_settled = |name| {
        let sums = transom.counts(name);
        (sums.read, sums.in_flight) == (5, 0)
    };
    let stopped = || {
        let status = transom.status()?;
        let stuck = status.connectors.into_iter().find(|connector| connector.name == "stuck")?;
        let task = stuck.tasks.into_iter().next()?;
        (task.state == State::Failed).then_some(task.reason.unwrap_or_default())
    };
    let mut reason = None;
    eventually(
        "all is settled",
        PATIENCE,
        || format!("{:?}\n{}", transom.status(), transom.log()),
        || {
            reason = reason.take().or_else(stopped);
            is_settled("wide") && is_settled("narrow") && reason.is_some()
        },
    );

    let copy = |name: &str| sizes(bootstrap, &format!("{topic}-{name}"));
    let [first, first_broken, second, second_broken, small] = VALUES;
    assert_eq!(copy("wide"), [first, second, small]);
    assert_eq!(copy("wide-letters"), [first_broken, second_broken]);
    assert_eq!(copy("narrow"), [small]);
    assert_eq!(copy("narrow-letters"), [first, first_broken, second, second_broken]);
    let refused = load::read_all(bootstrap, &format!("{topic}-narrow-letters"));
    let says = format!(
        "1000001 bytes with key and headers are too many for topic `{topic}-narrow`; raise its `max.message.bytes`"
    );
    let message = &refused[0].headers["__connect.errors.exception.message"];
    assert!(message.starts_with(&says), "{message}");

    // Neither lost nor passed: the operator hears what to do.
    let reason = reason.unwrap();
    let says = format!(
        "the dead letter of offset 3 of `{topic}-0` was refused by topic `{topic}-stuck-letters`"
    );
    let way_out = "raise its `max.message.bytes`";
    assert!(reason.contains(&says) && reason.contains(way_out), "{reason}");
    let committed = load::committed(bootstrap, &format!("{topic}-stuck"), &topic, 1);
    assert!(committed[&0] <= 3, "{committed:?}");
    assert_eq!(transom.end().code(), Some(1), "a task had failed");
}
