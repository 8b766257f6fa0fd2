//! What a sink task costs around its records, beside a loop that only pushes them into a batch.
//!
//! `cargo bench -p bench --bench task`: CPU nanoseconds of the whole process per record, medians over rounds in which both
//! take turns, and the median of the ratio to the bound in the same round. Topic and sink are memory that costs nothing,
//! there is no transform: what is between the two is reading, admission, fates, settlement, offsets, sums and the queues.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "its figures have three digits")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

mod memory;

use memory::Memory;
use rustix::time::{ClockId, clock_gettime};
use std::{sync::Arc, time::Duration};
use transom_core::{
    batch::Batch,
    config::Tolerance,
    convert::{Converters, Role, build},
    record::NewRecord,
    topic::TopicCreation,
};
use transom_runtime::{
    Runtime,
    assembly::{Direction, ErrorPolicy, Plan, Reset},
};

const ROUNDS: usize = 11;

/// Records of a round.
const RECORDS: i64 = 500_000;

/// Records of a batch: the default of `batch.max.records`.
const BATCH: usize = 500;

const VALUE: &[u8] = br#"{"trade_id":"T-10432","account_id":"A-2210","business_unit":"BU1","side":"BUY","symbol":"ACME","quantity":120,"price":101.25,"currency":"USD","traded_at":1700000000000,"venue":"XNYS"}"#;

fn main() {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((per_record(push), per_record(|| run(1)), per_record(|| run(4))));
    }
    let bound = median(rounds.iter().map(|(bound, ..)| *bound).collect());
    println!("{} bytes a record, {BATCH} records a batch", VALUE.len());
    println!("  only pushed             {bound:>6.0} ns of CPU a record");
    for (name, of) in [("1 partition", 1), ("4 partitions", 4)] {
        let task = |(_, one, four): &(f64, f64, f64)| if of == 1 { *one } else { *four };
        let ratio = median(rounds.iter().map(|round| task(round) / round.0).collect());
        let task = median(rounds.iter().map(task).collect());
        println!("  a task, {name:<15} {task:>6.0} ns of CPU a record, {ratio:>5.2} x");
    }
}

/// CPU nanoseconds of the process per record.
fn per_record(work: impl FnOnce()) -> f64 {
    let begin = cpu_time();
    work();
    cpu_time().saturating_sub(begin).as_secs_f64() * 1e9 / RECORDS as f64
}

/// The bound: the payloads are decoded and indexed.
fn push() {
    let (mut batch, mut converters) = (Batch::default(), converters());
    for offset in 0..RECORDS {
        batch.admit(&record(0, offset), &mut converters);
        if batch.len() == BATCH {
            batch.clear();
        }
    }
}

/// A task reads all records, and ends in good order.
fn run(partitions: i32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let memory = Arc::new(Memory::new(partitions, RECORDS));
    let tasks = runtime.block_on(async {
        let assembly = Arc::clone(&memory);
        let tasks = Runtime::start(vec![(plan(), assembly)]);
        memory.all_read().await;
        tasks.stop().await;
        tasks
    });
    let delivered = tasks.status().connectors[0].tasks[0].records.delivered;
    assert_eq!(i64::try_from(delivered), Ok(RECORDS));
}

fn plan() -> Plan {
    Plan {
        name: "bench".to_owned(),
        direction: Direction::Sink,
        tasks: 1,
        errors: ErrorPolicy {
            tolerance: Tolerance::None,
            retry_timeout: Some(Duration::ZERO),
            retry_delay_max: Duration::from_mins(1),
            log: false,
            log_messages: false,
            dead_letters: None,
            reject_limit: None,
            modules: Vec::new(),
        },
        batch_records: BATCH,
        buffer_bytes: 16 << 20,
        flush_interval: Duration::from_mins(1),
        flush_timeout: Duration::from_secs(5),
        reset: Reset::Earliest,
        creation: TopicCreation::default(),
    }
}

fn record(partition: i32, offset: i64) -> NewRecord<'static> {
    NewRecord {
        topic: "trades",
        partition: Some(partition),
        offset: Some(offset),
        timestamp: Some(1_700_000_000_000),
        key: Some(b"A-2210"),
        value: Some(VALUE),
        headers: &[],
    }
}

fn converters() -> Converters {
    let make = |role| build(None, role, None).unwrap();
    Converters { key: make(Role::Key), value: make(Role::Value), header: make(Role::Header) }
}

/// CPU time of the process: the task has threads of its own, and other work on the machine does not count.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
