//! A process that is killed between any two statements leaves what it had committed, and its successor goes on there.

use super::{COLUMN_N, Fixture, claim, identity, numbers, partition, put};
use crate::connectors::sqlite::{
    flush::{self, Load},
    offsets::{self, Key, Move},
    tables::Tables,
    writer,
};
use rusqlite::{Connection, TransactionBehavior};
use std::fs;

const ROWS: usize = 4;

/// A load of the rows 2 to 5, as the sink makes it, for whoever has claimed at `epoch`.
fn load(fixture: &Fixture, epoch: i64, connection: &mut Connection) -> Load {
    let mut tables = Tables::new(&fixture.settings(COLUMN_N)).unwrap();
    let batch = numbers(2..2 + i64::try_from(ROWS).unwrap());
    let mut load = Load::default();
    assert!(tables.read(&batch, batch.survivors(), &mut load).unwrap().is_empty());
    load.targets[0].ensure(connection, &fixture.path(), true).unwrap();
    let key = Key {
        connector: "orders-to-tables".to_owned(),
        partition: partition(0),
        identity: identity("first"),
    };
    load.moves.push(Move { key, epoch, from: Some(2), to: 6 });
    load
}

/// What the disk has of a database now: what a kill at this moment leaves.
fn image(fixture: &Fixture) -> Fixture {
    let image = Fixture::new();
    for suffix in ["", "-wal"] {
        let name = format!("test.db{suffix}");
        let (from, to) = (fixture.directory.path().join(&name), image.directory.path().join(&name));
        fs::copy(from, to).unwrap();
    }
    image
}

/// Goes on in what was left, and checks that each record is there once.
async fn recover(image: &Fixture, expected: i64) {
    let mut sink = image.sink(COLUMN_N);
    let stored = claim(&mut sink).await.unwrap();
    assert_eq!((stored, image.count("orders")), (expected, expected), "rows and offset agree");
    put(&mut sink, &numbers(stored..9), 9).await.unwrap();
    let all: Vec<String> = (0..9).map(|number| format!("Integer({number})")).collect();
    assert_eq!(image.select("SELECT n FROM orders ORDER BY rowid"), all);
}

#[tokio::test]
async fn a_kill_between_any_two_statements_loses_and_doubles_nothing() {
    for statements in 0..=ROWS + 2 {
        let fixture = Fixture::new();
        let mut sink = fixture.sink(COLUMN_N);
        claim(&mut sink).await;
        put(&mut sink, &numbers(0..2), 2).await.unwrap();
        let mut connection = writer::open(&fixture.path()).unwrap();
        let mut load = load(&fixture, 1, &mut connection);
        let lines = load.lines.clone();
        load.lines.truncate(statements.min(ROWS));
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        assert!(flush::insert(&transaction, &load).unwrap().is_empty());
        load.lines = lines;
        if statements > ROWS {
            assert!(offsets::advance(&transaction, &load.moves[0]).unwrap());
        }
        if statements > ROWS + 1 {
            transaction.commit().unwrap();
            recover(&image(&fixture), 6).await;
        } else {
            recover(&image(&fixture), 2).await;
        }
    }
}

#[tokio::test]
async fn a_zombie_that_wakes_up_before_its_last_statement_commits_nothing() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink(COLUMN_N);
    claim(&mut sink).await;
    put(&mut sink, &numbers(0..2), 2).await.unwrap();
    let mut connection = writer::open(&fixture.path()).unwrap();
    let load = load(&fixture, 1, &mut connection);
    claim(&mut fixture.sink(COLUMN_N)).await;
    let flushed = flush::flush(&mut connection, &load).unwrap();
    assert_eq!(flushed, flush::Flushed::Superseded(partition(0)));
    assert_eq!((fixture.count("orders"), fixture.offset()), (2, Some(2)));
}
