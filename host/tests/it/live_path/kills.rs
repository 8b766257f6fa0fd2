//! `kill -9` at random moments under load: a table holds every record once; files and topics hold every record, and
//! what is there twice lies at or above the offset that was committed at the kill.

use super::{
    load,
    process::{Home, Transom, eventually, pause},
    tables,
};
use crate::{live::say, live_kafka};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, thread,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_mins(3);
const PARTITIONS: i32 = 4;

/// Partition and offset of one delivered record.
type Origin = (i32, i64);

struct Names {
    topic: String,
    copies: String,
    letters: String,
}

fn configuration(Names { topic, copies, letters }: &Names) -> String {
    let common = format!(
        "    topics: [{topic}]
    errors.tolerance: all
    errors.deadletterqueue.topic.name: {letters}
    consumer.override: {{session.timeout.ms: 6000}}
    transforms:
      - {{name: where, smt: insert-field, config: {{partition.field: p, offset.field: o}}}}
"
    );
    let connector = |kind: &str, sink: &str| {
        let member = format!("    group.id: {topic}-{kind}\n");
        let fixed = common.replace("{session", &format!("{{group.instance.id: {kind}, session"));
        format!("  {kind}:\n{member}{fixed}    sink: {{{sink}}}\n")
    };
    let column = |name: &str| format!("{{name: {name}, type: integer}}");
    let table = format!(
        "sqlite: {{path: out.db, tables: {{{topic}: {{name: rows, columns: [{}, {}, {}]}}}}}}",
        column("id"),
        column("p"),
        column("o")
    );
    format!(
        "offset.flush.interval.ms: 200
connectors:
{}{}{}",
        connector("table", &table),
        connector("lines", "file: {path: lines}"),
        connector("copy", &format!("kafka: {{topic: {copies}}}")),
    )
}

/// Every hundredth record is no JSON.
fn value(number: usize) -> Vec<u8> {
    if number % 100 == 99 {
        b"{broken".to_vec()
    } else {
        format!("{{\"id\":{number}}}").into_bytes()
    }
}

fn origin(json: &[u8]) -> Origin {
    let value: serde_json::Value = serde_json::from_slice(json).unwrap();
    (i32::try_from(value["p"].as_i64().unwrap()).unwrap(), value["o"].as_i64().unwrap())
}

/// The whole lines of all files, in the order they were written.
fn lines(home: &Home) -> Vec<Origin> {
    let Ok(files) = fs::read_dir(home.path("lines")) else { return Vec::new() };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let text: Vec<u8> = files.iter().flat_map(|file| fs::read(file).unwrap()).collect();
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(origin).collect()
}

fn copies(bootstrap: &str, names: &Names) -> Vec<Origin> {
    load::read_all(bootstrap, &names.copies)
        .iter()
        .map(|read| origin(read.value.as_deref().unwrap()))
        .collect()
}

/// What stood there when a process had been killed.
struct Moment {
    lines: usize,
    committed: BTreeMap<i32, i64>,
}

/// All that the next life delivers lies at or above what was committed at the kill.
fn check_lives(delivered: &[Origin], kills: &[Moment]) {
    for (number, kill) in kills.iter().enumerate() {
        let end = kills.get(number + 1).map_or(delivered.len(), |next| next.lines);
        for (partition, offset) in &delivered[kill.lines..end] {
            let committed = kill.committed[partition];
            assert!(
                *offset >= committed,
                "kill {number}: {partition}/{offset} came again, committed was {committed}"
            );
        }
    }
}

fn run(home: &Home, life: usize) -> Transom {
    home.run(&format!("life-{life}"), &[])
}

/// Starts and kills processes while records come, and notes what stood there at each kill.
fn kill_under_load(
    home: &Home,
    bootstrap: &str,
    names: &Names,
    records: usize,
    deaths: usize,
) -> Vec<Moment> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut kills = Vec::new();
    let group = format!("{}-lines", names.topic);
    thread::scope(|scope| {
        scope.spawn(|| {
            // A trickle, so that there is load at each kill.
            let step = records / (deaths * 10);
            for start in (0..records).step_by(step) {
                let numbers = start..(start + step).min(records);
                load::produce(bootstrap, &names.topic, numbers, value);
                pause(Duration::from_millis(100));
            }
        });
        for life in 0..deaths {
            let transom = run(home, life);
            pause(Duration::from_millis(random.u64(600..2_500)));
            transom.kill();
            let committed = load::committed(bootstrap, &group, &names.topic, PARTITIONS);
            kills.push(Moment { lines: lines(home).len(), committed });
        }
    });
    kills
}

/// Connector, partition and offset of each record that a dead letter is about.
fn reported(letters: &[load::Read]) -> BTreeSet<(String, String, String)> {
    let origin = |letter: &load::Read| {
        let header = |name: &str| letter.headers[&format!("__connect.errors.{name}")].clone();
        (header("connector.name"), header("partition"), header("offset"))
    };
    letters.iter().map(origin).collect()
}

#[test]
fn kill_9_loses_and_doubles_nothing() {
    let suite = "kill -9 under load";
    let Some(kafka) = live_kafka::kafka(suite) else { return };
    let bootstrap = kafka.bootstrap();
    let soak = std::env::var_os("TRANSOM_SOAK").is_some();
    let (records, deaths) = if soak { (300_000, 30) } else { (30_000, 4) };
    let topic = load::unique("killed");
    let names = Names { copies: format!("{topic}-copies"), letters: format!("{topic}-dlq"), topic };
    load::create_topic(bootstrap, &names.topic, PARTITIONS);
    load::create_topic(bootstrap, &names.copies, 1);
    let home = Home::new(bootstrap, &configuration(&names));
    let kills = kill_under_load(&home, bootstrap, &names, records, deaths);

    let last = run(&home, deaths);
    let broken = records / 100;
    let good = records - broken;
    let database = home.path("out.db");
    let count = |what: &str| tables::number(&database, &format!("SELECT count(*) FROM {what}"));
    let distinct = |origins: &[Origin]| origins.iter().collect::<BTreeSet<_>>().len();
    eventually(
        "all is delivered",
        PATIENCE,
        || last.log(),
        || {
            count("rows") >= i64::try_from(good).unwrap()
                && distinct(&lines(&home)) == good
                && distinct(&copies(bootstrap, &names)) == good
        },
    );
    last.stop();

    let rows = i64::try_from(good).unwrap();
    assert_eq!((count("rows"), count("(SELECT DISTINCT p, o FROM rows)")), (rows, rows));
    let lines = lines(&home);
    check_lives(&lines, &kills);
    let letters = load::read_all(bootstrap, &names.letters);
    assert_eq!(reported(&letters).len(), 3 * broken, "each connector reports each broken record");
    say(&format!(
        "{suite}: {deaths} kills, {records} records: {good} rows, each once; {} lines and {} copies twice; {} letters for {broken} broken records of three connectors",
        lines.len() - good,
        copies(bootstrap, &names).len() - good,
        letters.len(),
    ));
}
