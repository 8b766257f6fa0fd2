//! Processes of the binary in the repository's root, each test with a state directory of its own; and what they leave.

use regex::Regex;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use transom::topics::Cluster;
use transom_core::config::Properties;

/// Longest wait for something that a process does; the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);

/// A state directory, and the variables that all commands see.
pub(super) struct Home {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// A process that goes on while the test looks. It is killed when it is dropped.
pub(super) struct Running {
    child: Child,
    log: PathBuf,
}

impl Home {
    pub(super) fn new(variables: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables = variables.iter().map(own).collect();
        Self { directory: tempfile::tempdir().unwrap(), variables }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// A command of the binary, with nothing in its environment but this home's.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary();
        command
            .env_clear()
            .envs(self.variables.iter().cloned())
            .env("TRANSOM_STATE_DIR", self.state())
            .current_dir(root())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// `transom dev` on free ports.
    pub(super) fn dev(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["dev", "--admin-listen", "127.0.0.1:0"]);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(arguments);
        command
    }

    /// Starts a process and lets it go on.
    pub(super) fn start(&self, command: &mut Command) -> Running {
        let mut number = 0;
        let log = loop {
            let log = self.path(&format!("{number}.log"));
            if !log.exists() {
                break log;
            }
            number += 1;
        };
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let stdout = stderr.try_clone().unwrap();
        let child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
        Running { child, log }
    }

    /// Orders by their number: id, price, quantity; none while there is no table.
    pub(super) fn orders(&self) -> Vec<(String, String, i64)> {
        let statement = "SELECT order_id, price, quantity FROM orders ORDER BY CAST(substr(order_id, 2) AS INTEGER)";
        self.ask(statement, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// Rows by table, but for those of our own tables.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let tables =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'transom%'";
        let tables: Vec<String> = self.ask(tables, |row| row.get(0));
        let count = |table: String| {
            let count = format!("SELECT count(*) FROM {table}");
            let count: i64 = self.ask(&count, |row| row.get(0))[0];
            (table, usize::try_from(count).unwrap())
        };
        tables.into_iter().map(count).collect()
    }

    fn ask<T>(
        &self,
        statement: &str,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = self.state().join("warehouse.db");
        let Ok(connection) = Connection::open_with_flags(path, flags) else { return Vec::new() };
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        let Ok(mut statement) = connection.prepare(statement) else { return Vec::new() };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    /// Starts the broker on what a `dev` has left, for as long as something asks it.
    pub(super) fn on_broker<T>(&self, ask: impl FnOnce(&Cluster) -> T) -> T {
        let directory = self.state().join("broker").display().to_string();
        let mut command = self.command(&["broker", "--listen", "127.0.0.1:0", "--dir", &directory]);
        let mut broker = self.start(&mut command);
        let servers = [("bootstrap.servers", broker.logged("broker started address="))];
        let answer = ask(&Cluster::new(Properties::from_iter(servers)).unwrap());
        broker.signal(Signal::INT);
        assert_eq!(broker.end(), Some(0), "{}", broker.log());
        answer
    }
}

impl Running {
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// What stands behind a text in its line of the log, once it is there.
    pub(super) fn logged(&self, text: &str) -> String {
        let mut rest_of_line = None;
        eventually(text, || {
            let log = self.log();
            let behind = log.split_once(text).and_then(|(_, rest)| rest.split_once('\n'));
            rest_of_line = behind.map(|(line, _)| line.to_owned());
            rest_of_line.is_some()
        });
        rest_of_line.unwrap()
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended; returns the exit code.
    pub(super) fn end(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(super) fn binary() -> Command {
    Command::new(
        std::env::var_os("TRANSOM_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_transom").into()),
    )
}

/// The repository's root.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Waits until something holds.
pub(super) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    let (_sender, receiver) = mpsc::channel::<()>();
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        receiver.recv_timeout(Duration::from_millis(50)).unwrap_err();
    }
}

/// Offsets of all records of a topic.
pub(super) fn origins(cluster: &Cluster, topic: &str) -> Vec<i64> {
    let mut offsets = Vec::new();
    let scan = cluster.scan(topic).unwrap();
    scan.read(&mut |record| offsets.extend(record.offset)).unwrap();
    offsets
}

/// At which stage the original of each dead letter failed.
pub(super) fn letters(cluster: &Cluster, topic: &str) -> Vec<String> {
    let mut stages = Vec::new();
    let read = cluster.scan(topic).unwrap().read(&mut |record| {
        let mut stage = record.headers.iter().filter(|(name, _)| *name == "__connect.errors.stage");
        let stage = stage.next().and_then(|(_, value)| *value).unwrap_or_default();
        stages.push(String::from_utf8_lossy(stage).into_owned());
    });
    read.unwrap();
    stages
}

/// What the demo prints, without what differs from run to run: paths, numbers, how often it told its progress.
pub(super) fn masked(out: &str, folder: &str) -> String {
    let binary = binary().get_program().to_str().unwrap().to_owned();
    let mut text = out.replace(folder, "FOLDER").replace(&binary, "transom");
    for (pattern, with) in [
        // Which dead letter is the first is up to two tasks.
        ("(?:business|customer|account|trade|payment)-events/", "TOPIC/"),
        ("errors.topic: [a-z-]+", "errors.topic: TOPIC"),
        (r"dataflow\.\w+Event\.\w+", "MESSAGE.FIELD"),
        ("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "TIME"),
        (r"\b[0-9]+(\.[0-9]+)?\b", "N"),
        // How often it tells its progress is up to the machine, and so is what was through before the filter was narrowed.
        ("(?m)(^ +N s .*\n)+", "$1"),
        ("(?m)^BU2 .*\n", ""),
        ("less than N µs", "N µs"),
        // It is the release binary that the suites on Kafka run.
        (r" \(this build is not optimised[^)]*\)", ""),
        ("sha256 [0-9a-f]{12}", "sha256 DIGEST"),
        ("--+", "--"),
        (" {2,}", "  "),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, with).into_owned();
    }
    text
}
