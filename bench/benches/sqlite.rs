//! What a put of the SQLite sink costs beside bare prepared inserts of the same rows.
//!
//! `cargo bench -p bench --bench sqlite`: rows a second of both, and the median over rounds of the ratio in the same
//! round. The bound has its values ready and does nothing but bind, insert and commit, with the sink's modes: WAL,
//! `synchronous = FULL`, a commit for each batch. The sink reads the values from JSON, hands them to its writer, and moves
//! the offset on.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "its figures have three digits")]
#![expect(clippy::cast_sign_loss, reason = "its counts are small and not negative")]

use rusqlite::{Connection, TransactionBehavior};
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};
use tokio::runtime::{self, Runtime};
use transom::connectors::sqlite::SqliteSink;
use transom_core::{
    batch::Batch,
    config::{self, Column, ColumnType, Table, TimestampUnit},
    connector::{Put, Sink},
    record::NewRecord,
    topic::{Offsets, TopicIdentity, TopicPartition},
};

const ROUNDS: i64 = 41;

const NAMES: [&str; 6] =
    ["trade_id", "account_id", "business_unit", "amount", "symbol", "traded_at"];

fn main() {
    println!("{:<26}{:>12}{:>12}{:>8}", "rows a put", "bare rows/s", "put rows/s", "ratio");
    for rows in [100, 1_000, 5_000] {
        for columns in [true, false] {
            measure(rows, columns);
        }
    }
}

/// The value of a record, as JSON and as its columns.
struct Trade {
    json: String,
    texts: [String; 5],
    amount: f64,
}

fn trade(number: i64) -> Trade {
    let amount = (number * 7_919 % 9_999_000) as f64 / 100.0;
    let texts = [
        format!("3f2b8c1e-9d4a-4e6f-8a7b-{number:012}"),
        format!("ACC-{:010}", number * 31 % 1_000_003),
        format!("BU{}", number % 3),
        ["AAPL", "GOOGL", "MSFT", "AMZN"][(number % 4) as usize].to_owned(),
        format!(
            "2023-10-01T{:02}:{:02}:{:02}Z",
            number / 3_600 % 24,
            number / 60 % 60,
            number % 60
        ),
    ];
    let [trade, account, unit, symbol, _] = &texts;
    let at = 1_696_118_400 + number % 86_400;
    let json = format!(
        r#"{{"trade_id":"{trade}","account_id":"{account}","business_unit":"{unit}","amount":{amount},"symbol":"{symbol}","traded_at":{at}}}"#
    );
    Trade { json, texts, amount }
}

fn measure(rows: i64, columns: bool) {
    let directory = tempfile::tempdir().expect("there is a place for temporary files");
    let mut bare = Bare::new(&directory.path().join("bare.db"), columns);
    let mut sink = Ours::new(&directory.path().join("sink.db"), columns);
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let trades: Vec<Trade> = (round * rows..(round + 1) * rows).map(trade).collect();
        let mut pair = [Duration::ZERO; 2];
        // They take turns in going first.
        for turn in 0..2 {
            let which = ((round + turn) % 2) as usize;
            pair[which] = if which == 0 { bare.put(&trades) } else { sink.put(&trades) };
        }
        theirs.push(pair[0].as_secs_f64());
        ours.push(pair[1].as_secs_f64());
        ratios.push(pair[0].as_secs_f64() / pair[1].as_secs_f64());
    }
    let rate = |times| rows as f64 / median(times);
    let title = format!("{rows}, {}", if columns { "six columns" } else { "a JSON column" });
    println!("{title:<26}{:>12.0}{:>12.0}{:>8.2}", rate(theirs), rate(ours), median(ratios));
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Prepared inserts, and nothing else.
struct Bare {
    connection: Connection,
    columns: bool,
}

impl Bare {
    fn new(path: &Path, columns: bool) -> Self {
        let connection = Connection::open(path).expect("the directory is there");
        let create = if columns {
            "CREATE TABLE t (a TEXT, b TEXT, c TEXT, d REAL, e TEXT, f TEXT)"
        } else {
            "CREATE TABLE t (a TEXT, b TEXT)"
        };
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {create}"
            ))
            .expect("the database is new");
        Self { connection, columns }
    }

    fn put(&mut self, trades: &[Trade]) -> Duration {
        let offsets = |offset| {
            format!(
                r#"{{"CreateTime":1696118400000,"topic":"trades","partition":0,"offset":{offset}}}"#
            )
        };
        let metadata: Vec<String> = (0..trades.len()).map(offsets).collect();
        let begun = Instant::now();
        self.insert(trades, &metadata).expect("nobody else has the database");
        begun.elapsed()
    }

    fn insert(&mut self, trades: &[Trade], metadata: &[String]) -> rusqlite::Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if self.columns {
            let mut insert =
                transaction.prepare_cached("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)")?;
            for Trade { texts: [id, account, unit, symbol, at], amount, .. } in trades {
                insert.execute((id, account, unit, amount, symbol, at))?;
            }
        } else {
            let mut insert = transaction.prepare_cached("INSERT INTO t VALUES (?, ?)")?;
            for (trade, metadata) in trades.iter().zip(metadata) {
                insert.execute((&trade.json, metadata))?;
            }
        }
        transaction.commit()
    }
}

/// The sink.
struct Ours {
    runtime: Runtime,
    sink: SqliteSink,
    partition: TopicPartition,
    next: i64,
}

impl Ours {
    fn new(path: &Path, columns: bool) -> Self {
        let columns =
            if columns { NAMES.iter().map(|name| column(name)).collect() } else { vec![] };
        let table = Table { name: None, columns };
        let settings = config::SqliteSink {
            path: path.to_str().expect("temporary files have plain names").to_owned(),
            tables: BTreeMap::from([("trades".to_owned(), table)]),
            auto_create: true,
        };
        let runtime = runtime::Builder::new_current_thread().build().expect("a thread is enough");
        let mut sink =
            SqliteSink::new(&settings, "bench", "bench").expect("the settings are right");
        let partition = TopicPartition { topic: "trades".into(), partition: 0 };
        let assigned = [(partition.clone(), TopicIdentity::default())];
        runtime.block_on(sink.claim(&assigned)).expect("nobody else has the database");
        Self { runtime, sink, partition, next: 0 }
    }

    fn put(&mut self, trades: &[Trade]) -> Duration {
        let mut batch = Batch::default();
        for trade in trades {
            batch.push(&NewRecord {
                topic: "trades",
                partition: Some(0),
                offset: Some(self.next),
                timestamp: Some(1_696_118_400_000),
                value: Some(trade.json.as_bytes()),
                ..NewRecord::default()
            });
            self.next += 1;
        }
        let through = Offsets::from([(self.partition.clone(), self.next)]);
        let put = Put { batch: &batch, records: batch.survivors(), through: &through };
        let begun = Instant::now();
        let rejected = self.runtime.block_on(self.sink.put(put)).expect("the table is the sink's");
        let taken = begun.elapsed();
        assert!(rejected.is_empty(), "the records are right");
        taken
    }
}

fn column(name: &str) -> Column {
    let (kind, from) = match name {
        "amount" => (ColumnType::Real, None),
        "traded_at" => (ColumnType::Timestamp, Some(TimestampUnit::UnixSeconds)),
        _ => (ColumnType::Text, None),
    };
    let name = name.to_owned();
    let (path, default, constant, metadata) = (None, None, None, None);
    Column { name, path, kind, from, required: false, default, constant, metadata }
}
