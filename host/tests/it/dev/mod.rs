//! From clone to running: the shipped configuration on the embedded broker, as processes that a newcomer starts.

mod expected;
mod process;
mod reload;
mod signals;

use crate::{
    live::{needs, say},
    live_kafka,
};
use expected::{Expected, TABLES};
use process::{Home, eventually, masked, root};
use rustix::process::Signal;
use std::collections::BTreeSet;

/// What makes a run of the shipped configuration small and the same each time.
const SMALL: [(&str, &str); 4] = [
    ("SEED", "7"),
    ("EMIT_INTERVAL_MS", "0"),
    ("ORDER_INTERVAL_MS", "0"),
    ("PRINT_DELIVERIES", "false"),
];

/// Events of a whole run.
const EVENTS: usize = 50_000;

/// How many of them are poison: every 200th, counted from 0, but for the first.
const POISON: usize = (EVENTS - 1) / 200;

#[test]
fn all_that_is_made_is_in_its_table_or_a_dead_letter_and_a_second_run_goes_on() {
    let home = Home::new(&SMALL);
    let first = home.dev(&["--until-idle"]).env("EVENT_COUNT", "1000").output().unwrap();
    let text = String::from_utf8_lossy(&first.stderr);
    assert_eq!(first.status.code(), Some(3), "{text}");
    assert!(text.ends_with("transom: finished; 4 records were rejected\n"), "{text}");
    let expected = Expected::of(1_000);
    assert_eq!(home.counts(), expected.rows);

    let only =
        ["events", "events-to-warehouse", "orders-to-table"].map(|name| ["--connector", name]);
    let mut second = home.dev(&["--until-idle"]);
    let second =
        second.args(only.concat()).env("EVENT_COUNT", EVENTS.to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&second.stderr);
    // Four of them in the first run.
    let rejected = POISON - 4;
    assert!(
        text.ends_with(&format!("transom: finished; {rejected} records were rejected\n")),
        "{text}"
    );
    let expected = Expected::of(EVENTS);
    assert_eq!(home.counts(), expected.rows);
    assert_eq!(home.orders(), expected.orders);

    let (read, letters) = home.on_broker(|cluster| {
        let topics = TABLES.map(|table| table.replace('_', "-"));
        let read: usize = topics.iter().map(|topic| process::origins(cluster, topic).len()).sum();
        (read, process::letters(cluster, "events-dlq"))
    });
    assert_eq!(read, EVENTS);
    assert_eq!(letters.len(), POISON, "{letters:?}");
    assert!(letters.iter().all(|stage| stage == "VALUE_CONVERTER"), "{letters:?}");
    let rows: usize = TABLES.iter().map(|table| expected.rows[*table]).sum();
    assert_eq!(read, rows + expected.dropped + letters.len());
}

