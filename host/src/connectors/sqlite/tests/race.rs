//! Several tasks, each with a connection of its own as in processes of their own, take a partition from each other.

use super::{COLUMN_N, Fixture, claim_as, identity, numbers, partition, put};
use crate::connectors::sqlite::{SqliteSink, tables::Tables, writer::Writer};
use std::{sync::Arc, thread};
use transom_core::{
    connector::{Class, Sink},
    topic::StoredOffset,
};

const TASKS: usize = 4;
const RECORDS: i64 = 120;
const PER_PUT: i64 = 5;

/// Writes down every change of the offsets in the order of commits: what is rolled back leaves no trace.
const AUDIT: &str =
    "CREATE TABLE audit (number INTEGER PRIMARY KEY AUTOINCREMENT, epoch, next_offset);
    CREATE TRIGGER claimed AFTER INSERT ON transom_offsets BEGIN
        INSERT INTO audit (epoch, next_offset) VALUES (new.epoch, new.next_offset); END;
    CREATE TRIGGER moved AFTER UPDATE ON transom_offsets BEGIN
        INSERT INTO audit (epoch, next_offset) VALUES (new.epoch, new.next_offset); END;";

/// A task that claims, writes a few batches, and gives way, until all is written.
async fn work(mut sink: SqliteSink, task: usize) {
    let assigned = [(partition(0), identity("first"))];
    for round in 0_i64.. {
        let claimed: Vec<StoredOffset> = loop {
            match sink.claim(&assigned).await {
                Ok(claimed) => break claimed,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
        };
        let mut next = claimed[0].offset.unwrap_or(0);
        let turn = 1 + (round + i64::try_from(task).unwrap()) % 3;
        for _ in 0..turn {
            if next >= RECORDS {
                return;
            }
            let batch = numbers(next..next + PER_PUT);
            let outcome = loop {
                match put(&mut sink, &batch, next + PER_PUT).await {
                    Err(error) if error.is_transient() => {}
                    outcome => break outcome,
                }
            };
            match outcome {
                Ok(rejections) => assert!(rejections.is_empty()),
                Err(error) => {
                    assert_eq!(error.class, Class::Superseded, "{error}");
                    break;
                }
            }
            next += PER_PUT;
        }
    }
}

#[tokio::test]
async fn epochs_never_go_back_and_no_record_is_lost_or_doubled() {
    let fixture = Fixture::new();
    let mut first = fixture.sink(COLUMN_N);
    claim_as(&mut first, "first").await;
    first.close().await.unwrap();
    fixture.connection().execute_batch(AUDIT).unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let writer = Arc::new(Writer::spawn(fixture.path()).unwrap());
            let tables = Tables::new(&fixture.settings(COLUMN_N)).unwrap();
            let sink = SqliteSink::with(writer, tables, "orders-to-tables", &task.to_string());
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(work(sink, task));
            })
        })
        .collect();
    for task in tasks {
        task.join().unwrap();
    }
    let all: Vec<String> = (0..RECORDS).map(|number| format!("Integer({number})")).collect();
    assert_eq!(fixture.select("SELECT n FROM orders ORDER BY rowid"), all);
    let went_back = "SELECT count(*) FROM audit later JOIN audit before ON before.number = later.number - 1
        WHERE later.epoch < before.epoch OR coalesce(later.next_offset, 0) < coalesce(before.next_offset, 0)";
    assert_eq!(fixture.select(went_back), ["Integer(0)"]);
    let claims = fixture.select("SELECT max(epoch) >= 4 FROM audit");
    assert_eq!(claims, ["Integer(1)"], "the tasks did take turns");
}
