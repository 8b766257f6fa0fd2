//! A configuration that changes while it runs: `transom reload`, and `transom dev` by itself.

use super::process::{Home, Running, eventually};
use crate::{hostile::Guest, live::say};
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use std::{fs, process::Output};

/// Each number is told which version of the transform decided about it, where it was in the log, and when it was made.
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
        interval.ms: 1
        topics: {numbers: Number}
        messages: {Number: {number: {sequence: {prefix: N}}}}
  to-table:
    topics: [numbers]
    tasks.max: 2
    batch.max.records: 50
    value: {json: {}}
    transforms:
      - name: version
        smt: ./version.wasm
        config: {static.field: version, static.value: VERSION, offset.field: offset, partition.field: partition, timestamp.field: made}
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
              - {name: made, type: integer}
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
    fn new(count: &str) -> Self {
        let home = Home::new(&[]);
        let state = home.state().display().to_string();
        let values =
            vec![("STATE", state), ("COUNT", count.to_owned()), ("VERSION", "v0".to_owned())];
        let edited = Self { home, values };
        edited.write_module(&module(0));
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

    fn write_module(&self, wasm: &[u8]) {
        fs::write(self.home.path("version.wasm"), wasm).unwrap();
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

    /// Of each partition every record from the first to the last that is there, once; in order, and no version comes
    /// back once another has decided.
    fn assert_once_and_in_order(&self) -> Vec<Row> {
        let all = "SELECT partition, \"offset\", number, version, made FROM numbers ORDER BY partition, \"offset\"";
        let number = |row: &rusqlite::Row<'_>, at| -> rusqlite::Result<i64> {
            let text: String = row.get(at)?;
            Ok(text.trim_start_matches(['N', 'v']).parse().unwrap())
        };
        let rows = self.rows(all, |row| {
            let (partition, offset, made) = (row.get(0)?, row.get(1)?, row.get(4)?);
            Ok(Row { partition, offset, number: number(row, 2)?, version: number(row, 3)?, made })
        });
        for pair in rows.chunk_by(|left, right| left.partition == right.partition) {
            let offsets = pair.iter().map(|row| row.offset);
            assert!(offsets.eq(0..i64::try_from(pair.len()).unwrap()), "{pair:?}");
            assert!(pair.is_sorted_by_key(|row| (row.number, row.offset)), "{pair:?}");
            assert!(pair.is_sorted_by_key(|row| row.version), "{pair:?}");
        }
        rows
    }
}

/// What the table has of a record.
#[derive(Debug)]
struct Row {
    partition: i64,
    offset: i64,
    number: i64,
    version: i64,
    made: i64,
}

/// The shipped `insert-field` as another file: with a custom section more, its bytes are others.
fn module(version: u8) -> Vec<u8> {
    let mut wasm = transom::shipped::find("insert-field").unwrap().to_vec();
    wasm.extend([0, 3, 1, b'v', version]);
    wasm
}

