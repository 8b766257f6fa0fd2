//! `transom run` as a process that can be asked, stopped, frozen and killed.

use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use transom_runtime::status::{RecordCounts, Status};

/// A directory with a configuration, in which processes run.
pub(super) struct Home {
    directory: TempDir,
    bootstrap: String,
}

/// One running process. It is killed when it is dropped.
pub(super) struct Transom {
    child: Child,
    log: PathBuf,
}

impl Home {
    /// A directory whose `connectors.yaml` has these connectors, indented as in a file.
    pub(super) fn new(bootstrap: &str, connectors: &str) -> Self {
        let home =
            Self { directory: tempfile::tempdir().unwrap(), bootstrap: bootstrap.to_owned() };
        home.configure(connectors);
        home
    }

    /// Writes the configuration anew.
    pub(super) fn configure(&self, connectors: &str) {
        let head = "kafka:\n  bootstrap.servers: ${env:BOOTSTRAP_SERVERS}\n";
        fs::write(self.path("connectors.yaml"), format!("{head}{connectors}")).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A command of the binary in this directory.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let binary = std::env::var_os("TRANSOM_BINARY")
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_transom").into());
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("BOOTSTRAP_SERVERS", &self.bootstrap)
            .env_remove("RUST_LOG");
        command
    }

    /// Starts `transom run`, with a name for its log and further arguments.
    pub(super) fn run(&self, name: &str, arguments: &[&str]) -> Transom {
        let log = self.path(&format!("{name}.log"));
        let state = format!("state-{name}");
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let child = self
            .command(&["run", "--admin-listen", "127.0.0.1:0", "--state-dir", &state])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        Transom { child, log }
    }
}

impl Transom {
    /// What it logged so far; part of what an assertion shows.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The address of its admin listener, once it says so.
    fn admin(&self) -> Option<String> {
        let log = self.log();
        let (_, address) = log.rsplit_once("admin.listen=")?;
        Some(address.split_whitespace().next()?.to_owned())
    }

    /// Asks for a path of the admin listener.
    pub(super) fn ask(&self, path: &str) -> Option<String> {
        let address = self.admin()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            reqwest::get(format!("http://{address}{path}")).await.ok()?.text().await.ok()
        })
    }

    pub(super) fn status(&self) -> Option<Status> {
        serde_json::from_str(&self.ask("/status")?).ok()
    }

    /// The sums of a connector's tasks.
    pub(super) fn counts(&self, connector: &str) -> RecordCounts {
        let mut sums = RecordCounts::default();
        let Some(status) = self.status() else { return sums };
        let connector = status.connectors.into_iter().find(|known| known.name == connector);
        for task in connector.into_iter().flat_map(|connector| connector.tasks) {
            sums.read += task.records.read;
            sums.delivered += task.records.delivered;
            sums.dropped += task.records.dropped;
            sums.dead_lettered += task.records.dead_lettered;
            sums.skipped += task.records.skipped;
            sums.in_flight += task.records.in_flight;
            sums.out += task.records.out;
        }
        sums
    }

    /// Peak resident memory, in bytes.
    pub(super) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// `kill -9`.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; it must end well.
    pub(super) fn stop(self) {
        let log = self.log.clone();
        let status = self.end();
        assert!(status.success(), "{status}\n{}", fs::read_to_string(log).unwrap());
    }

    /// SIGTERM, and how it ended.
    pub(super) fn end(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().unwrap()
    }
}

impl Drop for Transom {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until something holds, and shows what `context` says if it does not in time.
pub(super) fn eventually(
    what: &str,
    patience: Duration,
    context: impl Fn() -> String,
    mut holds: impl FnMut() -> bool,
) {
    let deadline = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {patience:?}\n{}", context());
        pause(Duration::from_millis(50));
    }
}

/// Lets other processes work.
pub(super) fn pause(time: Duration) {
    let (_sender, receiver) = mpsc::channel::<()>();
    receiver.recv_timeout(time).unwrap_err();
}

/// The repository's root.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
