//! A slow sink and a long backlog: memory is bounded by the task's budget, not by the topic.

use super::{
    load,
    process::{Home, eventually, pause},
    scaled,
};
use crate::{live::say, live_kafka};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn a_slow_sink_holds_no_more_than_its_budget() {
    let suite = "a sink that takes 50 ms a record, behind a backlog";
    let Some(kafka) = live_kafka::kafka(suite) else { return };
    let topic = load::unique("backlog");
    load::create_topic(kafka.bootstrap(), &topic, 4);
    // 500 000 records of 2 KB are 1 GB.
    let records = scaled(500_000);
    let pad = "x".repeat(1_980);
    load::produce(kafka.bootstrap(), &topic, 0..records, |number| {
        format!("{{\"id\":{number},\"pad\":\"{pad}\"}}").into_bytes()
    });
    let home = Home::new(
        kafka.bootstrap(),
        &format!(
            "connectors:
  slow:
    topics: [{topic}]
    transforms:
      - {{name: where, smt: insert-field, config: {{partition.field: p, offset.field: o}}}}
    sink: {{discard: {{delay.ms: 50}}}}
"
        ),
    );
    let transom = home.run("one", &[]);
    eventually(
        "records are in flight",
        PATIENCE,
        || transom.log(),
        || transom.counts("slow").in_flight > 0,
    );
    pause(Duration::from_secs(if std::env::var_os("TRANSOM_SOAK").is_some() { 60 } else { 8 }));
    let peak = transom.peak_memory();
    say(&format!("{suite} of {} MB: {} MB resident at most", records * 2 / 1000, peak / 1_000_000));
    assert!(peak < 128_000_000, "{peak} bytes");
    transom.stop();
}
