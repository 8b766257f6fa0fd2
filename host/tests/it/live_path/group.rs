//! Three processes of one group on six partitions, members that come, go and freeze.

use super::{
    load,
    process::{Home, Transom, eventually, pause},
    scaled, tables,
};
use crate::{live::say, live_kafka};
use rustix::process::Signal;
use std::{thread, time::Duration};

const PATIENCE: Duration = Duration::from_mins(3);

fn configuration(topic: &str) -> String {
    format!(
        "offset.flush.interval.ms: 500
connectors:
  shared:
    topics: [{topic}]
    group.id: {topic}-group
    consumer.override: {{session.timeout.ms: 6000}}
    transforms:
      - {{name: where, smt: insert-field, config: {{partition.field: p, offset.field: o}}}}
    sink:
      sqlite:
        path: shared.db
        tables:
          {topic}:
            name: rows
            columns: [{{name: id, type: integer}}, {{name: p, type: integer}}, {{name: o, type: integer}}]
"
    )
}

/// From now on each change of a stored offset is written down, in the order of the commits.
fn audit(home: &Home) {
    let connection = rusqlite::Connection::open(home.path("shared.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    let sql = "CREATE TABLE audit (number INTEGER PRIMARY KEY, partition INTEGER, epoch INTEGER);
        CREATE TRIGGER watch AFTER UPDATE ON transom_offsets
        BEGIN INSERT INTO audit (partition, epoch) VALUES (NEW.partition, NEW.epoch); END;";
    connection.execute_batch(sql).unwrap();
}

fn member(home: &Home, number: usize) -> Transom {
    home.run(&format!("member-{number}"), &[])
}

#[test]
fn members_that_come_go_and_freeze_neither_lose_nor_double() {
    let suite = "three processes on six partitions";
    let Some(kafka) = live_kafka::kafka(suite) else { return };
    let bootstrap = kafka.bootstrap();
    let records = scaled(200_000);
    let topic = load::unique("shared");
    load::create_topic(bootstrap, &topic, 6);
    let home = Home::new(bootstrap, &configuration(&topic));
    let database = home.path("shared.db");
    let count = || tables::number(&database, "SELECT count(*) FROM rows");

    thread::scope(|scope| {
        scope.spawn(|| {
            let step = records / 40;
            for start in (0..records).step_by(step) {
                load::produce(bootstrap, &topic, start..start + step, |number| {
                    format!("{{\"id\":{number}}}").into_bytes()
                });
                pause(Duration::from_millis(400));
            }
        });
        let first = member(&home, 0);
        eventually("the first rows are there", PATIENCE, || first.log(), || count() > 0);
        audit(&home);
        let second = member(&home, 1);
        let third = member(&home, 2);
        for member in [&second, &third] {
            eventually(
                "it has partitions",
                PATIENCE,
                || member.log(),
                || member.log().contains("reading begins"),
            );
        }
        second.stop();
        let fourth = member(&home, 3);
        pause(Duration::from_secs(2));
        // Frozen for longer than the session: its partitions go to others, and it does not know.
        first.signal(Signal::STOP);
        pause(Duration::from_secs(9));
        first.signal(Signal::CONT);
        third.kill();
        eventually(
            "all is there",
            PATIENCE,
            || first.log() + &fourth.log(),
            || count() >= i64::try_from(records).unwrap(),
        );
        pause(Duration::from_secs(2));
        first.stop();
        fourth.stop();
    });

    let records = i64::try_from(records).unwrap();
    let distinct =
        tables::number(&database, "SELECT count(*) FROM (SELECT DISTINCT p, o FROM rows)");
    let ids = tables::number(&database, "SELECT count(DISTINCT id) FROM rows");
    assert_eq!((count(), distinct, ids), (records, records, records));
    let back = "SELECT count(*) FROM audit a JOIN audit b ON a.partition = b.partition AND a.number < b.number AND a.epoch > b.epoch";
    assert_eq!(tables::number(&database, back), 0, "an epoch went back in commit order");
    let epochs = tables::number(&database, "SELECT sum(epoch) FROM transom_offsets");
    say(&format!("{suite}: {records} records, each once; {epochs} claims, no epoch went back"));
}