#[test]
fn at_debug_level_each_record_is_followed_to_its_row_or_its_dead_letter() {
    let home = Home::new(&SMALL);
    let mut run = home.dev(&["--until-idle"]);
    let run = run.env("EVENT_COUNT", "500").env("RUST_LOG", "transom_runtime=debug");
    let log = String::from_utf8(run.output().unwrap().stderr).unwrap();
    let expected = Expected::of(500);
    let count = |texts: &[&str]| told(&log, texts);
    let of_sink = r#"task="events-to-warehouse-"#;
    let poison = |of: &str| count(&["record was dead-lettered", of, "to=\"topic `events-dlq`\""]);
    for table in TABLES {
        let topic = table.replace('_', "-");
        let (from, row) =
            (format!("topic=\"{topic}\" partition=0 "), format!("to=\"table `{table}`\""));
        let rows = count(&["record was delivered", of_sink, &from, &row]);
        assert_eq!(rows, expected.rows[table], "{table}");
        let made = count(&["record was delivered task=\"events-0\"", &format!("of `{topic}-0`")]);
        assert_eq!(count(&["record was decoded", of_sink, &from]), made - poison(&from));
    }
    let dropped = count(&["record was dropped", of_sink, r#"transform="business-units""#]);
    assert_eq!(dropped, expected.dropped);
    assert_eq!(poison(of_sink), 2);
    assert_eq!(count(&["record was delivered", "to=\"table `orders`\""]), 100);
}

/// Records of which a line has these texts; one that was given to another task meanwhile is told twice.
fn told(log: &str, texts: &[&str]) -> usize {
    let lines = log.lines().filter(|line| texts.iter().all(|text| line.contains(text)));
    let records: BTreeSet<&str> =
        lines.filter_map(|line| Some(line.split_once(" topic=")?.1)).collect();
    records.len()
}

#[test]
fn a_loader_that_starts_after_the_producer_has_ended_loads_every_order() {
    let home = Home::new(&SMALL);
    let made = home.dev(&["--until-idle", "--connector", "orders"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // The directory on the command line stands before the one of the environment.
    let state = home.state().display().to_string();
    let mut load = home.dev(&["--until-idle", "--connector", "orders-to-table"]);
    load.args(["--state-dir", &state]).env("TRANSOM_STATE_DIR", home.path("elsewhere"));
    let loaded = load.output().unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    assert_eq!(home.orders(), Expected::of(0).orders);
}

#[test]
fn a_topic_that_is_another_one_stops_its_connector_until_somebody_says_where_to_go_on() {
    let home = Home::new(&SMALL);
    let until_idle = |connector: &str, orders: &str| {
        let mut dev = home.dev(&["--until-idle", "--connector", connector]);
        let ended = dev.env("ORDER_COUNT", orders).output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    };
    for connector in ["orders", "orders-to-table"] {
        let (code, text) = until_idle(connector, "100");
        assert_eq!(code, Some(0), "{text}");
    }
    // The database is kept, and the broker begins anew.
    std::fs::remove_dir_all(home.state().join("broker")).unwrap();
    let (code, text) = until_idle("orders", "40");
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = until_idle("orders-to-table", "40");
    assert_eq!(code, Some(1), "{text}");
    let said = "orders-to-table task 0 is FAILED: offset of `orders-0`: it was stored for another cluster; \
                stored 100, earliest 0, latest 40. Go on from what is there by \
                `transom offsets reset orders-to-table --to earliest` (or `latest`), or bring back the log that the \
                offset was stored for; `transom offsets show` lists both. It waits for an operator\n";
    assert!(text.ends_with(said), "{text}");
    assert_eq!(home.orders(), Expected::of(0).orders);

    let mut dev = home.start(&mut home.dev(&["--for", "1h", "--connector", "orders-to-table"]));
    dev.logged("the task was stopped by policy");
    let offsets = |arguments: &[&str]| {
        let done = home.command(&["offsets"]).args(arguments).output().unwrap();
        let text = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
        text
    };
    let shown = offsets(&["show", "orders-to-table"]);
    assert!(shown.contains("the sink has 100") && shown.contains("has 0 to 40"), "{shown}");
    offsets(&["reset", "orders-to-table", "--to", "earliest"]);
    dev.signal(Signal::INT);
    assert_eq!(dev.end(), Some(1), "{}", dev.log());
    let (code, text) = until_idle("orders-to-table", "40");
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(home.orders().len(), 140);
}

#[test]
fn others_reach_what_runs_and_it_ends_when_asked() {
    let home = Home::new(&SMALL);
    let mut dev = home.start(home.dev(&["--for", "1h"]).env("EVENT_COUNT", "500"));
    let address = dev.logged("broker started address=");
    // By the directory on the command line, which stands before the one of the environment.
    let state = home.state().display().to_string();
    let asked = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.args(["--state-dir", &state]).env("TRANSOM_STATE_DIR", home.path("elsewhere"));
        command.output().unwrap()
    };
    let letters = || asked(&["dlq", "list", "events-to-warehouse"]);
    eventually("both letters are there", || {
        String::from_utf8_lossy(&letters().stdout).lines().count() == 3
    });
    let sql = "SELECT count(*) FROM orders";
    let query = || asked(&["query", sql, "--format", "csv"]);
    eventually("all orders are there", || query().stdout.ends_with(b"\r\n100\r\n"));
    let shown = asked(&["offsets", "show", "orders-to-table"]);
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));

    let other = Home::new(&SMALL);
    let refused = other.dev(&["--listen", &address]).output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains(&address) && text.contains("--listen"), "{text}");

    dev.signal(Signal::INT);
    assert_eq!(dev.end(), Some(0), "{}", dev.log());
    let gone = String::from_utf8(letters().stderr).unwrap();
    assert!(gone.contains("no `transom dev` runs with state directory"), "{gone}");
}

