//! The sink on real files. `contract` holds it against its trait, `crash` kills it between any two statements; `race` has several at once.

mod contract;
mod crash;
mod race;

use super::{OffsetRow, Reset, SqliteSink, offsets, reset, writer::Writer};
use rusqlite::Connection;
use std::{
    fs,
    future::{Future, poll_fn},
    ops::Range,
    path::PathBuf,
    pin::pin,
    sync::Arc,
    task::Poll,
};
use tempfile::TempDir;
use transom_core::{
    batch::Batch,
    config,
    connector::{Class, ConnectorError, Put, Rejection, Sink},
    record::NewRecord,
    topic::{Offsets, StoredOffset, TopicIdentity, TopicPartition},
};

/// A directory with a database.
struct Fixture {
    directory: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("test.db")
    }

    fn settings(&self, rest: &str) -> config::SqliteSink {
        let path = serde_json::to_string(self.path().to_str().unwrap()).unwrap();
        serde_json::from_str(&format!("{{\"path\":{path}{rest}}}")).unwrap()
    }

    /// A sink with these settings beside the path.
    fn sink(&self, rest: &str) -> SqliteSink {
        SqliteSink::new(&self.settings(rest), "orders-to-tables", "test").unwrap()
    }

    fn connection(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// What a query selects, a line for each row.
    fn select(&self, sql: &str) -> Vec<String> {
        let connection = self.connection();
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map((), |row| {
            let value = |column| row.get_ref(column).map(|value| format!("{value:?}"));
            Ok((0..columns).map(|column| value(column).unwrap()).collect::<Vec<_>>().join(" "))
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.connection().query_row(&sql, (), |row| row.get(0)).unwrap()
    }

    fn offset(&self) -> Option<i64> {
        offsets(&self.path()).unwrap()[0].next_offset
    }
}

fn partition(number: i32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition: number }
}

fn identity(topic: &str) -> TopicIdentity {
    TopicIdentity { cluster: "cluster".to_owned(), topic: topic.to_owned() }
}

async fn claim(sink: &mut SqliteSink) -> Option<i64> {
    claim_as(sink, "first").await.offset
}

async fn claim_as(sink: &mut SqliteSink, topic: &str) -> StoredOffset {
    sink.claim(&[(partition(0), identity(topic))]).await.unwrap().remove(0)
}

/// Records of partition 0 with these values, from an offset on.
fn batch(first: i64, values: &[&str]) -> Batch {
    let mut batch = Batch::default();
    for (offset, value) in (first..).zip(values) {
        batch.push(&NewRecord {
            topic: "orders",
            partition: Some(0),
            offset: Some(offset),
            timestamp: Some(0),
            value: Some(value.as_bytes()),
            ..NewRecord::default()
        });
    }
    batch
}

/// Records whose values are their offsets.
fn numbers(range: Range<i64>) -> Batch {
    let values: Vec<String> = range.clone().map(|number| format!("{{\"n\":{number}}}")).collect();
    batch(range.start, &values.iter().map(String::as_str).collect::<Vec<_>>())
}

async fn put(
    sink: &mut SqliteSink,
    batch: &Batch,
    to: i64,
) -> Result<Vec<Rejection>, ConnectorError> {
    let through = Offsets::from([(partition(0), to)]);
    sink.put(Put { batch, records: batch.survivors(), through: &through }).await
}

const COLUMN_N: &str =
    r#","tables":{"orders":{"columns":[{"name":"n","type":"integer","required":true}]}}"#;

#[tokio::test]
async fn rows_and_offsets_are_written_together() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink("");
    assert_eq!(claim(&mut sink).await, None);
    let value = " { \"a\" : 1.10 , \"a\":\"\\u00e9\" } ";
    let batch = batch(0, &[value]);
    assert_eq!(put(&mut sink, &batch, 1).await.unwrap(), []);
    let destination = sink.destination(&batch, batch.survivors()[0]);
    assert_eq!(destination.as_deref(), Some("table `orders`"));
    let rows: Vec<(String, String)> = fixture
        .connection()
        .prepare("SELECT RECORD_CONTENT, RECORD_METADATA FROM orders")
        .unwrap()
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let metadata = r#"{"CreateTime":0,"topic":"orders","partition":0,"offset":0}"#;
    assert_eq!(rows, [(value.to_owned(), metadata.to_owned())]);
    let expected = OffsetRow {
        connector: "orders-to-tables".to_owned(),
        partition: partition(0),
        identity: identity("first"),
        next_offset: Some(1),
        epoch: 1,
        owner: "test".to_owned(),
    };
    assert_eq!(offsets(&fixture.path()).unwrap(), [expected]);
    assert_eq!(claim(&mut fixture.sink("")).await, Some(1));
}

