//! `transom run` where it cannot run, and where its broker is away: what an operator sees, and how it ends.

use crate::live_path::process::{Home, Transom, eventually};
use rustix::{
    fs::{FlockOperation, flock},
    process::Signal,
};
use std::{
    fs::{self, File},
    io::Write as _,
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};
use tokio::net::TcpSocket;

const PATIENCE: Duration = Duration::from_mins(1);

/// A port of this machine that is taken and answers nobody: who connects is refused.
pub(crate) struct Closed(TcpSocket);

impl Closed {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

const CONNECTORS: &str = "\
connectors:
  orders: {topics: [orders], sink: {console: {}}}
  made-up:
    source:
      datagen: {topics: {made: Made}, messages: {Made: {id: {sequence: {}}}}}
";

/// What an operator sees of a run that does not begin.
fn refused(home: &Home, arguments: &[&str]) -> String {
    let output =
        home.command(&[&["run"], arguments].concat()).env("RUST_LOG", "off").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    format!("{}--- stderr\n{}--- exit {code}\n", text(output.stdout), text(output.stderr))
}

fn away() -> (Closed, Home) {
    let closed = Closed::new();
    let home = Home::new(&closed.address().to_string(), CONNECTORS);
    (closed, home)
}

#[test]
fn what_cannot_run_says_so_and_changes_nothing() {
    let (_closed, home) = away();
    let wrong =
        Home::new("localhost:9092", &CONNECTORS.replace("topics: [orders]", "topcs: [orders]"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    fs::create_dir(home.path("held")).unwrap();
    let lock = File::create(home.path("held/lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    File::create(home.path("file")).unwrap();
    let shown = [
        ("a wrong configuration", refused(&wrong, &[])),
        ("no configuration", refused(&home, &["-c", "absent.yaml"])),
        ("an unknown connector", refused(&home, &["--connector", "order"])),
        ("a state directory in use", refused(&home, &["--state-dir", "held"])),
        ("a state directory that is a file", refused(&home, &["--state-dir", "file"])),
        ("a taken admin port", refused(&home, &["--admin-listen", &taken])),
        ("no address", refused(&home, &["--admin-listen", "here"])),
        ("an unknown form of logs", refused(&home, &["--log-format", "xml"])),
    ];
    let shown = shown.map(|(what, shown)| format!("=== {what}\n{shown}"));
    insta::assert_snapshot!(shown.concat().replace(&taken, "TAKEN"));
    assert!(!wrong.path(".transom").exists());
}

fn running(home: &Home) -> Transom {
    let transom = home.run("one", &[]);
    let is_up = || transom.ask("/health/live").is_some();
    eventually("it answers", PATIENCE, || transom.log(), is_up);
    transom
}

#[test]
fn a_signal_ends_it_while_the_broker_is_away() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let (_closed, home) = away();
        let mut transom = running(&home);
        // Whoever asks and does not come to an end keeps nobody.
        let mut half = TcpStream::connect(transom.admin().unwrap()).unwrap();
        half.write_all(b"GET /status HT").unwrap();
        let is_away = || transom.log().contains("refused");
        eventually("the broker is missed", PATIENCE, || transom.log(), is_away);
        transom.signal(signal);
        let status = transom.ended(PATIENCE);
        let log = transom.log();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains(&format!("signal=\"{name}\"")), "{log}");
        assert!(log.lines().last().is_some_and(|line| line.ends_with("stopped")), "{log}");
    }
}
