//! An Apache Kafka of the tests' own, from the jars that `make live-deps` puts into the target directory.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use tempfile::TempDir;
use transom::topics::Cluster;
use transom_core::config::Properties;

use crate::fetched;

/// Longest wait for a broker to answer; the machine may be busy.
const START: Duration = Duration::from_mins(2);

/// A broker in a directory of its own, on free ports of the loopback. It ends with the process that started it.
pub(crate) struct Kafka {
    directory: TempDir,
    libraries: PathBuf,
    bootstrap: String,
    process: Option<Child>,
}

impl Kafka {
    /// Returns the broker that all tests of this process share. Topics and groups in it are named after the test.
    pub(crate) fn shared() -> Result<&'static Self, String> {
        static SHARED: OnceLock<Result<Kafka, String>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref().map_err(Clone::clone)
    }

    /// Formats and starts a broker, or says what is missing and the line that brings it.
    pub(crate) fn start() -> Result<Self, String> {
        let libraries = fetched::target().join("kafka/libs");
        if !libraries.is_dir() {
            return Err("Apache Kafka is not there; make live-deps fetches it".to_owned());
        }
        if !Command::new("java").arg("-version").output().is_ok_and(|said| said.status.success()) {
            return Err(
                "there is no working `java`; make live-deps says how to install one".to_owned()
            );
        }
        let directory = tempfile::tempdir().unwrap();
        let [broker, controller] = free_ports();
        let properties = include_str!("../../kafka/server.properties.in")
            .replace("@BROKER@", &broker.to_string())
            .replace("@CONTROLLER@", &controller.to_string())
            .replace("@DIRECTORY@", directory.path().to_str().unwrap());
        fs::write(directory.path().join("server.properties"), properties).unwrap();
        let bootstrap = format!("127.0.0.1:{broker}");
        let mut kafka = Self { directory, libraries, bootstrap, process: None };
        kafka.format();
        kafka.restart();
        Ok(kafka)
    }

    /// Host and port.
    pub(crate) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The way to it.
    pub(crate) fn cluster(&self) -> Cluster {
        self.cluster_with(&[])
    }

    /// The way to it, with further properties.
    pub(crate) fn cluster_with(&self, properties: &[(&str, &str)]) -> Cluster {
        let servers = ("bootstrap.servers", self.bootstrap());
        let all = std::iter::once(&servers).chain(properties);
        let all: Properties =
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Cluster::new(all).unwrap()
    }

    /// Deletes a topic, which nothing of ours does.
    pub(crate) fn delete_topic(&self, topic: &str) {
        let mut config = ClientConfig::new();
        let admin: AdminClient<_> =
            config.set("bootstrap.servers", self.bootstrap()).create().unwrap();
        let deleted = admin.delete_topics(&[topic], &AdminOptions::new());
        super::runtime().block_on(deleted).unwrap().remove(0).unwrap();
    }

    /// Ends the broker as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut watched) = self.process.take() {
            let mut input = watched.stdin.take().unwrap();
            writeln!(input, "keep").unwrap();
            // With its input the broker ends.
            drop(input);
            watched.wait().unwrap();
        }
    }

    /// Starts it again with what it had on disk, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let log = fs::File::create(self.directory.path().join("kafka.log")).unwrap();
        let watch = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/tests/kafka/watched");
        let mut command = Command::new(watch);
        command
            .arg(self.directory.path())
            .arg("java")
            .args(self.java())
            .arg("kafka.Kafka")
            .arg("server.properties");
        command.current_dir(self.directory.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut watched = command.spawn().unwrap();
        let mut pid = String::new();
        BufReader::new(watched.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        assert!(pid.trim().parse::<u32>().is_ok(), "the broker was not started");
        self.process = Some(watched);
        self.await_answer();
    }

    fn await_answer(&self) {
        let admin = self.cluster().admin().unwrap();
        let begun = Instant::now();
        while let Err(error) = admin.topics() {
            let log = fs::read_to_string(self.directory.path().join("kafka.log")).unwrap();
            assert!(begun.elapsed() < START, "the broker does not answer: {error}\n{log}");
        }
    }

    fn format(&self) {
        let mut command = Command::new("java");
        command.args(self.java()).args(["kafka.tools.StorageTool", "format", "--standalone"]);
        // Any id will do; it is the cluster's in every test.
        command.args(["-t", "dHJhbnNvbS1pdC1jbHVzdA", "-c", "server.properties"]);
        let said = command.current_dir(self.directory.path()).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }

    fn java(&self) -> Vec<String> {
        let logging = concat!(env!("CARGO_MANIFEST_DIR"), "/../host/tests/kafka/log4j2.properties");
        vec![
            "-Xmx512m".to_owned(),
            "-XX:+UseSerialGC".to_owned(),
            // A broker of a test lives for seconds: the second compiler would cost more than it gains.
            "-XX:TieredStopAtLevel=1".to_owned(),
            format!("-Dlog4j2.configurationFile={logging}"),
            "-cp".to_owned(),
            self.libraries.join("*").to_str().unwrap().to_owned(),
        ]
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Two ports that were free a moment ago: the controller's has to be known before the broker runs.
fn free_ports() -> [u16; 2] {
    let bound = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    bound.map(|listener| listener.local_addr().unwrap().port())
}