#[test]
fn a_group_protocol_that_the_embedded_broker_lacks_is_refused_wherever_it_comes_from() {
    let home = Home::new(&[]);
    let file = home.path("connectors.yaml");
    let kafka = "kafka: {bootstrap.servers: embedded, group.protocol: \"${env:GROUP_PROTOCOL}\"}";
    let connectors = "connectors: {orders: {topics: [orders], sink: {console: {}}}}";
    std::fs::write(&file, format!("{kafka}\n{connectors}\n")).unwrap();
    let mut dev = home.dev(&["-c", file.to_str().unwrap()]);
    let refused = dev.env("GROUP_PROTOCOL", "consumer").output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("the embedded broker has no `group.protocol` but `classic`"), "{text}");
    assert!(!home.state().join("broker").exists());
}

#[test]
fn a_run_needs_a_cluster_and_names_the_command_that_does_not() {
    let home = Home::new(&[]);
    let refused = home.command(&["run"]).output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("run `transom dev -c connectors.yaml`"), "{text}");
    let listen = home
        .command(&["dev", "--listen", "127.0.0.1:0"])
        .env("BOOTSTRAP_SERVERS", "x:1")
        .output()
        .unwrap();
    assert_eq!(listen.status.code(), Some(2), "{}", String::from_utf8_lossy(&listen.stderr));
}

#[test]
fn a_broker_of_its_own_serves_a_run_in_another_process() {
    let (home, other) = (Home::new(&SMALL), Home::new(&[]));
    let log = home.path("log").display().to_string();
    let listen = ["broker", "--listen", "127.0.0.1:0", "--partitions", "3", "--dir", &log];
    let mut broker = home.start(&mut home.command(&listen));
    let address = broker.logged("broker started address=");
    let taken = other.path("log").display().to_string();
    let refused =
        other.command(&["broker", "--listen", &address, "--dir", &taken]).output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains(&format!("cannot listen on `{address}`")), "{text}");

    let orders = ["--connector", "orders", "--connector", "orders-to-table"];
    let mut run = home.command(&["run", "--admin-listen", "127.0.0.1:0"]);
    let mut run = home.start(run.args(orders).env("BOOTSTRAP_SERVERS", &address));
    eventually("all orders are in the table", || home.orders().len() == 100);
    run.signal(Signal::TERM);
    assert_eq!(run.end(), Some(0), "{}", run.log());
    assert_eq!(home.orders(), Expected::of(0).orders);
    broker.signal(Signal::TERM);
    assert_eq!(broker.end(), Some(0), "{}", broker.log());
}

/// Whose members the group would wait for longer than the test does.
const AWAY: &str = "
kafka: {bootstrap.servers: ADDRESS, session.timeout.ms: 300000}
connectors:
  numbers:
    value: {json: {}}
    source: {datagen: {interval.ms: 20, topics: {numbers: N}, messages: {N: {n: {sequence: {}}}}}}
  to-nowhere: {topics: [numbers], value: {json: {}}, sink: {discard: {}}}
";

#[test]
fn a_run_ends_in_time_though_its_broker_is_gone() {
    let home = Home::new(&[]);
    let listen =
        ["broker", "--listen", "127.0.0.1:0", "--dir", &home.path("log").display().to_string()];
    let mut broker = home.start(&mut home.command(&listen));
    let address = broker.logged("broker started address=");
    let file = home.path("connectors.yaml");
    std::fs::write(&file, AWAY.replace("ADDRESS", &address)).unwrap();
    let run = ["run", "--admin-listen", "127.0.0.1:0", "-c", file.to_str().unwrap()];
    let mut run = home.start(&mut home.command(&run));
    let admin = run.logged("running admin.listen=");
    let status = || {
        let asked = home.command(&["status", "--admin-listen", &admin]).output().unwrap();
        String::from_utf8(asked.stdout).unwrap()
    };
    eventually("both run", || status().matches("RUNNING").count() == 2);
    broker.signal(Signal::KILL);
    broker.end();
    eventually("both say what they wait for", || status().matches("DEGRADED: ").count() == 2);
    run.signal(Signal::TERM);
    eventually("it ends", || run.has_ended());
    assert_eq!(run.end(), Some(0), "{}", run.log());
}

#[test]
fn the_demo_shows_what_became_of_every_record() {
    let home = Home::new(&SMALL);
    let folder = home.path("demos").display().to_string();
    let shown =
        home.command(&["demo", "--dir", &folder]).env("EVENT_COUNT", "1000").output().unwrap();
    let (out, err) =
        [shown.stdout, shown.stderr].map(|text| String::from_utf8(text).unwrap()).into();
    assert_eq!((shown.status.code(), err.as_str()), (Some(0), ""), "{out}");
    check_sums(&out);
    insta::assert_snapshot!(masked(&out, &folder));
}

