//! What a record costs from a topic through three SMTs to `discard`, beside a bare librdkafka consumer that counts bytes.
//!
//! `cargo bench -p bench --bench path`: CPU microseconds of the whole process per record once they flow (user and system: wall
//! times of a shared machine say nothing), median over rounds in which all cases take turns, and the ratio to the bare consumer of
//! the same round. It runs the release binary against Apache Kafka, so it asks for `make build` and `make live-deps`.
//!
//! An argument picks the streams whose name contains it.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::cast_precision_loss, reason = "its figures have three digits")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

mod bare;
#[expect(dead_code, reason = "the tests need more of it")]
#[path = "../../../host/tests/it/live_kafka/broker.rs"]
mod broker;
#[expect(dead_code, reason = "the tests need more of it")]
#[path = "../../../host/tests/it/fetched.rs"]
mod fetched;
#[path = "../../../host/tests/it/live.rs"]
mod live;
mod process;
mod stream;

use process::Measured;
use std::path::{Path, PathBuf};
use stream::Stream;

const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, bootstrap, topic, records] = arguments.as_slice()
        && mode == "bare"
    {
        return bare::count(bootstrap, topic, records.parse().unwrap());
    }
    let Some(kafka) = live::needs("the record path's benchmark", broker::Kafka::start()) else {
        return;
    };
    let Some(binary) = live::needs("the record path's benchmark", release_binary()) else { return };
    let only = arguments.first().filter(|argument| !argument.starts_with('-'));
    for stream in stream::all()
        .into_iter()
        .filter(|stream| only.is_none_or(|only| stream.name.contains(only)))
    {
        stream.produce(kafka.bootstrap());
        println!(
            "{}: {} records of {} bytes on average, {} partitions",
            stream.name,
            stream.records,
            stream.average(),
            stream::PARTITIONS
        );
        measure(&binary, kafka.bootstrap(), &stream);
    }
}

/// What the rig waits for Kafka's answers with.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The binary that `make build` makes, beside this one.
fn release_binary() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let binary = own.ancestors().nth(2).unwrap_or(Path::new(".")).join("transom");
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(format!("{} is not there: make build", binary.display()))
    }
}

fn measure(binary: &Path, bootstrap: &str, stream: &Stream) {
    let cases: [(&str, &[&str]); 3] = [
        ("decode only", &[]),
        ("one SMT (filter)", &["filter"]),
        ("three SMTs (filter, mask, rename)", &["filter", "mask", "rename"]),
    ];
    let home = tempfile::tempdir().unwrap();
    // A new Kafka makes the topic of groups' offsets for the first group that comes, which takes seconds.
    let _first = process::bare(bootstrap, stream.topic, stream.records);
    // The compiled modules are cached from here on: a pass measures records, not the compiler.
    let cold = process::transom(
        binary,
        home.path(),
        bootstrap,
        &stream.connector(cases[2].1, "warm"),
        stream.records,
    );
    let mut rounds: Vec<(Measured, Vec<Measured>)> = Vec::new();
    for round in 0..ROUNDS {
        let bare = process::bare(bootstrap, stream.topic, stream.records);
        let ours = cases.iter().enumerate().map(|(number, (_, smts))| {
            let group = format!("{round}-{number}");
            process::transom(
                binary,
                home.path(),
                bootstrap,
                &stream.connector(smts, &group),
                stream.records,
            )
        });
        rounds.push((bare, ours.collect()));
    }
    let bares: Vec<Measured> = rounds.iter().map(|(bare, _)| *bare).collect();
    row("bare librdkafka, by poll", &bares, &bares);
    for (number, (name, _)) in cases.iter().enumerate() {
        let ours: Vec<Measured> = rounds.iter().map(|(_, ours)| ours[number]).collect();
        row(name, &ours, &bares);
    }
    let warm: Vec<f64> = rounds.iter().map(|(_, ours)| ours[2].first_ms).collect();
    let bare: Vec<f64> = bares.iter().map(|bare| bare.first_ms).collect();
    println!(
        "  start to first record: {:.0} ms, cold module cache {:.0} ms; bare subscribe to first record {:.0} ms\n",
        median(warm),
        cold.first_ms,
        median(bare)
    );
}

fn row(name: &str, ours: &[Measured], bares: &[Measured]) {
    let each = |measured: &Measured| measured.cpu * 1e6;
    let ratios = ours.iter().zip(bares).map(|(ours, bare)| ours.cpu / bare.cpu).collect();
    let memory = ours.iter().map(|measured| measured.peak).max().unwrap_or_default();
    println!(
        "  {name:<36} {:>6.2} µs of CPU a record, {:>5.2} x bare, peak {:>4} MB",
        median(ours.iter().map(each).collect()),
        median(ratios),
        memory / 1_000_000
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
