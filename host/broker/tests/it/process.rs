//! A broker in a process of its own, to be killed.

use std::error::Error as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::message::Message;
use tokio::runtime::Runtime;
use transom_broker::{Broker, BrokerError, Settings};

use crate::support::{Clients, SHORT, read};

/// Tells this test binary to be a broker instead, with this directory at this address.
const DIRECTORY: &str = "TRANSOM_TEST_BROKER_DIRECTORY";
const LISTEN: &str = "TRANSOM_TEST_BROKER_LISTEN";

/// What the line begins with that tells the address.
const ADDRESS: &str = "address: ";

/// A broker that can be killed. It is, at the latest when this is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a broker on any free port.
    pub(crate) fn start(directory: &Path) -> Self {
        Self::start_at(directory, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Kills the broker as the system does it, without a chance to say or write anything, and starts another one.
    pub(crate) fn kill_and_restart(&mut self, directory: &Path) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::start_at(directory, self.address);
    }

    fn start_at(directory: &Path, listen: SocketAddr) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "process::broker_if_asked_for", "--nocapture"]);
        command.env(DIRECTORY, directory).env(LISTEN, listen.to_string());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.find_map(|line| Some(line.unwrap().split_once(ADDRESS)?.1.to_owned()));
        Self { child, address: line.expect("the broker did not start").parse().unwrap() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// In a process that [`Process`] started this is the broker. As a test it has nothing to do.
#[test]
fn broker_if_asked_for() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let listen = std::env::var(LISTEN).unwrap().parse().unwrap();
    Runtime::new().unwrap().block_on(async {
        let settings = Settings { listen, ..Settings::new(directory) };
        let broker = Broker::start(settings).await.unwrap();
        let mut stdout = std::io::stdout();
        writeln!(stdout, "\n{ADDRESS}{}", broker.address()).unwrap();
        stdout.flush().unwrap();
        std::future::pending::<()>().await;
    });
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path());
    let runtime = Runtime::new().unwrap();
    let clients = Clients { address: process.address, runtime: &runtime };
    clients.create("t", 2);
    clients.send("t", 0, 100, &[]);
    let member = clients.member("g", "t", &[]);
    read(&member, 60);
    member.commit_consumer_state(CommitMode::Sync).unwrap();
    drop(member);
    process.kill_and_restart(directory.path());
    let member = clients.member("g", "t", &[]);
    assert_eq!(member.fetch_watermarks("t", 0, SHORT * 100).unwrap(), (0, 100));
    let offsets: Vec<i64> = read(&member, 40).iter().map(Message::offset).collect();
    assert_eq!(offsets, (60..100).collect::<Vec<i64>>());
    let deliveries = clients.send("t", 0, 1, &[]);
    assert_eq!(deliveries[0].offset, 100);
}

#[test]
fn one_directory_has_one_broker() {
    let directory = tempfile::tempdir().unwrap();
    let _process = Process::start(directory.path());
    let second = Broker::start(Settings::new(directory.path()));
    let error = Runtime::new().unwrap().block_on(second).unwrap_err();
    assert!(matches!(error, BrokerError::InUse { .. }), "{error}");
}

#[test]
fn what_is_missing_or_damaged_is_told_instead_of_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let runtime = Runtime::new().unwrap();
    let broker = runtime.block_on(Broker::start(Settings::new(directory.path()))).unwrap();
    let clients = Clients { address: broker.address(), runtime: &runtime };
    clients.create("t", 1);
    for _ in 0..2 {
        clients.send("t", 0, 1, &[]);
    }
    runtime.block_on(broker.stop()).unwrap();
    let refused = || {
        let start = Broker::start(Settings::new(directory.path()));
        runtime.block_on(start).map(|broker| broker.address()).unwrap_err()
    };

    let segment = path("logs/t-0/00000000000000000000.log");
    let good = fs::read(&segment).unwrap();
    let mut bad = good.clone();
    bad[61] ^= 1;
    fs::write(&segment, &bad).unwrap();
    let error = refused();
    let said = error.source().unwrap().to_string();
    assert!(said.contains("`t-0`") && said.contains("offsets 0 to 1 would be lost"), "{said}");
    fs::write(&segment, good).unwrap();

    fs::rename(path("journal"), path("aside")).unwrap();
    assert!(matches!(refused(), BrokerError::NoJournal { .. }));
    fs::write(path("journal"), []).unwrap();
    assert!(matches!(refused(), BrokerError::NoJournal { .. }));
    fs::rename(path("aside"), path("journal")).unwrap();

    fs::rename(path("logs/t-0"), path("aside")).unwrap();
    assert!(
        matches!(refused(), BrokerError::NoPartition { directory } if directory == path("logs/t-0"))
    );
    fs::rename(path("aside"), path("logs/t-0")).unwrap();
    let broker = runtime.block_on(Broker::start(Settings::new(directory.path()))).unwrap();
    let clients = Clients { address: broker.address(), runtime: &runtime };
    assert_eq!(clients.send("t", 0, 1, &[])[0].offset, 2);
}

#[test]
fn a_taken_address_is_named() {
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let listen = taken.local_addr().unwrap();
    let settings = Settings { listen, ..Settings::new(directory.path()) };
    let error = Runtime::new().unwrap().block_on(Broker::start(settings)).unwrap_err();
    assert!(matches!(error, BrokerError::Listen { address, .. } if address == listen));
}