/// Of each connector and of each transform of the demo's summary, what became of records is what there was.
fn check_sums(out: &str) {
    let mut rows = 0;
    for line in out.lines().skip_while(|line| !line.starts_with("Every record that was read")) {
        let cells: Vec<&str> =
            line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let number = |cell: &str| cell.split(' ').next().unwrap().parse::<u64>();
        let numbers: Vec<u64> = cells.iter().filter_map(|cell| number(cell).ok()).collect();
        let ends = match (cells.len(), numbers.len()) {
            // Of a source nothing is decoded.
            (8, 6 | 7) => &numbers[numbers.len() - 5..],
            (7, 5) => &numbers[1..4],
            _ => continue,
        };
        assert_eq!(numbers[0], ends.iter().sum::<u64>(), "{line}");
        rows += 1;
    }
    // Two sources, two sinks, one transform.
    assert_eq!(rows, 5, "{out}");
}

#[test]
fn the_demo_runs_on_no_cluster_but_its_own() {
    let home = Home::new(&[]);
    let file = "kafka: {bootstrap.servers: \"127.0.0.1:1\"}\nconnectors: {a: {topics: [t], sink: {discard: {}}}}\n";
    std::fs::write(home.path("connectors.yaml"), file).unwrap();
    let mut demo = home.command(&["demo", "--dir", "demos"]);
    let refused = demo.current_dir(home.path("")).output().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("names a cluster"), "{text}");
    assert_eq!(std::fs::read_dir(home.path("demos")).unwrap().count(), 0);
}

#[test]
fn the_demo_ends_well_when_it_is_interrupted() {
    let home = Home::new(&SMALL);
    let folder = home.path("demos").display().to_string();
    // More than there is time for.
    let mut demo = home.command(&["demo", "--dir", &folder]);
    let mut demo = home.start(demo.env("EVENT_COUNT", "1000000000"));
    demo.logged(" s   events ");
    demo.signal(Signal::INT);
    assert_eq!(demo.end(), Some(0), "{}", demo.log());
    assert!(demo.log().contains("Every record that was read is delivered"), "{}", demo.log());
}

#[test]
fn a_time_that_is_set_ends_it() {
    let home = Home::new(&SMALL);
    let ended = home.dev(&["--for", "1ms"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    let refused = home.dev(&["--for", "soon"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("expected a time such as 30s, 5m or 1h30m"), "{text}");
}

#[test]
fn the_shipped_files_hold_with_an_empty_environment() {
    let examples = std::fs::read_dir(root().join("examples")).unwrap();
    let mut files: Vec<_> = examples.map(|entry| entry.unwrap().path()).collect();
    files.push(root().join("connectors.yaml"));
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        let file = file.to_str().unwrap();
        let validated = process::binary().env_clear().args(["validate", file]).output().unwrap();
        let text = String::from_utf8_lossy(&validated.stdout);
        assert!(validated.status.success(), "{text}");
        // The workload's messages have times without presence, and are required all the same.
        let others = text
            .lines()
            .filter(|line| line.starts_with("warning: ") && !line.contains("has no presence"));
        assert_eq!(others.count(), 0, "{text}");
    }
}

#[test]
fn the_shipped_file_runs_on_apache_kafka_by_its_address_alone() {
    let suite = "the shipped configuration on Apache Kafka";
    let Some(kafka) = needs(suite, live_kafka::broker::Kafka::shared()) else { return };
    let home = Home::new(&SMALL);
    let mut run = home.command(&["dev", "--admin-listen", "127.0.0.1:0", "--until-idle"]);
    let run = run
        .env("BOOTSTRAP_SERVERS", kafka.bootstrap())
        .env("EVENT_COUNT", EVENTS.to_string())
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(3), "{}", String::from_utf8_lossy(&run.stderr));
    let expected = Expected::of(EVENTS);
    assert_eq!((home.counts(), home.orders()), (expected.rows, expected.orders));
    assert_eq!(process::letters(&kafka.cluster(), "events-dlq").len(), POISON);
    say(&format!("{suite}: {EVENTS} events and 100 orders are where they belong"));
}
