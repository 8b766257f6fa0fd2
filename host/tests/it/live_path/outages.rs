//! A broker that dies and comes back, a sink that is away, a put that takes longer than the group's patience.

use super::{
    load,
    process::{Home, eventually, pause},
    tables,
};
use crate::{
    live::{needs, say},
    live_kafka,
};
use std::{thread, time::Duration};
use transom_runtime::status::State;

const PATIENCE: Duration = Duration::from_mins(3);

fn configuration(topic: &str, properties: &str) -> String {
    format!(
        "offset.flush.interval.ms: 500
connectors:
  outage:
    topics: [{topic}]
    consumer.override: {{{properties}}}
    errors.tolerance: all
    errors.deadletterqueue.topic.name: {topic}-dlq
    sink:
      sqlite:
        path: out.db
        tables: {{{topic}: {{name: rows, columns: [{{name: id, type: integer}}]}}}}
"
    )
}

fn value(number: usize) -> Vec<u8> {
    format!("{{\"id\":{number}}}").into_bytes()
}

#[test]
fn a_broker_that_dies_under_load_costs_nothing() {
    let suite = "a broker killed and restarted under load";
    let Some(mut kafka) = needs(suite, live_kafka::broker::Kafka::start()) else { return };
    let soak = std::env::var_os("TRANSOM_SOAK").is_some();
    let (records, deaths) = if soak { (100_000, 10) } else { (10_000, 1) };
    let bootstrap = kafka.bootstrap().to_owned();
    let topic = load::unique("outage");
    load::create_topic(&bootstrap, &topic, 3);
    let home = Home::new(&bootstrap, &configuration(&topic, "session.timeout.ms: 6000"));
    let transom = home.run("one", &[]);
    let database = home.path("out.db");
    let count = || tables::number(&database, "SELECT count(*) FROM rows");
    thread::scope(|scope| {
        scope.spawn(|| {
            let step = records / (deaths * 20);
            for start in (0..records).step_by(step) {
                load::produce(&bootstrap, &topic, start..start + step, value);
                pause(Duration::from_millis(100));
            }
        });
        for _ in 0..deaths {
            pause(Duration::from_secs(3));
            kafka.kill();
            pause(Duration::from_secs(1));
            kafka.restart();
        }
    });
    eventually(
        "all is there",
        PATIENCE,
        || transom.log(),
        || count() >= i64::try_from(records).unwrap(),
    );
    let sums = transom.counts("outage");
    transom.stop();
    let ids = tables::number(&database, "SELECT count(DISTINCT id) FROM rows");
    assert_eq!((count(), ids), (i64::try_from(records).unwrap(), i64::try_from(records).unwrap()));
    assert_eq!(sums.dead_lettered, 0, "{sums:?}");
    say(&format!("{suite}: {deaths} times, {records} records, each once, no dead letter"));
}

#[test]
fn a_sink_that_is_away_drains_nothing_and_rebalances_nothing() {
    let suite = "a sink that is away for longer than max.poll.interval.ms";
    let Some(kafka) = live_kafka::kafka(suite) else { return };
    let soak = std::env::var_os("TRANSOM_SOAK").is_some();
    let away = Duration::from_secs(if soak { 120 } else { 12 });
    let topic = load::unique("away");
    load::create_topic(kafka.bootstrap(), &topic, 1);
    load::produce(kafka.bootstrap(), &topic, 0..100, value);
    let home = Home::new(
        kafka.bootstrap(),
        &configuration(&topic, "session.timeout.ms: 6000, max.poll.interval.ms: 10000"),
    );
    let transom = home.run("one", &[]);
    let database = home.path("out.db");
    let count = || tables::number(&database, "SELECT count(*) FROM rows");
    eventually("the first are there", PATIENCE, || transom.log(), || count() == 100);
    let rebalances = |metrics: &str| {
        metrics.lines().find(|line| line.contains("rebalances_total{")).map(str::to_owned)
    };
    let before = rebalances(&transom.ask("/metrics").unwrap());

    let mut lock = rusqlite::Connection::open(&database).unwrap();
    lock.busy_timeout(PATIENCE).unwrap();
    let held = lock.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    load::produce(kafka.bootstrap(), &topic, 100..5_000, value);
    eventually(
        "the task says what it waits for",
        PATIENCE,
        || transom.log(),
        || {
            let status = transom.status().unwrap();
            let task = &status.connectors[0].tasks[0];
            task.state == State::Degraded
                && task.reason.as_deref().unwrap_or_default().contains("out.db")
        },
    );
    pause(away);
    held.rollback().unwrap();
    eventually("the rest is there", PATIENCE, || transom.log(), || count() == 5_000);
    assert_eq!(rebalances(&transom.ask("/metrics").unwrap()), before);
    assert!(before.is_some(), "there is a count of rebalances");
    eventually(
        "the task is well again",
        PATIENCE,
        || transom.log(),
        || transom.status().unwrap().connectors[0].tasks[0].state == State::Running,
    );
    let sums = transom.counts("outage");
    assert_eq!((sums.read, sums.delivered, sums.dead_lettered), (5_000, 5_000, 0), "{sums:?}");
    transom.stop();
    assert_eq!(tables::number(&database, "SELECT count(DISTINCT id) FROM rows"), 5_000);
    say(&format!("{suite}: {away:?}, nothing lost, nothing dead-lettered, no rebalance"));
}
