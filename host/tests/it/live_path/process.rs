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
use transom_runtime::status::{ConnectorStatus, RecordCounts, Status};

/// A directory with a configuration, in which processes run.
pub(crate) struct Home {
    directory: TempDir,
    bootstrap: String,
}

/// One running process. It is killed when it is dropped.
pub(crate) struct Transom {
    child: Child,
    log: PathBuf,
}

impl Home {
    /// A directory whose `connectors.yaml` has these connectors, indented as in a file.
    pub(crate) fn new(bootstrap: &str, connectors: &str) -> Self {
        let home =
            Self { directory: tempfile::tempdir().unwrap(), bootstrap: bootstrap.to_owned() };
        home.configure(connectors);
        home
    }

    /// Writes the configuration anew.
    pub(crate) fn configure(&self, connectors: &str) {
        let head = "kafka:\n  bootstrap.servers: ${env:BOOTSTRAP_SERVERS}\n";
        fs::write(self.path("connectors.yaml"), format!("{head}{connectors}")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A command of the binary in this directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
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
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Transom {
        let state = format!("state-{name}");
        let mut command =
            self.command(&["run", "--admin-listen", "127.0.0.1:0", "--state-dir", &state]);
        command.args(arguments).stdout(Stdio::null());
        self.start(name, command)
    }

    /// Starts a command, with a name for its log.
    pub(crate) fn start(&self, name: &str, mut command: Command) -> Transom {
        let log = self.path(&format!("{name}.log"));
        let stderr = File::options().create(true).append(true).open(&log).unwrap();
        let child = command.stdin(Stdio::null()).stderr(stderr).spawn().unwrap();
        Transom { child, log }
    }
}

impl Transom {
    /// What it logged so far; part of what an assertion shows.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The address of its admin listener, once it says so.
    pub(crate) fn admin(&self) -> Option<String> {
        let log = self.log();
        let (_, address) = log.rsplit_once("admin.listen=")?;
        Some(address.split_whitespace().next()?.to_owned())
    }

    /// Asks for a path of the admin listener.
    pub(crate) fn ask(&self, path: &str) -> Option<String> {
        let address = self.admin()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            reqwest::get(format!("http://{address}{path}")).await.ok()?.text().await.ok()
        })
    }

    pub(crate) fn status(&self) -> Option<Status> {
        serde_json::from_str(&self.ask("/status")?).ok()
    }

    /// The sums of a connector's tasks.
    pub(crate) fn counts(&self, connector: &str) -> RecordCounts {
        let connectors = self.status().map_or_else(Vec::new, |status| status.connectors);
        let connector = connectors.iter().find(|known| known.name == connector);
        connector.map_or_else(RecordCounts::default, ConnectorStatus::records)
    }

    /// Peak resident memory, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; it must end well.
    pub(crate) fn stop(self) {
        let log = self.log.clone();
        let status = self.end();
        assert!(status.success(), "{status}\n{}", fs::read_to_string(log).unwrap());
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended(Duration::from_mins(3))
    }

    /// Waits until it has ended, and says how.
    pub(crate) fn ended(&mut self, patience: Duration) -> ExitStatus {
        let log = self.log.clone();
        let mut status = None;
        eventually(
            "it has ended",
            patience,
            || fs::read_to_string(&log).unwrap(),
            || {
                status = self.child.try_wait().unwrap();
                status.is_some()
            },
        );
        status.expect("it has ended")
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
pub(crate) fn eventually(
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
pub(crate) fn pause(time: Duration) {
    let (_sender, receiver) = mpsc::channel::<()>();
    receiver.recv_timeout(time).unwrap_err();
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
