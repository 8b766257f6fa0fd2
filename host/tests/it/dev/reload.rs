//! A configuration that changes while it runs: `transom reload`, and `transom dev` by itself.

use super::process::{Home, Running, eventually};
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use std::{fs, process::Output};

/// Numbers come with a place for who decided; a filter lets through, a transform says which version it was.
const CONFIG: &str = "
kafka: {bootstrap.servers: '${env:BOOTSTRAP_SERVERS:-embedded}'}
state.dir: STATE
connectors:
  numbers:
    value: {json: {}}
    topic.creation.default.partitions: 4
    source:
      datagen:
        count: COUNT
        interval.ms: INTERVAL
        topics: {numbers: Number}
        messages: {Number: {number: {sequence: {prefix: N}}}}
  to-table:
    topics: [numbers]
    tasks.max: 2
    batch.max.records: 50
    value: {json: {}}
    transforms:
      - name: version
        smt: SMT
        config: {static.field: version, static.value: VERSION, offset.field: offset, partition.field: partition}
    sink:
      sqlite:
        path: STATE/table.db
        tables:
          numbers:
            columns:
              - {name: number}
              - {name: version}
              - {name: partition, type: integer}
              - {name: offset, type: integer}
";

/// A process with its admin listener.
struct Process {
    running: Running,
    admin: String,
}

impl Process {
    fn end(&mut self) {
        self.running.signal(Signal::TERM);
        assert_eq!(self.running.end(), Some(0), "{}", self.running.log());
    }
}

/// A configuration in a folder of its own, as it is edited.
struct Edited {
    home: Home,
    values: Vec<(&'static str, String)>,
}

impl Edited {
    fn new(count: i64, interval: &str) -> Self {
        let home = Home::new(&[]);
        let state = home.state().display().to_string();
        let values = vec![
            ("STATE", state),
            ("COUNT", count.to_string()),
            ("INTERVAL", interval.to_owned()),
            ("SMT", "./version.wasm".to_owned()),
            ("VERSION", "v0".to_owned()),
        ];
        let edited = Self { home, values };
        fs::write(edited.home.path("version.wasm"), module(0)).unwrap();
        edited.write(&edited.text());
        edited
    }

    fn text(&self) -> String {
        let replaced = |text: String, (from, to): &(&str, String)| text.replace(from, to);
        self.values.iter().fold(CONFIG.to_owned(), replaced)
    }

    fn write(&self, text: &str) {
        // As editors do it: nobody sees half of it.
        let draft = self.home.path("draft");
        fs::write(&draft, text).unwrap();
        fs::rename(draft, self.home.path("connectors.yaml")).unwrap();
    }

    fn set(&mut self, name: &str, value: &str) {
        let place = self.values.iter_mut().find(|(known, _)| *known == name).unwrap();
        value.clone_into(&mut place.1);
        self.write(&self.text());
    }

    fn file(&self) -> String {
        self.home.path("connectors.yaml").display().to_string()
    }

    /// A process that reloads only when it is asked, and its broker.
    fn run(&self) -> (Process, Running) {
        let directory = self.home.path("broker").display().to_string();
        let listen = ["broker", "--listen", "127.0.0.1:0", "--dir", &directory];
        let broker = self.home.start(&mut self.home.command(&listen));
        let address = broker.logged("broker started address=");
        let mut run = self.home.command(&["run", "--admin-listen", "127.0.0.1:0"]);
        run.args(["-c", &self.file()]).env("BOOTSTRAP_SERVERS", address);
        let running = self.home.start(&mut run);
        let admin = running.logged("running admin.listen=");
        (Process { running, admin }, broker)
    }

    fn rows<T>(
        &self,
        statement: &str,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = self.home.state().join("table.db");
        let Ok(connection) = Connection::open_with_flags(path, flags) else { return Vec::new() };
        connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        let Ok(mut statement) = connection.prepare(statement) else { return Vec::new() };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    fn count(&self, condition: &str) -> i64 {
        let statement = format!("SELECT count(*) FROM numbers WHERE {condition}");
        self.rows(&statement, |row| row.get(0)).first().copied().unwrap_or(0)
    }

    fn reload(
        &self,
        Process { admin, .. }: &Process,
        more: &[&str],
    ) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self
            .home
            .command(&[&["reload", "--admin-listen", admin], more].concat())
            .output()
            .unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    /// Each number once, those of a partition in order, and versions never going back.
    fn assert_exactly_once_in_order(&self, count: i64) {
        let all = "SELECT partition, version, number FROM numbers ORDER BY partition, \"offset\"";
        let rows: Vec<(i64, String, String)> =
            self.rows(all, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let number = |text: &str| text.trim_start_matches(['N', 'v']).parse::<i64>().unwrap();
        let mut numbers: Vec<i64> = rows.iter().map(|(_, _, name)| number(name)).collect();
        for pair in rows.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            assert!(number(&pair[0].1) <= number(&pair[1].1), "{pair:?}");
            assert!(number(&pair[0].2) < number(&pair[1].2), "{pair:?}");
        }
        numbers.sort_unstable();
        let first = numbers.first().copied().unwrap_or_default();
        assert_eq!(numbers, (first..first + count).collect::<Vec<_>>());
    }
}

/// The shipped `insert-field` as another file: with a custom section more, its bytes are others.
fn module(version: u8) -> Vec<u8> {
    let mut wasm = transom::shipped::find("insert-field").unwrap().to_vec();
    wasm.extend([0, 3, 1, b'v', version]);
    wasm
}

#[test]
fn a_changed_config_takes_effect_between_batches_and_every_record_is_there_once() {
    const COUNT: i64 = 2_000;
    let mut edited = Edited::new(COUNT, "1");
    let (mut run, _broker) = edited.run();
    eventually("records are there", || edited.count("version = 'v0'") > 100);
    edited.set("VERSION", "v1");
    let (code, out, err) = edited.reload(&run, &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("to-table, transform version\n  before: insert-field"), "{out}");
    assert!(out.contains(", with another config\n  2 of 2 tasks paused for it, "), "{out}");
    eventually("all records are there", || edited.count("true") == COUNT);
    assert!(edited.count("version = 'v1'") > 0, "{}", run.running.log());
    edited.assert_exactly_once_in_order(COUNT);
    run.end();
}