#[tokio::test]
async fn an_empty_put_moves_offsets_alone() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink("");
    claim(&mut sink).await;
    for to in [5, 5, 9] {
        assert_eq!(put(&mut sink, &Batch::default(), to).await.unwrap(), []);
        assert_eq!(fixture.offset(), Some(to));
    }
    assert_eq!(
        fixture.select("SELECT name FROM sqlite_schema WHERE type = 'table'").len(),
        1,
        "no table of records"
    );
    let back = put(&mut sink, &Batch::default(), 8).await.unwrap_err();
    assert_eq!((back.class, back.code.as_str()), (Class::Fatal, "offset-back"));
}

#[tokio::test]
async fn many_rows_go_in_one_put() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink(COLUMN_N);
    claim(&mut sink).await;
    for first in [0, 5_000] {
        put(&mut sink, &numbers(first..first + 5_000), first + 5_000).await.unwrap();
    }
    let sums = fixture.select("SELECT count(DISTINCT n), min(n), max(n) FROM orders");
    assert_eq!(sums, ["Integer(10000) Integer(0) Integer(9999)"]);
}

#[tokio::test]
async fn whoever_claimed_before_is_shut_out() {
    let fixture = Fixture::new();
    let (mut older, mut newer) = (fixture.sink(COLUMN_N), fixture.sink(COLUMN_N));
    claim(&mut older).await;
    put(&mut older, &numbers(0..3), 3).await.unwrap();
    assert_eq!(claim(&mut newer).await, Some(3));
    let error = put(&mut older, &numbers(3..6), 6).await.unwrap_err();
    assert_eq!(error.class, Class::Superseded, "{error}");
    assert_eq!((fixture.count("orders"), fixture.offset()), (3, Some(3)), "nothing of it is there");
    put(&mut newer, &numbers(3..6), 6).await.unwrap();
    assert_eq!((fixture.count("orders"), fixture.offset()), (6, Some(6)));
    let error = put(&mut older, &Batch::default(), 9).await.unwrap_err();
    assert_eq!(error.class, Class::Superseded, "{error}");
}

#[tokio::test]
async fn a_partition_that_was_not_claimed_is_not_written() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink("");
    claim(&mut sink).await;
    sink.release(&[partition(0)]);
    let error = put(&mut sink, &numbers(0..1), 1).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Fatal, "not-claimed"));
}

#[tokio::test]
async fn another_topic_of_the_same_name_is_told() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink("");
    claim(&mut sink).await;
    put(&mut sink, &numbers(0..7), 7).await.unwrap();
    let expected = StoredOffset {
        partition: partition(0),
        identity: Some(identity("first")),
        offset: Some(7),
    };
    let mut other = fixture.sink("");
    // A restart must not make it forgotten.
    for _ in 0..2 {
        assert_eq!(claim_as(&mut other, "second").await, expected);
    }
    let error = put(&mut sink, &numbers(7..8), 8).await.unwrap_err();
    assert_eq!(error.class, Class::Superseded, "who still reads the old topic is shut out");
    reset(&fixture.path(), &[to("second", 0)]).unwrap();
    let anew = StoredOffset {
        partition: partition(0),
        identity: Some(identity("second")),
        offset: Some(0),
    };
    assert_eq!(claim_as(&mut other, "second").await, anew);
    put(&mut other, &numbers(0..2), 2).await.unwrap();
    assert_eq!(claim_as(&mut other, "second").await.offset, Some(2));
}

#[tokio::test]
async fn a_reset_shuts_out_whoever_is_at_it() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink("");
    claim(&mut sink).await;
    put(&mut sink, &numbers(0..7), 7).await.unwrap();
    let first = identity_of(&fixture);
    let three = Reset { identity: first, ..to("", 3) };
    reset(&fixture.path(), std::slice::from_ref(&three)).unwrap();
    let error = put(&mut sink, &numbers(7..8), 8).await.unwrap_err();
    assert_eq!(error.class, Class::Superseded);
    assert_eq!(claim(&mut sink).await, Some(3));
    let another = Reset { connector: "another".to_owned(), to: 9, ..three };
    reset(&fixture.path(), &[another]).unwrap();
    assert_eq!(claim(&mut sink).await, Some(3));
}