/// It keeps each record, and promises to drop one.
fn module_that_fails_its_case() -> Vec<u8> {
    let case = r#"{"description": "one is dropped", "config": {}, "records": [{"input": {"value": 1}, "expected": []}]}"#;
    let section =
        format!(r#"{{"name": "guest", "version": "0.1.0", "abi": "1.0", "cases": [{case}]}}"#);
    Guest { section, ..Guest::default() }.wasm()
}

#[test]
fn a_changed_config_takes_effect_between_batches_and_every_record_is_there_once() {
    let mut edited = Edited::new("2000");
    let (mut run, _broker) = edited.run();
    eventually("records are there", || edited.count("version = 'v0'") > 100);
    edited.set("VERSION", "v1");
    let (code, out, err) = edited.reload(&run, &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("to-table, transform version\n  before: insert-field"), "{out}");
    assert!(out.contains(", with another config\n  2 of 2 tasks paused for it, "), "{out}");
    eventually("all records are there", || edited.count("true") == 2_000);
    assert!(edited.count("version = 'v1'") > 0, "{}", run.running.log());
    edited.assert_once_and_in_order();
    run.end();
}

#[test]
fn what_does_not_hold_changes_nothing_and_says_why() {
    let mut edited = Edited::new("");
    let (mut run, _broker) = edited.run();
    eventually("records are there", || edited.count("version = 'v0'") > 0);
    let refused = |edited: &Edited, expected: &str| {
        let (code, out, err) = edited.reload(&run, &[]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.starts_with("transom: nothing was changed: "), "{err}");
        assert!(err.contains(expected), "{err}");
        let (code, out, err) = edited.reload(&run, &["--json"]);
        assert_eq!((code, err.as_str()), (Some(2), ""), "{out}");
        assert!(out.starts_with("{\n  \"error\": "), "{out}");
    };
    // Beside what is broken there is something that could be done.
    edited.set("VERSION", "v1");
    edited.write_module(&module(1)[..5_000]);
    refused(&edited, "the module is cut off");
    edited.write_module(&module_that_fails_its_case());
    refused(&edited, "its own test case `one is dropped` fails: record 0: ");
    edited.write_module(&module(1));
    edited.write("kafka: [");
    refused(&edited, "connectors.yaml:1:");
    edited.write(&edited.text().replace("static.field: version", "static.feild: version"));
    refused(&edited, "static.feild");
    fs::remove_file(edited.home.path("connectors.yaml")).unwrap();
    refused(&edited, "cannot be read");

    let other = edited.text().replace("table.db", "other.db").replace("v1", "v0");
    edited.write(&other.replace("tasks.max: 2", "tasks.max: 3"));
    edited.write_module(&module(0));
    let (code, out, err) = edited.reload(&run, &[]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(
        out,
        "no transform has changed\nneeds a restart: connectors.to-table.`tasks.max`\nneeds a restart: connectors.to-table.sink.sqlite.path\n"
    );
    assert_eq!(edited.count("version <> 'v0'"), 0);
    run.end();
    edited.assert_once_and_in_order();
}

#[test]
fn no_web_page_reloads_and_a_process_that_is_away_is_told() {
    let mut edited = Edited::new("");
    let (mut run, _broker) = edited.run();
    edited.set("VERSION", "v1");
    let post = reqwest::Client::new().post(format!("http://{}/reload", run.admin));
    let post = post.header("origin", "http://a.page").send();
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(tokio.block_on(post).unwrap().status(), 403);
    eventually("records are there", || edited.count("true") > 0);
    run.end();
    assert_eq!(edited.count("version <> 'v0'"), 0);
    let (code, _, err) = edited.reload(&run, &[]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("no process answers on"), "{err}");
}

#[test]
fn at_a_desk_what_changes_is_noticed() {
    let mut edited = Edited::new("");
    let file = edited.file();
    let mut dev = edited.home.start(edited.home.dev(&["-c", &file]).env("NO_COLOR", "1"));
    eventually("records are there", || edited.count("version = 'v0'") > 0);
    edited.set("VERSION", "v1");
    eventually("the new config decides", || edited.count("version = 'v1'") > 0);
    edited.write("kafka: [");
    dev.logged("nothing was changed: ");
    edited.set("VERSION", "v1");
    edited.write_module(&module(1));
    let exchanged = || dev.log().matches("the transform was exchanged").count();
    eventually("the new module runs", || exchanged() == 2);
    dev.signal(Signal::INT);
    assert_eq!(dev.end(), Some(0), "{}", dev.log());
    edited.assert_once_and_in_order();
}

/// A third of them to a module that is broken.
const SWAPS: u8 = 50;

#[test]
fn under_load_each_record_is_decided_by_the_version_of_its_time() {
    let mut edited = Edited::new("");
    let (mut run, _broker) = edited.run();
    let mut current = vec![(0, 0)];
    for version in 1..=SWAPS {
        let name = format!("v{version}");
        assert_eq!(edited.count(&format!("version = '{name}'")), 0);
        edited.set("VERSION", &name);
        let (wasm, is_broken) = (module(version), version % 3 == 2);
        edited.write_module(if is_broken { &wasm[..wasm.len() / 2] } else { &wasm });
        let (code, out, err) = edited.reload(&run, &["--json"]);
        assert_eq!((code, err.as_str()), (Some(if is_broken { 2 } else { 0 }), ""), "{out}");
        let before = edited.count("true");
        if is_broken {
            eventually("records go on", || edited.count("true") > before + 50);
            continue;
        }
        current.push((i64::from(version), jiff::Timestamp::now().as_millisecond()));
        let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
        let pauses = &answer["transforms"][0]["pauses_us"];
        say(&format!("swap {version}: {pauses} µs"));
        eventually("it decides", || edited.count(&format!("version = '{name}'")) > 50);
    }
    run.end();
    let rows = edited.assert_once_and_in_order();
    assert!(rows.iter().any(|row| row.made > current[current.len() - 1].1), "{current:?}");
    for row in rows {
        assert!(current.iter().any(|(version, _)| *version == row.version), "{row:?}");
        // What was made after a swap was over was not decided by a version before it.
        let since = current.iter().rfind(|(_, since)| row.made > *since).unwrap();
        assert!(row.version >= since.0, "{row:?}, {current:?}");
    }
}