/// An offset of partition 0 under a topic id.
fn to(topic: &str, offset: i64) -> Reset {
    Reset {
        connector: "orders-to-tables".to_owned(),
        partition: partition(0),
        identity: identity(topic),
        to: offset,
    }
}

/// The identity that is stored.
fn identity_of(fixture: &Fixture) -> TopicIdentity {
    offsets(&fixture.path()).unwrap().remove(0).identity
}

#[tokio::test]
async fn a_database_that_is_not_there_has_no_offsets() {
    let fixture = Fixture::new();
    assert_eq!(offsets(&fixture.path()).unwrap_err().code, "SQLITE_CANTOPEN");
    assert_eq!(reset(&fixture.path(), &[to("first", 0)]).unwrap_err().code, "SQLITE_CANTOPEN");
    assert!(!fixture.path().exists());
    drop(fixture.connection());
    assert_eq!(offsets(&fixture.path()).unwrap(), []);
}

#[tokio::test]
async fn bad_records_are_told_all_at_once() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink(COLUMN_N);
    claim(&mut sink).await;
    let values = [r#"{"n":1}"#, "{}", r#"{"n":"x"}"#, r#"{"n":9223372036854775808}"#];
    let rejections = put(&mut sink, &batch(0, &values), 4).await.unwrap();
    let told: Vec<_> = rejections.iter().map(|it| (it.index, it.code.as_str())).collect();
    assert_eq!(told, [(1, "column-required"), (2, "column-type"), (3, "column-range")]);
    assert!(rejections.iter().all(|rejection| rejection.message.contains("column `n`")));
    assert_eq!(fixture.offset(), None, "nothing was written");
    assert_eq!(put(&mut sink, &batch(0, &values[..1]), 4).await.unwrap(), []);
    assert_eq!((fixture.count("orders"), fixture.offset()), (1, Some(4)));
}

#[tokio::test]
async fn what_a_table_refuses_is_told_and_rolled_back() {
    for conflict in ["", " ON CONFLICT FAIL", " ON CONFLICT ROLLBACK"] {
        let fixture = Fixture::new();
        let create = format!("CREATE TABLE orders (n INTEGER UNIQUE{conflict} CHECK (n < 10))");
        fixture.connection().execute_batch(&create).unwrap();
        let mut sink = fixture.sink(COLUMN_N);
        claim(&mut sink).await;
        let values = [r#"{"n":1}"#, r#"{"n":1}"#, r#"{"n":3}"#, r#"{"n":10}"#];
        let rejections = put(&mut sink, &batch(0, &values), 4).await.unwrap();
        let told: Vec<_> = rejections.iter().map(|it| (it.index, it.code.as_str())).collect();
        if conflict.ends_with("ROLLBACK") {
            assert_eq!(told, [(1, "SQLITE_CONSTRAINT")], "{conflict}");
        } else {
            assert_eq!(told, [(1, "SQLITE_CONSTRAINT"), (3, "SQLITE_CONSTRAINT")], "{conflict}");
        }
        assert!(rejections[0].message.contains("orders.n"), "{}", rejections[0].message);
        assert_eq!((fixture.count("orders"), fixture.offset()), (0, None), "{conflict}");
        put(&mut sink, &batch(0, &[values[0], values[2]]), 4).await.unwrap();
        assert_eq!((fixture.count("orders"), fixture.offset()), (2, Some(4)), "{conflict}");
    }
}

#[tokio::test]
async fn what_is_refused_at_commit_is_looked_for_by_halves() {
    let fixture = Fixture::new();
    let create = "CREATE TABLE known (n INTEGER PRIMARY KEY);
        INSERT INTO known VALUES (0);
        CREATE TABLE orders (n INTEGER REFERENCES known (n) DEFERRABLE INITIALLY DEFERRED)";
    fixture.connection().execute_batch(create).unwrap();
    let mut sink = fixture.sink(COLUMN_N);
    claim(&mut sink).await;
    for _ in 0..2 {
        let error = put(&mut sink, &numbers(0..2), 2).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::BadRecord, "SQLITE_CONSTRAINT"));
    }
    assert_eq!((fixture.count("orders"), fixture.offset()), (0, None));
    put(&mut sink, &numbers(0..1), 1).await.unwrap();
    assert_eq!((fixture.count("orders"), fixture.offset()), (1, Some(1)));
}

#[tokio::test]
async fn a_table_that_does_not_fit_is_told_with_what_would_mend_it() {
    let fixture = Fixture::new();
    let tables = r#","tables":{"orders":{"name":"sales","columns":[{"name":"N","path":"n","type":"integer"},{"name":"at","metadata":"timestamp"}]}}"#;
    for (rest, before) in [
        (format!("{tables},\"auto.create\":false"), ""),
        (tables.to_owned(), "CREATE TABLE sales (n)"),
        (tables.to_owned(), "CREATE TABLE sales (other)"),
    ] {
        fixture.connection().execute_batch("DROP TABLE IF EXISTS sales").unwrap();
        fixture.connection().execute_batch(before).unwrap();
        let mut sink = fixture.sink(&rest);
        let first = claim(&mut sink).await.unwrap_or(0);
        let error = put(&mut sink, &numbers(first..first + 1), first + 1).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Fatal, "table-schema"));
        let (_, mend) = error.message.split_once("mend it: ").unwrap();
        fixture.connection().execute_batch(mend).unwrap();
        put(&mut sink, &numbers(first..first + 1), first + 1).await.unwrap();
        assert_eq!(fixture.select("SELECT \"N\", at FROM sales").len(), 1, "{mend}");
    }
}

#[tokio::test]
async fn hostile_names_and_values_are_names_and_values() {
    let fixture = Fixture::new();
    let (table, column) =
        ("a\"b'; DROP TABLE transom_offsets;-- é", "c\"; DELETE FROM x;--`\u{1F600}");
    let name = |text: &str| serde_json::to_string(text).unwrap();
    let rest = format!(
        r#","tables":{{"orders":{{"name":{},"columns":[{{"name":{},"path":"n"}},{{"name":"k","constant":"'); DROP TABLE t;--"}}]}}}}"#,
        name(table),
        name(column)
    );
    let mut sink = fixture.sink(&rest);
    claim(&mut sink).await;
    put(&mut sink, &batch(0, &[r#"{"n":"'\"\u0000;--"}"#]), 1).await.unwrap();
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let sql = format!("SELECT {}, k FROM {}", quoted(column), quoted(table));
    let row: (String, String) =
        fixture.connection().query_row(&sql, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(row, ("'\"\0;--".to_owned(), "'); DROP TABLE t;--".to_owned()));
    assert_eq!(fixture.offset(), Some(1));
}

#[test]
fn names_that_are_taken_and_columns_that_are_there_twice_are_refused() {
    let fixture = Fixture::new();
    for (tables, code) in [
        (r#"{"orders":{"name":"TRANSOM_offsets"}}"#, "table-name"),
        (r#"{"transom.offsets":{}}"#, "table-name"),
        (r#"{"orders":{"name":"sqlite_x"}}"#, "table-name"),
        (r#"{"orders":{"columns":[{"name":"a"},{"name":"A"}]}}"#, "column-name"),
        (r#"{"orders":{"columns":[{"name":"a","path":"`"}]}}"#, "table-settings"),
    ] {
        let settings = fixture.settings(&format!(",\"tables\":{tables}"));
        let error = SqliteSink::new(&settings, "c", "o").unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Fatal, code), "{tables}: {error}");
    }
}

#[tokio::test]
async fn each_topic_has_its_table_and_transforms_choose_it() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink("");
    claim(&mut sink).await;
    let mut batch = Batch::default();
    for text in [
        r#"{"topic":"eu.orders-new","value":1}"#,
        r#"{"value":2}"#,
        r#"{"topic":"eu.orders-new","value":3}"#,
    ] {
        batch.push_record(text.as_bytes(), "orders");
    }
    put(&mut sink, &batch, 3).await.unwrap();
    let content = |table: &str| fixture.select(&format!("SELECT RECORD_CONTENT FROM {table}"));
    assert_eq!((content("eu_orders_new").len(), content("orders").len()), (2, 1));
}

#[tokio::test]
async fn a_put_that_nobody_waited_for_is_looked_at() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink(COLUMN_N);
    claim(&mut sink).await;
    put(&mut sink, &numbers(0..1), 1).await.unwrap();
    abandon(&mut sink, &numbers(1..5), 5).await;
    // The same call comes again, and its rows are there already.
    put(&mut sink, &numbers(1..5), 5).await.unwrap();
    put(&mut sink, &numbers(5..6), 6).await.unwrap();
    assert_eq!((fixture.count("orders"), fixture.offset()), (6, Some(6)));
    // Another call comes: what it has may be there in part.
    abandon(&mut sink, &numbers(6..8), 8).await;
    let error = put(&mut sink, &numbers(6..9), 9).await.unwrap_err();
    assert_eq!(error.class, Class::Superseded);
    assert_eq!(claim(&mut sink).await, Some(8));
    // Somebody else claims meanwhile.
    abandon(&mut sink, &numbers(8..9), 9).await;
    assert_eq!(claim(&mut fixture.sink(COLUMN_N)).await, Some(9));
    let error = put(&mut sink, &numbers(8..9), 9).await.unwrap_err();
    assert_eq!(error.class, Class::Superseded);
    assert_eq!((fixture.count("orders"), fixture.offset()), (9, Some(9)));
}

/// Begins a put, and drops it before it is answered.
async fn abandon(sink: &mut SqliteSink, batch: &Batch, to: i64) {
    let mut begun = pin!(put(sink, batch, to));
    let first = poll_fn(|context| Poll::Ready(begun.as_mut().poll(context).is_pending())).await;
    assert!(first, "the writer was not asked yet");
}

#[tokio::test]
async fn a_locked_database_may_be_free_later() {
    let fixture = Fixture::new();
    let mut sink = fixture.sink(COLUMN_N);
    let locker = fixture.connection();
    locker.execute_batch("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE").unwrap();
    let error = sink.claim(&[(partition(0), identity("first"))]).await.unwrap_err();
    assert!(error.is_transient() && error.code == "SQLITE_BUSY", "{error}");
    locker.execute_batch("ROLLBACK").unwrap();
    claim(&mut sink).await;
    put(&mut sink, &numbers(0..1), 1).await.unwrap();
    locker.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..2 {
        let error = put(&mut sink, &numbers(1..2), 2).await.unwrap_err();
        assert!(error.is_transient() && error.code == "SQLITE_BUSY", "{error}");
    }
    locker.execute_batch("ROLLBACK").unwrap();
    put(&mut sink, &numbers(1..2), 2).await.unwrap();
    assert_eq!((fixture.count("orders"), fixture.offset()), (2, Some(2)));
}

#[tokio::test]
async fn a_file_has_one_writer_whatever_it_is_called() {
    let fixture = Fixture::new();
    let directory = fixture.directory.path();
    let writer = Writer::of(&fixture.path()).unwrap();
    let name = directory.file_name().unwrap();
    let other = Writer::of(&directory.join("..").join(name).join("test.db")).unwrap();
    assert!(Arc::ptr_eq(&writer, &other), "the file is absent");
    drop(fixture.connection());
    std::os::unix::fs::symlink(fixture.path(), directory.join("link.db")).unwrap();
    let link = Writer::of(&directory.join("link.db")).unwrap();
    assert!(Arc::ptr_eq(&writer, &link), "by a link");
    let error = Writer::of(&directory.join("absent").join("test.db")).unwrap_err();
    assert_eq!(error.class, Class::Fatal);
}

#[tokio::test]
async fn a_closed_sink_leaves_one_file() {
    let fixture = Fixture::new();
    let (mut one, mut other) = (fixture.sink(""), fixture.sink(""));
    claim(&mut one).await;
    put(&mut one, &numbers(0..1), 1).await.unwrap();
    one.close().await.unwrap();
    one.close().await.unwrap();
    assert_eq!(put(&mut one, &numbers(1..2), 2).await.unwrap_err().code, "closed");
    assert_eq!(claim(&mut other).await, Some(1), "others go on");
    other.close().await.unwrap();
    let files: Vec<_> = fs::read_dir(fixture.directory.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_fatal() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), "not a database, and long enough to be looked at as one".repeat(30))
        .unwrap();
    let error = fixture.sink("").claim(&[(partition(0), identity("first"))]).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Fatal, "SQLITE_NOTADB"));
}
